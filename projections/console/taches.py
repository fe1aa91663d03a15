"""Long computations of a console: each done once, kept a while, never blocking the others.

A page waits a little for its figures; when they take longer it says how far they are, and the
computation goes on. Two identical questions share one computation.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_SECONDES = 5
ATTENTES_MAX = 16
OCTETS_MAX = 256_000_000
PRESSEE: ContextVar[bool] = ContextVar("pressee", default=False)
"""Whether who asks waits for nothing: a page that only comes to see how far a computation is."""
AU_MOINS = 2
"""Results kept whatever they weigh: a comparison looks at two views."""


class Avancement:
    """How far a computation is: facts read, of how many (0: unknown)."""

    __slots__ = ("fait", "total")

    def __init__(self, total: int = 0) -> None:
        self.fait, self.total = 0, total

    def __call__(self, fait: int) -> None:
        """Say how many facts were read."""
        self.fait = fait

    @property
    def pour_cent(self) -> int:
        """How much of it is done; 0 while it is unknown, 99 at most: its end is the answer."""
        return min(100 * self.fait // self.total, 99) if self.total else 0


class EnAttente(Exception):  # noqa: N818 - not a failure: the answer is being made
    """The answer is not there yet."""

    def __init__(self, avancement: Avancement) -> None:
        super().__init__("calcul en cours")
        self.avancement = avancement


class Occupee(Exception):  # noqa: N818 - a statement of fact
    """Too many computations are under way: this one was not begun."""


def peser(resultat: object) -> int:
    """About how many bytes a result keeps: what it says itself (`octets`), else by its length."""
    octets = getattr(resultat, "octets", None)
    if isinstance(octets, int):
        return octets
    if isinstance(resultat, bytes):
        return len(resultat)
    if isinstance(resultat, array):
        return resultat.itemsize * len(resultat)
    return 500 * len(resultat) if isinstance(resultat, tuple) else 0


class Taches:
    """A memory of computations bounded in number and in bytes, the least recently asked for
    forgotten first."""

    def __init__(
        self,
        *,
        gardees: int,
        ouvriers: int = 2,
        patience: int | None = PATIENCE_SECONDES,
        octets_max: int = OCTETS_MAX,
    ) -> None:
        self._gardees, self._octets_max = gardees, octets_max
        self._patience = patience
        self._verrou = Lock()
        self._taches: OrderedDict[Hashable, tuple[Future[Any], Avancement]] = OrderedDict()
        self._ouvriers = ThreadPoolExecutor(ouvriers, thread_name_prefix="console")

    def obtenir(
        self, cle: Hashable, calcul: Callable[[Avancement], T], *, patience: int | None = None
    ) -> T:
        """The result, computed by a worker if nobody did. `patience`: seconds to wait.

        Raises: EnAttente, Occupee, and whatever the computation raised (then forgotten).
        """
        with self._verrou:
            tache = self._taches.get(cle)
            if tache is None:
                self._oublier()
                avancement = Avancement()
                tache = self._ouvriers.submit(calcul, avancement), avancement
                self._taches[cle] = tache
            self._taches.move_to_end(cle)
        futur, avancement = tache
        try:
            if patience is None:
                patience = 0 if PRESSEE.get() else self._patience
            resultat: T = futur.result(patience)
        except TimeoutError as erreur:
            if futur.done():
                self._jeter(cle, futur)
                raise
            raise EnAttente(avancement) from erreur
        except BaseException:
            self._jeter(cle, futur)
            raise
        return resultat

    def connue(self, cle: Hashable) -> bool:
        """Whether this was asked for, done or not."""
        with self._verrou:
            return cle in self._taches

    def fermer(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._ouvriers.shutdown(wait=True, cancel_futures=True)

    def _jeter(self, cle: Hashable, futur: Future[Any]) -> None:
        with self._verrou:
            if self._taches.get(cle, (None,))[0] is futur:
                del self._taches[cle]

    def _oublier(self) -> None:
        """Make room for one more. Raises: Occupee."""
        finies = {
            cle: peser(futur.result()) if futur.exception() is None else 0
            for cle, (futur, _) in self._taches.items()
            if futur.done() and not futur.cancelled()
        }
        if len(self._taches) - len(finies) >= ATTENTES_MAX:
            raise Occupee
        octets = sum(finies.values())
        for cle, poids in finies.items():
            tenu = len(self._taches) < self._gardees and octets <= self._octets_max
            if tenu or len(self._taches) < AU_MOINS:
                return
            del self._taches[cle]
            octets -= poids
