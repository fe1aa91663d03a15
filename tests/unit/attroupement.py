"""Callers brought to one handle in a known order: the first one commits while the others queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Semaphore, Thread
from typing import Any

from commands import GrandLivre
from ledger import MemoryStore
from ledger.stockage.port import Ecriture
from tests.unit.monde import HorlogeFixe

ATTENTE = 30
"""Seconds after which a test says that somebody hangs, instead of hanging itself."""


class Retenu(MemoryStore):
    """Holds back the write that `retenir` announced; fails those that `pannes` names by rank."""

    def __init__(self) -> None:
        super().__init__()
        self.ecrits: list[list[str]] = []
        """The command ids of each transaction tried."""
        self.pannes: dict[int, BaseException] = {}
        self.apres: dict[int, BaseException] = {}
        """Raised once the transaction is written: the answer is lost."""
        self._retenue: tuple[Event, Event] | None = None

    def retenir(self) -> tuple[Event, Event]:
        """Hold back the next write: (it has come, it may go on)."""
        self._retenue = (Event(), Event())
        return self._retenue

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add, late or never."""
        rang = len(self.ecrits)
        self.ecrits.append([entree.id_commande for e in ecritures for entree in e.ids])
        if self._retenue is not None:
            (venue, suite), self._retenue = self._retenue, None
            venue.set()
            assert suite.wait(ATTENTE)
        if rang in self.pannes:
            raise self.pannes[rang]
        super().ajouter(ecritures)
        if rang in self.apres:
            raise self.apres[rang]


class _File(deque[Any]):
    """A queue that tells each arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivees = Semaphore(0)

    def append(self, place: Any, /) -> None:
        """Arrive, and tell."""
        super().append(place)
        self.arrivees.release()


class Appel(Thread):
    """One caller: what it got, a value or what was raised."""

    def __init__(self, faire: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._faire = faire
        self.obtenu: Any = None

    def run(self) -> None:
        """Call, and keep the answer."""
        try:
            self.obtenu = self._faire()
        except BaseException as erreur:  # interruptions are answers here
            self.obtenu = erreur

    def rendre(self) -> Any:
        """The answer; a caller still there is a failure."""
        self.join(ATTENTE)
        assert not self.is_alive(), "un appelant attend encore"
        return self.obtenu


def livre_retenu() -> tuple[GrandLivre, Retenu]:
    """A ledger in memory whose writes can be held back, and its store."""
    store = Retenu()
    return GrandLivre(store, clock=HorlogeFixe()), store


def attrouper(
    livre: GrandLivre, store: Retenu, premier: Callable[[], Any], *autres: Callable[[], Any]
) -> list[Any]:
    """Make the others queue, in this order, while the first one writes; what each one got."""
    appels = suspendre(livre, store, premier, *autres)
    appels.relacher()
    return [appel.rendre() for appel in appels.tous]


class Suspendus:
    """Callers in place: the first one is about to write."""

    def __init__(self, tous: list[Appel], suite: Event) -> None:
        self.tous = tous
        self.relacher = suite.set


def suspendre(
    livre: GrandLivre, store: Retenu, premier: Callable[[], Any], *autres: Callable[[], Any]
) -> Suspendus:
    """The callers, once the first is about to write and the others are in the queue."""
    file = _File()
    livre._guichet._file = file
    venue, suite = store.retenir()
    appels = [Appel(premier)]
    appels[0].start()
    assert venue.wait(ATTENTE)
    assert file.arrivees.acquire(timeout=ATTENTE)
    for faire in autres:
        appels.append(Appel(faire))
        appels[-1].start()
        assert file.arrivees.acquire(timeout=ATTENTE)
    return Suspendus(appels, suite)
