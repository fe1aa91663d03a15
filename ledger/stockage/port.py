"""The port of the stores: what a journal asks of the place where its lines are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class LigneBrute(NamedTuple):
    """One stored event: position in its stream, topic, canonical bytes."""

    position: int
    topic: str
    octets: bytes


class EntreeIndex(NamedTuple):
    """One accepted command: id, position of its event, digest of its content."""

    id_commande: str
    position: int
    empreinte: str


class Ecriture(NamedTuple):
    """What one transaction adds to one programme: events and command ids, together."""

    programme: str
    lignes: Sequence[LigneBrute]
    ids: Sequence[EntreeIndex]
    tete: str | None = None
    """Hex leaf of the line before: a store that others can put back to an older state checks it."""
    fin: str | None = None
    """Hex leaf of the last line added, when the writer knows it: the `tete` of what comes next."""


class Store(Protocol):
    """A store of streams. Errors: `ledger.erreurs.StoreError`, `VersionConflictError`."""

    def programmes(self) -> tuple[str, ...]:
        """The programmes that have events, sorted."""
        ...

    def taille(self, programme: str) -> int:
        """The last position of a programme; 0 when it has no event."""
        ...

    def lire(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[LigneBrute]:
        """The lines of a programme with `apres < position <= jusqua`, in order, as stored."""
        ...

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The same lines, by pages of plain tuples: what bulk replay reads."""
        ...

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Which of these command ids were accepted, and where."""
        ...

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        """The whole index of command ids, by programme and id (for the audit)."""
        ...

    def taille_index(self, programme: str) -> int:
        """How many command ids of a programme the index holds."""
        ...

    def reindexer(self, programme: str, entrees: Iterable[EntreeIndex]) -> None:
        """Give the index of a programme the entries it lacks, in one transaction."""
        ...

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add events and ids in one durable transaction: all or nothing.

        Raises: VersionConflictError when a position or an id is already taken,
        StoreReplacedError when the store no longer is what the writer read.
        """
        ...

    def controler(self) -> list[str]:
        """What the store's own integrity checks report; empty when sound."""
        ...

    def fermer(self) -> None:
        """Close; the store is not used any more."""
        ...


class Partage(NamedTuple):
    """How other processes read the same base as a store does."""

    ouvrir: Callable[[], Store]
    """Opens it read-only, or fails (`StoreError`) if it is not there any more. Can be pickled."""
    controle_long: bool
    """Whether `controler` takes long enough to be done beside the reading."""


@runtime_checkable
class StorePartageable(Protocol):
    """A store whose base other processes may read at the same time."""

    def partager(self) -> Partage:
        """How. Raises: StoreError."""
        ...


class Guet(Protocol):
    """What waits for something new in a store: `ledger.flux.suivre` calls it."""

    def __call__(self) -> bool:
        """Return, true, when it is worth looking again."""
        ...

    def fermer(self) -> None:
        """Stop."""
        ...


@runtime_checkable
class StoreAvise(Protocol):
    """A store that is told of what other processes write, hence need not be asked all the time."""

    def guetter(self, secondes: float, programme: str | None = None) -> Guet:
        """What waits for a notice, of one programme or of any, `secondes` at most (a notice may be
        lost)."""
        ...
