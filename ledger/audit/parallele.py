"""Other processes read and check lines while this one replays the rules.

A worker opens the base by itself, read-only, and sends pages that are right in themselves, with
their leaves: the very lines that the replay then works on. A page with anything wrong is not sent:
the caller reads it again and says what is wrong, as it does alone. Findings are thus the same.

Processes are spawned, never forked: safe in a host that has threads.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import current_process, get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct, msgpack

from ..erreurs import LedgerError, StoreError
from ..preuve.ligne import Lineur
from ..stockage.port import Store
from ..stockage.sqlite import SQLiteStore
from .index import index_exact
from .lignes import Ligne, lire_nette


class Tuyau(Protocol):
    """One end of a pipe: its class depends on the system."""

    def fileno(self) -> int: ...  # noqa: D102
    def recv_bytes(self) -> bytes: ...  # noqa: D102
    def send_bytes(self, buf: bytes, /) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


_TUYAU_OCTETS = 1 << 20
PLAGE = 4_000
"""Positions given to one worker at a time."""


class Morceau(Struct, frozen=True, array_like=True, gc=False):
    """Lines right in themselves and exactly indexed, their leaves, their first and last instants.

    Without a line: the rest of the range is for the caller to read.
    """

    lignes: list[Ligne] = []
    feuilles: bytes = b""
    precedent: str | None = None
    premier: str = ""
    dernier: str = ""


def fichier_partage(store: Store, programme: str) -> Path | None:
    """The file that workers may read in our place, or None: then one process does it all.

    None too when the counts already differ: a damaged base is read by one process.
    """
    if not isinstance(store, SQLiteStore) or current_process().daemon:
        return None
    taille = store.taille(programme)
    return store.fichier if store.taille_index(programme) == taille > PLAGE else None


class Ouvriers:
    """Processes that check the first `taille` lines of a programme, by ranges, in turn."""

    def __init__(self, fichier: Path, programme: str, *, taille: int, nombre: int) -> None:
        self._plages = [(d, min(d + PLAGE, taille)) for d in range(0, taille, PLAGE)]
        self._nombre = min(nombre, len(self._plages))
        contexte = get_context("spawn")
        self._processus: list[SpawnProcess] = []
        self._tuyaux: list[Tuyau] = []
        for rang in range(self._nombre):
            lecture, ecriture = contexte.Pipe(duplex=False)
            _agrandir(lecture)
            plages = self._plages[rang :: self._nombre]
            processus = contexte.Process(
                target=_travailler,
                args=(str(fichier.absolute()), programme, plages, ecriture),
                daemon=True,
            )
            processus.start()
            ecriture.close()  # ours: the worker's death then ends the pipe
            self._processus.append(processus)
            self._tuyaux.append(lecture)

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

    def plages(self) -> Iterator[tuple[int, Iterator[Morceau]]]:
        """Each range in order: its last position, and its pages. Read each to its end.

        Raises: StoreError when a worker stopped.
        """
        for rang, (debut, fin) in enumerate(self._plages):
            yield fin, self._morceaux(rang % self._nombre, debut, fin)

    def _morceaux(self, rang: int, debut: int, fin: int) -> Iterator[Morceau]:
        while debut < fin:
            try:
                octets = self._tuyaux[rang].recv_bytes()
            except (EOFError, OSError) as erreur:
                self._processus[rang].join()
                code = self._processus[rang].exitcode
                raise StoreError(
                    f"Un processus de vérification s'est arrêté (code {code}).",
                    remede="Relancer la vérification sur un seul cœur.",
                ) from erreur
            morceau = _lire_morceau(octets)
            if not morceau.lignes:
                return
            yield morceau
            debut = morceau.lignes[-1][0]


def _agrandir(tuyau: Tuyau) -> None:
    """Room for a few pages, so that neither side waits for the other at each one."""
    if sys.platform == "linux":
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - Linux alone has it

        with suppress(OSError):  # the administrator's limit: slower, no more
            fcntl(tuyau.fileno(), F_SETPIPE_SZ, _TUYAU_OCTETS)


_lire_morceau = msgpack.Decoder(Morceau).decode
_ecrire_morceau = msgpack.Encoder().encode


def _travailler(fichier: str, programme: str, plages: list[tuple[int, int]], tuyau: Tuyau) -> None:
    """What a worker does, from its first range to its last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends us
    try:
        store = SQLiteStore(fichier, ecriture=False)
        for debut, fin in plages:
            for morceau in _examiner(store, programme, debut, fin):
                tuyau.send_bytes(_ecrire_morceau(morceau))
        store.fermer()
    except (LedgerError, OSError):
        sys.exit(1)  # the caller says it: no trace on its terminal


def _examiner(store: Store, programme: str, debut: int, fin: int) -> Iterator[Morceau]:
    lineur = Lineur(programme)
    for page in store.pages(programme, apres=debut, jusqua=fin):
        nette = lire_nette(lineur, page, debut + 1)
        if nette is None or not index_exact(store, programme, nette.entrees(debut + 1)):
            break
        debut += len(page)
        faits = nette.faits
        yield Morceau(
            page,
            b"".join(nette.feuilles),
            faits[0].precedent,
            faits[0].enregistre_le,
            faits[-1].enregistre_le,
        )
    if debut < fin:
        yield Morceau()
