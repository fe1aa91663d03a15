"""Other processes read and check lines while this one replays the rules.

A worker sends pages that are right in themselves, with their leaves: the very lines that the replay
then works on. A page with anything wrong is not sent: the caller reads it again and says what is
wrong, as it does alone. Findings are thus the same. So it does with the part of a worker that died.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from msgspec import Struct, msgpack

from .. import equipe
from ..preuve.ligne import Lineur
from ..preuve.page import Ligne
from ..stockage.port import Partage, Store
from .index import index_exact
from .lignes import entrees, lire_nette

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


def partage(store: Store, programme: str) -> Partage | None:
    """How workers may read in our place, or None: then one process does it all.

    None too when the counts already differ: a damaged base is read by one process.
    """
    taille = store.taille(programme)
    partageable = store.taille_index(programme) == taille > PLAGE
    return equipe.partage(store) if partageable else None


class Ouvriers:
    """Processes that check the first `taille` lines of a programme, by ranges, in turn."""

    def __init__(
        self, ouvrir: Callable[[], Store], programme: str, *, taille: int, nombre: int
    ) -> None:
        self._plages = [(d, min(d + PLAGE, taille)) for d in range(0, taille, PLAGE)]
        self._nombre = min(nombre, len(self._plages))
        self._equipe = equipe.Equipe(
            ouvrir,
            _travailler,
            [(programme, self._plages[rang :: self._nombre]) for rang in range(self._nombre)],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        genre: type[BaseException] | None,
        erreur: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._equipe.__exit__(genre, erreur, trace)

    def plages(self) -> Iterator[tuple[int, Iterator[Morceau]]]:
        """Each range in order: its last position, and its pages, as far as they go. Read each to
        its end."""
        for rang, (debut, fin) in enumerate(self._plages):
            yield fin, self._morceaux(rang % self._nombre, debut, fin)

    def _morceaux(self, rang: int, debut: int, fin: int) -> Iterator[Morceau]:
        while debut < fin:
            octets = self._equipe.recevoir(rang)
            if octets is None:
                return  # it died, or never opened the base: what it was to read is read here
            morceau = _lire_morceau(octets)
            if not morceau.lignes:
                return
            yield morceau
            debut = morceau.lignes[-1][0]


_lire_morceau = msgpack.Decoder(Morceau).decode
_ecrire_morceau = msgpack.Encoder().encode


def _travailler(store: Store, programme: str, plages: list[tuple[int, int]]) -> Iterator[bytes]:
    """What a worker does, from its first range to its last."""
    for debut, fin in plages:
        for morceau in _examiner(store, programme, debut, fin):
            yield _ecrire_morceau(morceau)


def _examiner(store: Store, programme: str, debut: int, fin: int) -> Iterator[Morceau]:
    lineur = Lineur(programme)
    for page in store.pages(programme, apres=debut, jusqua=fin):
        nette = lire_nette(lineur, page, debut + 1)
        if nette is None or not index_exact(store, programme, entrees(nette)):
            break
        debut += len(page)
        faits = nette.faits
        yield Morceau(
            page,
            nette.feuilles,
            faits[0].precedent,
            faits[0].enregistre_le,
            faits[-1].enregistre_le,
        )
    if debut < fin:
        yield Morceau()
