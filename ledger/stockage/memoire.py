"""A store in memory: tests, dry runs, simulations (a fork never writes its origin)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from ..erreurs import VersionConflictError
from .port import Ecriture, EntreeIndex, LigneBrute, Store
from .usage import Usage, refuser_de_voyager


class MemoryStore:
    """Streams in memory, on top of an optional `origine` that is read and never written.

    `jusqua` forks a programme from a past position: what the origin holds after it is not seen.
    """

    def __init__(
        self, origine: Store | None = None, *, jusqua: Mapping[str, int] | None = None
    ) -> None:
        self._origine = origine
        self._lignes: dict[str, list[LigneBrute]] = {}
        self._index: dict[str, dict[str, EntreeIndex]] = {}
        self._bases: dict[str, int] = (
            {} if origine is None else {p: origine.taille(p) for p in origine.programmes()}
        )
        for programme, position in (jusqua or {}).items():
            self._bases[programme] = min(max(position, 0), self._base(programme))
        self._usage = Usage("La base en mémoire")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuser_de_voyager(self)

    def programmes(self) -> tuple[str, ...]:
        """The programmes that have events, sorted."""
        self._usage.exiger()
        bases = (p for p, taille in self._bases.items() if taille)
        return tuple(sorted({*bases, *(p for p, lignes in self._lignes.items() if lignes)}))

    def taille(self, programme: str) -> int:
        """The last position of a programme."""
        self._usage.exiger()
        return self._base(programme) + len(self._lignes.get(programme, ()))

    def lire(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[LigneBrute]:
        """The lines of a programme: those of the origin as it was at the fork, then ours."""
        self._usage.exiger()
        base = self._base(programme)
        if self._origine is not None and apres < base:
            fin = base if jusqua is None else min(base, jusqua)
            yield from self._origine.lire(programme, apres=apres, jusqua=fin)
        for ligne in self._lignes.get(programme, [])[max(apres - base, 0) :]:
            if jusqua is not None and ligne.position > jusqua:
                return
            yield ligne

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The same lines, in one page."""
        page: list[tuple[int, str, bytes]] = [*self.lire(programme, apres=apres, jusqua=jusqua)]
        if page:
            yield page

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Which of these command ids were accepted, and where."""
        self._usage.exiger()
        demandes = tuple(ids)
        connus = self._index.get(programme, {})
        trouves = {i: connus[i] for i in demandes if i in connus}
        if self._origine is not None:
            base = self._base(programme)
            origine = self._origine.retrouver(programme, demandes)
            trouves.update({i: e for i, e in origine.items() if e.position <= base})
        return trouves

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        """The index of command ids, by programme and id."""
        self._usage.exiger()
        if self._origine is not None:
            for programme, entree in self._origine.index():
                if entree.position <= self._base(programme):
                    yield programme, entree
        for programme in sorted(self._index):
            for entree in sorted(self._index[programme].values()):
                yield programme, entree

    def taille_index(self, programme: str) -> int:
        """How many command ids of a programme the index holds."""
        return sum(1 for p, _ in self.index() if p == programme)

    def reindexer(self, programme: str, entrees: Iterable[EntreeIndex]) -> None:
        """Give our part of the index the entries it lacks (the origin's is its own)."""
        self._usage.exiger()
        index = self._index.setdefault(programme, {})
        for entree in entrees:
            if entree.position > self._base(programme):
                index.setdefault(entree.id_commande, entree)

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add events and ids: all or nothing."""
        self._usage.exiger()
        suivantes: dict[str, int] = {}
        pris: set[tuple[str, str]] = set()
        for e in ecritures:
            attendue = suivantes.get(e.programme) or self.taille(e.programme) + 1
            ids = [(e.programme, i.id_commande) for i in e.ids]
            connus = self.retrouver(e.programme, (i for _, i in ids))
            doubles = len({*ids}) < len(ids) or not pris.isdisjoint(ids)
            suite = range(attendue, attendue + len(e.lignes))
            if connus or doubles or [li.position for li in e.lignes] != [*suite]:
                raise VersionConflictError(f"La position {attendue} de {e.programme} est prise.")
            suivantes[e.programme] = suite.stop
            pris.update(ids)
        for e in ecritures:
            self._lignes.setdefault(e.programme, []).extend(e.lignes)
            self._index.setdefault(e.programme, {}).update({i.id_commande: i for i in e.ids})

    def controler(self) -> list[str]:
        """Nothing to check in memory."""
        self._usage.exiger()
        return []

    def fermer(self) -> None:
        """Refuse any further use; the origin stays open."""
        self._usage.fermer()

    def _base(self, programme: str) -> int:
        """Size of the origin's stream when the fork was made."""
        return self._bases.get(programme, 0)
