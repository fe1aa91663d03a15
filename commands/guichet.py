"""Group commit: callers of one handle queue at a counter; who is served takes along who waits.

While one thread commits, the others queue. The next one to be served does the work of the whole
queue at once, in order of arrival, and gives each its own answer: one disk sync for all of them. A
lone caller waits for nobody and pays for nothing.

A caller that is interrupted (Ctrl-C, a timeout raised in its thread) leaves the counter: what it
was doing for others is done again by one of them. Nobody is left waiting.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from threading import Lock, get_ident
from typing import Generic, TypeVar

from ledger.erreurs import UsageError

GROUPE_MAX = 256
"""Commands that one shared transaction decides at most."""


class Place:
    """One caller in the queue. Done by whoever serves: `finir`, or `echouer`.

    `poids` is how many commands it brings; `seule`: it never shares a transaction.
    """

    __slots__ = ("erreur", "finie", "inscrite", "poids", "reveil", "seule")

    def __init__(self, poids: int, *, seule: bool) -> None:
        self.poids = poids
        self.seule = seule
        self.inscrite = False
        self.finie = False
        self.erreur: Exception | None = None
        self.reveil: Lock | None = None

    def finir(self) -> None:
        """The answer is there: its caller may leave."""
        self.finie = True  # before the look at `reveil`: see `Guichet._attendre`
        self.reveiller()

    def echouer(self, erreur: Exception) -> None:
        """The answer is an error."""
        self.erreur = erreur
        self.finir()

    def reveiller(self) -> None:
        """Make the caller look again; harmless when it does not sleep."""
        if self.reveil is not None:
            with suppress(RuntimeError):  # already told
                self.reveil.release()


P = TypeVar("P", bound=Place)


class Guichet(Generic[P]):
    """The queue of one handle. `servir` gets the places of one transaction and ends each of them.

    An exception that `servir` raises is the answer of every place that it did not end.
    """

    def __init__(self, servir: Callable[[Sequence[P]], None], *, maximum: int = GROUPE_MAX) -> None:
        self._servir = servir
        self._maximum = maximum
        self._mutex = Lock()  # of the two below; never held while serving
        self._file: deque[P] = deque()  # whoever is being served is still at its head
        self._servie: P | None = None
        self._fil = 0  # the thread that serves
        self._compagnie = 1  # places of the last transaction

    def passer(self, place: P) -> None:
        """Queue, be served (or serve), and leave with the answer in the place.

        Raises: what `servir` raised for this place; UsageError from within `servir`.
        """
        if self._fil == get_ident():
            raise UsageError(
                "Le grand livre est rappelé par sa propre opération (horloge, gestionnaire de "
                "signal).",
                remede="Attendre la fin de l'opération en cours.",
            )
        groupe: Sequence[P] = ()
        try:
            while not place.finie:
                groupe = self._entrer(place)
                if groupe:
                    self._mener(place, groupe)
                    self._sortir()
                else:
                    self._attendre(place)
        except BaseException:
            try:
                self._abandonner(place, groupe)
            except BaseException:  # interrupted twice: leaving is done whatever happens
                self._abandonner(place, groupe)
                raise
            raise
        erreur, place.erreur = place.erreur, None
        if erreur is not None:
            try:
                raise erreur
            finally:
                # no cycle through this frame: a cursor kept by a traceback keeps the base locked
                del erreur

    def _entrer(self, place: P) -> Sequence[P]:
        """The places to serve, when nobody is serving; else none."""
        with self._mutex:
            if not place.inscrite:
                self._file.append(place)
                place.inscrite = True
            if self._servie is not None:
                if place.reveil is None:
                    place.reveil = Lock()
                    place.reveil.acquire()
                return ()
            self._servie = place
            self._fil = get_ident()
        if self._compagnie > 1:
            self._laisser_revenir()
        with self._mutex:
            groupe = self._groupe()
            self._compagnie = len(groupe)
            return groupe

    def _laisser_revenir(self) -> None:
        """Give way to the callers just answered, as long as each time brings one back.

        Without it they come back during the next commit: one transaction out of two is for one.
        """
        venus = 0
        while venus < len(self._file) < self._compagnie:
            venus = len(self._file)
            time.sleep(0)

    def _groupe(self) -> Sequence[P]:
        """The head of the queue, and those behind it that may share its transaction."""
        tete = self._file[0]
        groupe, poids = [tete], tete.poids
        if tete.seule or len(self._file) == 1:
            return groupe
        for place in islice(self._file, 1, None):
            poids += place.poids
            if place.seule or poids > self._maximum:
                break
            groupe.append(place)
        return groupe

    def _mener(self, place: P, groupe: Sequence[P]) -> None:
        try:
            self._servir(groupe)
        except Exception as erreur:  # the answer, given to each caller
            for autre in groupe:
                if not autre.finie:
                    autre.echouer(erreur if autre is place else _la_meme(erreur))

    def _sortir(self) -> None:
        with self._mutex:
            while self._file and self._file[0].finie:
                self._file.popleft()
            self._fil = 0
            self._servie = None
            suivante = self._file[0] if self._file else None
        if suivante is not None:
            suivante.reveiller()

    def _attendre(self, place: P) -> None:
        # `reveil` was set before this look at `finie`, and `finir` does the reverse: one of the
        # two sees the other
        if not place.finie and place.reveil is not None:
            place.reveil.acquire()

    def _abandonner(self, place: P, groupe: Sequence[P]) -> None:
        """Leave, whatever was going on: the others look again, and one of them serves."""
        with self._mutex:
            if self._servie is place:
                self._fil = 0
                self._servie = None
            for partie in [p for p in self._file if p.finie or p is place]:
                self._file.remove(partie)
            restants = [*groupe, *self._file]
        for autre in restants:
            autre.reveiller()


def _la_meme(erreur: Exception) -> Exception:
    """The same error for another thread: its own traceback, and the first one as its cause."""
    autre = type(erreur).__new__(type(erreur), *erreur.args)
    autre.__dict__.update(erreur.__dict__)
    autre.__cause__ = erreur
    return autre
