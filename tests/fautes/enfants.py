"""Processes made to be killed, forked from a preloaded server so that a thousand take minutes.

A child does one job and sends each receipt as it gets it. It is killed (SIGKILL) by its parent, or
by itself at the k-th call to SQLite: nothing of it is then closed, flushed or rolled back.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from ledger import SQLiteStore
from ledger.testing.horloge import HorlogeDonnee
from ledger.testing.valeurs import Json
from projections.lecture import Lecture

from .commun import figee
from .mine import GENRES, Mine, posee

ATTENTE_SECONDES = 60
_CONTEXTE = multiprocessing.get_context("forkserver")
_CONTEXTE.set_forkserver_preload(["tests.fautes.enfants"])

Ligne = dict[str, Any]
"""The JSON of a receipt."""


def _mourir() -> BaseException:
    os.kill(os.getpid(), signal.SIGKILL)
    return SystemExit(1)


def ecrire(
    envoi: Connection, base: str, commandes: Sequence[Json], lot: int, secondes: Sequence[int]
) -> None:
    """Execute the commands, by batches of `lot`; a receipt is sent once it is given."""
    horloge = HorlogeDonnee(secondes) if secondes else figee()
    with GrandLivre.ouvrir(base, creer=True, clock=horloge) as livre:
        for debut in range(0, len(commandes), lot):
            for recu in livre.executer_lot(commandes[debut : debut + lot]):
                envoi.send(recu.en_json())


def refaire_index(envoi: Connection, base: str) -> None:
    """Open a base whose index lost entries: catching up gives them back."""
    with GrandLivre.ouvrir(base) as livre:
        envoi.send({"position": livre.etat(PROGRAMME).position})


def lire(envoi: Connection, base: str, fichier: str) -> None:
    """Refresh a read model, twice: whole, then what is new (nothing)."""
    store = SQLiteStore(base, ecriture=False)
    with Lecture(fichier) as lecture:
        for _ in range(2):
            envoi.send({"positions": lecture.rafraichir(store).positions})
    store.fermer()


METIERS: dict[str, Callable[..., None]] = {"ecrire": ecrire, "index": refaire_index, "lire": lire}


def _vivre(metier: str, envoi: Connection, cible: int, arguments: tuple[Any, ...]) -> None:
    with ExitStack() as pile:
        if cible:
            mine = Mine()
            pile.enter_context(posee(mine))
            GENRES["mort"] = _mourir
            mine.armer(cible, "mort")
        METIERS[metier](envoi, *arguments)
        envoi.send(None)  # the end, and not a death


class Enfant:
    """A child at work. `cible`: the call to SQLite at which it kills itself, 0 for never."""

    def __init__(self, metier: str, *arguments: object, cible: int = 0) -> None:
        self.metier = metier
        self._lecture, ecriture = _CONTEXTE.Pipe(duplex=False)
        self._processus: BaseProcess = _CONTEXTE.Process(
            target=_vivre, args=(metier, ecriture, cible, arguments), daemon=True
        )
        self._processus.start()
        ecriture.close()
        self.recus: list[Ligne] = []
        self.fini = False

    def entendre(self, nombre: int | None = None) -> None:
        """Read so many receipts more; all of them, to its end or death, when not told."""
        while nombre is None or nombre > 0:
            if not self._lecture.poll(ATTENTE_SECONDES):
                raise TimeoutError("un enfant ne répond plus")
            try:
                recu = self._lecture.recv()
            except (EOFError, OSError):
                return
            if recu is None:
                self.fini = True
                return
            self.recus.append(recu)
            nombre = None if nombre is None else nombre - 1

    def tuer(self) -> None:
        """SIGKILL, whatever it was doing."""
        self._processus.kill()

    def enterrer(self) -> list[Ligne]:
        """What it had acknowledged when it stopped, all of it."""
        self.entendre()
        self._processus.join(ATTENTE_SECONDES)
        self._lecture.close()
        self._processus.close()
        return self.recus


def tuer_au_hasard(enfant: Enfant, quand: tuple[str, int]) -> None:
    """Kill it after so many receipts, at once, or leave it to its own death."""
    genre, combien = quand
    if genre == "recu":
        enfant.entendre(combien)
    if genre != "point":
        enfant.tuer()


def present(chemin: Path) -> bool:
    """Whether a child got as far as making the file."""
    return chemin.exists() and chemin.stat().st_size > 0
