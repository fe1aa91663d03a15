"""Fail at every point: the k-th call of a command raises, for every k until it passes.

A life is one history on one base, one handle at a time, beside an unfaulted twin in memory. Each
operation (a command, a batch, an opening, a lost index) is tried with the fault one call further
each time, on the *same* handle: what a fault leaves behind is felt by the next ones. An error
raised although the commit was made is told apart by an independent reader; the same ids are then
sent again.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from commands import GrandLivre, Recu
from commands.testing.contexte import PROGRAMME
from ledger import LedgerError, MemoryStore
from ledger.testing.valeurs import Json

from .commun import Bilan, confronter, dossier, figee, sans_statut, tirer
from .mine import DUREES, GENRES, Mine, StoreMine, posee

ATTENTE = 0
"""Seconds: a lock kept by a fault is told at once."""
POINTS_MAX = 400
NOMMEES = (OSError, KeyboardInterrupt, MemoryError, LedgerError)


@dataclass(frozen=True)
class Operation:
    """What is sent at once, and what the twin answered."""

    commandes: tuple[Json, ...]
    atomique: bool
    recus: tuple[Recu, ...]
    taille: int
    """Of the twin's journal after it."""


def operations(
    commandes: Sequence[Json], sort: random.Random
) -> tuple[list[Operation], MemoryStore]:
    """The history cut into single commands and batches, executed by the twin."""
    store = MemoryStore()
    livre = GrandLivre(store, clock=figee())
    faites: list[Operation] = []

    def envoyer(lot: Sequence[Json], *, atomique: bool) -> None:
        recus = livre.executer_lot(lot, atomique=atomique)
        faites.append(Operation(tuple(lot), atomique, recus, store.taille(PROGRAMME)))

    attente: list[Json] = []
    for commande in commandes:
        acceptee = livre.bifurquer().executer_lot([*attente, commande])[-1].acceptee
        if acceptee:
            attente.append(commande)
            if len(attente) < sort.choice((1, 1, 2, 5)):
                continue
        else:
            envoyer([*attente, commande], atomique=True)  # refused as one: nothing is written
        if attente:
            envoyer(attente, atomique=sort.random() < 0.5)
            attente = []
        if not acceptee:
            envoyer([commande], atomique=False)
    if attente:
        envoyer(attente, atomique=False)
    return faites, store


class Vie:
    """One base under faults."""

    def __init__(self, base: Path, sort: random.Random, bilan: Bilan) -> None:
        self._base = base
        self._sort = sort
        self._bilan = bilan
        self._mine = Mine()
        self._livre: GrandLivre | None = None
        self._point = 1
        self._lecteur: sqlite3.Connection | None = None

    def vivre(self, faites: Sequence[Operation], temoin: MemoryStore) -> None:
        """Every operation under every fault; then the base against the twin."""
        avec_lecteur = sqlite3.connect  # the reader is not mined
        with posee(self._mine):
            self._connecter = avec_lecteur
            try:
                self._ouvrir()
                for operation in faites:
                    self._eprouver(operation)
                    if self._sort.random() < 0.1:
                        self._rouvrir()
                    if self._bilan.manquees:
                        return
            finally:
                self._mine.desarmer()
                if self._livre is not None:
                    self._livre.fermer()
                if self._lecteur is not None:
                    self._lecteur.close()
        confronter(self._base, temoin, self._bilan, "fin de vie")

    def _regard(self) -> tuple[int, int]:
        """Lines and ids in the base, seen by a reader that nothing disturbs."""
        if self._lecteur is None:
            if not self._base.exists() or not self._base.stat().st_size:
                return (0, 0)
            self._lecteur = self._connecter(self._base, isolation_level=None)
        try:
            lignes, ids = self._lecteur.execute(
                "SELECT (SELECT count(*) FROM stored_events), "
                "(SELECT count(*) FROM fabriques_commandes)"
            ).fetchone()
        except sqlite3.OperationalError:  # no table yet
            return (0, 0)
        return (lignes, ids)

    def _armer(self, point: int) -> str:
        genre = self._sort.choice(sorted(GENRES))
        self._mine.armer(point, genre, duree=self._sort.choice(DUREES))
        return genre

    def _noter(self, genre: str, touchees: list[str], erreur: str) -> None:
        if touchees:
            self._bilan.vues[f"point : {touchees[0]}"] += 1
            self._bilan.vues[f"genre : {genre}"] += 1
        if erreur:
            self._bilan.exiger(
                touchees, f"la poignée ne marche plus après une panne passée : {erreur}"
            )

    def _nommer(self, erreur: BaseException) -> str:
        """What was raised, as text: the error itself would keep connections alive."""
        self._bilan.exiger(isinstance(erreur, NOMMEES), f"erreur sans nom : {erreur!r}")
        return repr(erreur)

    def _eprouver(self, operation: Operation) -> None:
        """One operation until it passes, then its receipts against the twin's."""
        avant = self._regard()
        apres = (operation.taille, operation.taille)
        for point in range(self._point, self._point + POINTS_MAX):
            genre = self._armer(point)
            recus: tuple[Recu, ...] = ()
            erreur = ""
            try:
                recus = self._envoyer(operation)
            except BaseException as leve:  # whatever was provoked, interruption included
                erreur = self._nommer(leve)
            touchees = self._mine.desarmer()
            self._noter(genre, touchees, erreur)
            self._bilan.rondes += bool(touchees)
            vu = self._regard()
            self._bilan.exiger(vu in (avant, apres), f"{touchees} : {vu} entre {avant} et {apres}")
            if self._bilan.manquees:
                return
            if not erreur:
                self._point = point + 1 if touchees else 1
                break
            if vu == apres != avant:  # raised, yet committed: sent again, it happened once
                self._bilan.vues["erreur levée après l'inscription"] += 1
                self._point = point + 1
                recus = self._envoyer(operation)
                break
        else:
            self._bilan.manquees.append(f"{operation.commandes} ne passe jamais")
            return
        self._bilan.exiger(
            [sans_statut(r) for r in recus] == [sans_statut(r) for r in operation.recus],
            f"reçus {recus} au lieu de {operation.recus}",
        )
        self._bilan.exiger(self._regard() == apres, f"{self._regard()} inscrits, {apres} attendus")

    def _envoyer(self, operation: Operation) -> tuple[Recu, ...]:
        if self._livre is None:
            raise AssertionError("aucune poignée")
        if len(operation.commandes) == 1 and not operation.atomique:
            return (self._livre.executer(operation.commandes[0]),)
        return self._livre.executer_lot(operation.commandes, atomique=operation.atomique)

    def _rouvrir(self) -> None:
        """Another handle, opened cold under faults, at times on an index that lost entries."""
        if self._livre is not None:
            self._livre.fermer()
            self._livre = None
        self._ouvrir(perdues=self._sort.choice((0, 0, 0, 1, 3)))
        lignes, ids = self._regard()
        self._bilan.exiger(lignes == ids, f"index de {ids} entrées pour {lignes} lignes")

    def _perdre(self, perdues: int) -> None:
        """Take up to `perdues` entries out of four from the index of command ids."""
        if perdues and self._lecteur is not None:
            with closing(self._connecter(self._base, isolation_level=None)) as c:
                c.execute("DELETE FROM fabriques_commandes WHERE position % 4 < ?", (perdues,))
            self._bilan.vues["index à refaire"] += 1

    def _ouvrir(self, *, perdues: int = 0) -> None:
        """Open and catch up, the fault one call further each time."""
        for point in range(1, POINTS_MAX):
            self._perdre(perdues)
            genre = self._armer(point)
            erreur = ""
            livre: GrandLivre | None = None
            try:
                store = StoreMine(self._base, self._mine, attente=ATTENTE)
                livre = GrandLivre(store, clock=figee())
                livre.etat(PROGRAMME)
            except BaseException as leve:  # whatever was provoked, interruption included
                erreur = self._nommer(leve)
            touchees = self._mine.desarmer()
            self._noter(genre, touchees, erreur)
            self._bilan.vues["ouvertures en panne"] += bool(touchees)
            if not erreur and not touchees:
                self._livre = livre
                return
            if livre is not None:
                livre.etat(PROGRAMME)  # the handle that failed works again
                livre.fermer()
        self._bilan.manquees.append("la base ne s'ouvre jamais")


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` commands hit by a fault, on as many lives as needed."""
    bilan = Bilan()
    vie = 0
    while bilan.rondes < rondes and not bilan.manquees:
        sort = random.Random(f"{graine}-{vie}")
        for commandes in tirer(graine + vie, nombre=4):
            if bilan.rondes >= rondes or bilan.manquees:
                break
            faites, temoin = operations(commandes, sort)
            with dossier() as place:
                Vie(place / "vie.db", sort, bilan).vivre(faites, temoin)
            bilan.vues["vies"] += 1
        vie += 1
    return bilan
