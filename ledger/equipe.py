"""Processes that share a long reading with this one: spawned, each with a pipe to answer by.

Never forked: safe in a host that has threads. A worker opens the base by itself, read-only; what it
sends is taken by the caller only where it follows what the caller has read, and a worker that finds
anything wrong sends nothing: the caller reads there again, and says what is wrong as it does alone.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from multiprocessing import current_process, get_context
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Protocol, Self

from .erreurs import LedgerError, StoreError
from .stockage.port import Partage, Store, StorePartageable

_journal = logging.getLogger(__name__)
_journal.addHandler(logging.NullHandler())

_TUYAU_OCTETS = 1 << 20
_PATIENCE_SECONDES = 15
"""How long a worker may take to open the base: behind a pooler, it may wait for a place that only
its caller's end would free."""
_OUVERTE = b"ouverte"

Travail = Callable[..., Iterable[bytes]]
"""What a worker does: a function of a module, given an open store, then the arguments."""


class Tuyau(Protocol):
    """One end of a pipe: its class depends on the system."""

    def fileno(self) -> int: ...  # noqa: D102
    def poll(self, timeout: float, /) -> bool: ...  # noqa: D102
    def recv_bytes(self) -> bytes: ...  # noqa: D102
    def send_bytes(self, buf: bytes, /) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


def partage(store: Store) -> Partage | None:
    """How workers may read in our place, or None: then one process does it all."""
    if current_process().daemon or not isinstance(store, StorePartageable):
        return None
    try:
        return store.partager()
    except StoreError:
        return None  # if it lasts, the reading says it


class Equipe:
    """One process for each list of arguments, doing the same work on the same base.

    A process that the system refuses to start, or that cannot open the base, is as one that died:
    `recevoir` gives None, and the log says it once (`ouvrier_perdu`). How to open the base goes
    through a pipe: nobody sees a secret of its address.
    """

    def __init__(
        self, ouvrir: Callable[[], Store], travail: Travail, lots: Sequence[tuple[Any, ...]]
    ) -> None:
        contexte = get_context("spawn")
        self._processus: list[SpawnProcess] = []
        self._tuyaux: list[Tuyau] = []
        self._ouvertures: set[int] = set()
        self._perdus: set[int] = set()
        self._patience: float = _PATIENCE_SECONDES
        for arguments in lots:
            try:
                lecture, ecriture = contexte.Pipe(duplex=False)
            except OSError:
                return  # no descriptor left: neither for the others
            self._tuyaux.append(lecture)
            _agrandir(lecture)
            processus = contexte.Process(
                target=_travailler,
                args=(ouvrir, travail, arguments, ecriture),
                daemon=True,
            )
            try:
                processus.start()
            except OSError:
                return
            finally:
                ecriture.close()  # ours: the worker's death then ends the pipe
            self._processus.append(processus)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        genre: type[BaseException] | None,
        erreur: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for tuyau in self._tuyaux:
            tuyau.close()
        for processus in self._processus:
            processus.terminate()
            processus.join()

    def recevoir(self, rang: int) -> bytes | None:
        """The next answer of a worker; None when it is gone: the caller does its part."""
        if rang >= len(self._processus):
            self._perdre(rang, None)
            return None
        try:
            if rang not in self._ouvertures:
                self._attendre(rang)
            return self._tuyaux[rang].recv_bytes()
        except (EOFError, OSError):
            self._processus[rang].join()
            self._perdre(rang, self._processus[rang].exitcode)
            return None

    def _perdre(self, rang: int, sortie: int | None) -> None:
        """Log that a worker is gone, once; `sortie` None: the system did not start it."""
        if rang not in self._perdus:
            self._perdus.add(rang)
            _journal.warning("ouvrier_perdu", extra={"rang": rang, "sortie": sortie})

    def _attendre(self, rang: int) -> None:
        """Wait for a worker to have opened the base; one that is too late is ended."""
        if not self._tuyaux[rang].poll(self._patience):
            self._patience = 0  # the others had as long
            self._processus[rang].terminate()
        self._tuyaux[rang].recv_bytes()
        self._ouvertures.add(rang)


def _agrandir(tuyau: Tuyau) -> None:
    """Room for a few pages, so that neither side waits for the other at each one."""
    if sys.platform == "linux":
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - Linux alone has it

        with suppress(OSError):  # the administrator's limit: slower, no more
            fcntl(tuyau.fileno(), F_SETPIPE_SZ, _TUYAU_OCTETS)


def _travailler(
    ouvrir: Callable[[], Store], travail: Travail, arguments: tuple[Any, ...], tuyau: Tuyau
) -> None:
    """What a worker does, from its first answer to its last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends us
    gc.disable()  # a process of ours, whose work makes no cycle: see `collecte`
    try:
        store = ouvrir()
        tuyau.send_bytes(_OUVERTE)
        for octets in travail(store, *arguments):
            tuyau.send_bytes(octets)
        store.fermer()
    except (LedgerError, OSError):
        sys.exit(1)  # the caller logs it: no trace on its terminal
