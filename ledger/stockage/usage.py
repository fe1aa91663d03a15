"""Who may use what was opened: the process that opened it, until it is closed.

SQLite forbids carrying a connection across a fork: used, or merely closed, in the child, it can
undo the parent's work. Here the child gets an error before SQLite or any lock is touched, and the
connections it inherited are never closed in it, not even when it exits.
"""

from __future__ import annotations

import ctypes
import os
from threading import Condition, Lock, get_ident
from types import TracebackType
from typing import NoReturn
from weakref import WeakSet

from ..erreurs import StoreClosedError, StoreForkedError, UsageError
from ..preuve import merkle


class _Processus:
    """This process: its id is read once, and again in each child (a system call costs 0.3 µs)."""

    pid = os.getpid()


_PROCESSUS = _Processus()


class Usage:
    """The right to use one open thing, `nom` in sentences: `with usage:` around each operation."""

    __slots__ = ("_fermee", "_libre", "_nom", "_pid", "_presents", "_verrou")

    def __init__(self, nom: str) -> None:
        self._nom = nom
        self._pid = _PROCESSUS.pid
        self._fermee = False
        self._verrou = Lock()
        self._libre = Condition(self._verrou)
        self._presents: dict[int, int] = {}  # thread -> operations under way in it

    @property
    def etrangere(self) -> bool:
        """Whether this process is not the one that opened it."""
        return _PROCESSUS.pid != self._pid

    @property
    def fermee(self) -> bool:
        """Whether it was closed."""
        return self._fermee

    def exiger(self) -> None:
        """Raises: StoreForkedError, then StoreClosedError. Takes no lock."""
        if _PROCESSUS.pid != self._pid:
            raise StoreForkedError(
                f"{self._nom} a été ouverte par le processus {self._pid} et ne sert pas dans un "
                f"autre (ici {_PROCESSUS.pid}).",
                remede="En ouvrir une dans chaque processus, après sa création.",
            )
        if self._fermee:
            raise StoreClosedError(f"{self._nom} est fermée.", remede="La rouvrir.")

    def __enter__(self) -> None:
        self.exiger()
        fil = get_ident()
        with self._verrou:
            if self._fermee:  # meanwhile
                self.exiger()
            self._presents[fil] = self._presents.get(fil, 0) + 1

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        fil = get_ident()
        with self._verrou:
            self._presents[fil] -= 1
            if not self._presents[fil]:
                del self._presents[fil]
                if self._fermee:
                    self._libre.notify_all()

    def fermer(self) -> bool:
        """Refuse new operations and wait for those of other threads. Whether it closes only now.

        In another process: false, and nothing is waited for.
        """
        if self.etrangere:
            return False
        fil = get_ident()
        with self._verrou:
            if fil in self._presents:
                raise UsageError(
                    f"{self._nom} ne se ferme pas depuis sa propre opération.",
                    remede="Fermer après la fin de l'opération en cours.",
                )
            a_fermer, self._fermee = not self._fermee, True
            self._libre.wait_for(lambda: not self._presents)
        return a_fermer


def refuser_de_voyager(objet: object) -> NoReturn:
    """What `__reduce_ex__` of an open thing answers to pickle and copy.

    Raises: TypeError, as for any object that cannot be pickled.
    """
    raise TypeError(
        f"{type(objet).__name__} ne se copie pas et ne passe pas d'un processus à l'autre : "
        "en ouvrir un dans chaque processus."
    )


_HERITEES: WeakSet[object] = WeakSet()
"""Connections to keep open for ever in a child process."""


def garder_apres_fork(connexion: object) -> None:
    """Never close this connection in a child process."""
    _HERITEES.add(connexion)


def _dans_l_enfant() -> None:
    _PROCESSUS.pid = os.getpid()
    for connexion in list(_HERITEES):
        # one reference more, that nobody gives back: its destructor would call sqlite3_close
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connexion))
    _HERITEES.clear()
    merkle.apres_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_dans_l_enfant)
