"""Le guichet, interrompu à n'importe quelle ligne : personne n'attend pour toujours."""

from __future__ import annotations

import gc
import linecache
import sys
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Semaphore, current_thread
from types import FrameType
from typing import Any

import pytest

from commands import guichet
from commands.guichet import Guichet, Place
from ledger.erreurs import StoreError
from tests.unit.attroupement import ATTENTE, Appel

FICHIER = guichet.__file__


class _Interruption:
    """A trace function that raises KeyboardInterrupt at the nth line run in the module.

    The line of a `with` is seen again when its block ends: skipped, for the interpreter looks at
    signals after `__exit__`, not between the block and it.
    """

    def __init__(self, rang: int) -> None:
        self.reste = rang
        self.vues: set[tuple[int, int]] = set()

    def __call__(self, cadre: FrameType, evenement: str, _: Any) -> Any:
        """Follow the frames of the module, and interrupt one."""
        if cadre.f_code.co_filename != FICHIER:
            return None
        if evenement == "line" and self.reste:
            vue = (id(cadre), cadre.f_lineno)
            deja = vue in self.vues
            self.vues.add(vue)
            if not (
                deja and linecache.getline(FICHIER, cadre.f_lineno).lstrip().startswith("with")
            ):
                self.reste -= 1
                if not self.reste:
                    raise KeyboardInterrupt
        return self


class _Scene:
    """One caller served while two others queue; one of the three is interrupted."""

    def __init__(self, interrompu: int, rang: int) -> None:
        self.places = [Place(1, seule=False) for _ in range(3)]
        self.servies: list[Place] = []
        self.interruption = _Interruption(rang)
        self._interrompu = interrompu
        self._premier_en_place, self._suite = Event(), Event()
        self._arrivees = Semaphore(0)
        self.guichet: Guichet[Place] = Guichet(self._servir)
        scene = self

        class File(deque[Any]):
            """Tells the arrivals after the first one."""

            def append(self, place: Any, /) -> None:
                """Arrive."""
                super().append(place)
                if place is not scene.places[0]:
                    scene._arrivees.release()

        self.guichet._file = File()
        self.appels = [Appel(lambda n=n: self._passer(n)) for n in range(3)]  # type: ignore[misc]

    def _servir(self, groupe: Sequence[Place]) -> None:
        if current_thread() is self.appels[0]:
            self._premier_en_place.set()
            assert self._suite.wait(ATTENTE)
        for place in groupe:
            self.servies.append(place)
            place.finir()

    def _passer(self, numero: int) -> str:
        if numero == self._interrompu:
            sys.settrace(self.interruption)
        try:
            self.guichet.passer(self.places[numero])
        finally:
            sys.settrace(None)
            if numero == 0:
                self._premier_en_place.set()
        return "servie"

    def jouer(self) -> list[Any]:
        """What each caller got."""
        self.appels[0].start()
        assert self._premier_en_place.wait(ATTENTE)
        for appel in self.appels[1:]:
            appel.start()
            if appel is not self.appels[self._interrompu]:
                assert self._arrivees.acquire(timeout=ATTENTE)
        self._suite.set()
        return [appel.rendre() for appel in self.appels]


@pytest.mark.parametrize("interrompu", [0, 1, 2])
def test_une_interruption_a_n_importe_quelle_ligne_ne_bloque_personne(interrompu: int) -> None:
    """À chaque ligne du guichet où Ctrl-C peut tomber, les autres sont servis, et les suivants."""
    rang = 0
    while True:
        rang += 1
        scene = _Scene(interrompu, rang)
        reponses = scene.jouer()
        for numero in {0, 1, 2} - {interrompu}:
            assert (rang, reponses[numero]) == (rang, "servie")
            assert scene.places[numero] in scene.servies
        suivante = Place(1, seule=False)
        scene.guichet.passer(suivante)
        assert (rang, suivante.finie) == (rang, True)
        assert (list(scene.guichet._file), scene.guichet._servie, scene.guichet._fil) == (
            [],
            None,
            0,
        )
        if scene.interruption.reste:
            break  # the caller left before that line
        assert isinstance(reponses[interrompu], KeyboardInterrupt)
    assert rang > 20


def test_une_faute_de_qui_sert_est_levee_chez_chacun() -> None:
    """Ce que lève le service est levé chez chaque appelant qu'il n'a pas servi."""

    def servir(groupe: Sequence[Place]) -> None:
        raise ValueError("faute", 3)

    place = Place(1, seule=False)
    with pytest.raises(ValueError, match="faute"):
        Guichet(servir).passer(place)
    assert place.finie


def test_la_copie_d_une_erreur_dit_la_meme_chose() -> None:
    """L'erreur donnée à un autre appelant : même classe, même texte, et la première en cause."""
    premiere = OSError(28, "plein")
    copie = guichet._la_meme(premiere)
    assert (type(copie), str(copie), copie.args) == (OSError, str(premiere), premiere.args)
    assert copie.__cause__ is premiere


def test_une_erreur_rendue_ne_retient_rien() -> None:
    """L'erreur rendue à l'appelant ne garde pas en vie, par un cycle, ce que le service tenait."""

    class Curseur:
        """Stands for a cursor, which keeps the base locked as long as it lives."""

    vus: list[weakref.ref[Curseur]] = []

    def servir(_: Sequence[Place]) -> None:
        curseur = Curseur()
        vus.append(weakref.ref(curseur))
        raise StoreError("panne", remede=f"{curseur}")

    comptoir: Guichet[Place] = Guichet(servir)
    gc.collect()
    gc.disable()
    try:
        with suppress(StoreError):
            comptoir.passer(Place(1, seule=False))
        assert vus[0]() is None
    finally:
        gc.enable()
