"""Long computations of a console: each done once, kept a while, never blocking the others.

A page waits a little for its figures; when they take longer it says how far they are, and the
computation goes on. Two identical questions share one computation.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_SECONDES = 5
ATTENTES_MAX = 16


class Avancement:
    """How far a computation is: facts read, of how many (0: unknown)."""

    __slots__ = ("fait", "total")

    def __init__(self, total: int = 0) -> None:
        self.fait, self.total = 0, total

    def __call__(self, fait: int) -> None:
        """Say how many facts were read."""
        self.fait = fait


class EnAttente(Exception):  # noqa: N818 - not a failure: the answer is being made
    """The answer is not there yet."""

    def __init__(self, avancement: Avancement) -> None:
        super().__init__("calcul en cours")
        self.avancement = avancement


class Occupee(Exception):  # noqa: N818 - a statement of fact
    """Too many computations are under way: this one was not begun."""


class Taches:
    """A bounded memory of computations, the least recently asked for forgotten first."""

    def __init__(
        self, *, gardees: int, ouvriers: int = 2, patience: int | None = PATIENCE_SECONDES
    ) -> None:
        self._gardees = gardees
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
            resultat: T = futur.result(self._patience if patience is None else patience)
        except TimeoutError as erreur:
            if futur.done():
                self._jeter(cle, futur)
                raise
            raise EnAttente(avancement) from erreur
        except BaseException:
            self._jeter(cle, futur)
            raise
        return resultat

    def borner(self, gardees: int) -> None:
        """Keep at most that many from now on."""
        self._gardees = gardees

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
        en_cours = sum(not futur.done() for futur, _ in self._taches.values())
        if en_cours >= ATTENTES_MAX:
            raise Occupee
        for cle in [c for c, (futur, _) in self._taches.items() if futur.done()]:
            if len(self._taches) < self._gardees:
                return
            del self._taches[cle]
