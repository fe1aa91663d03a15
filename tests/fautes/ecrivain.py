"""Run as a module: execute commands by transactions, and write down each receipt once it is given.

The job is a JSON object on the standard input (`Travail`). What is acknowledged goes to a file, one
write per transaction: the instant that a recording of the system calls sees. The settings that the
job changes (`synchronous`, `points_de_reprise`) are set on the engine's own connections.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import suppress
from typing import Any, Literal, TypedDict

from commands import GrandLivre, Recu
from ledger import Journal, SQLiteStore, StoreError
from ledger.preuve.merkle import racine_base64
from ledger.stockage import adaptateur
from tests.fautes.flux import horloge

ESSAIS = 2
"""How many times a transaction is sent again to the same handle."""


class Travail(TypedDict):
    """One life of a writer."""

    base: str
    acquis: str
    commandes: list[dict[str, Any]]
    lots: list[int]
    ouvertures: int
    """Into how many successive openings of the base the transactions are shared out."""
    synchronous: int
    """2 is FULL, the engine's own; a writer told otherwise is one that must be caught."""
    points_de_reprise: int
    """Pages of log before SQLite checkpoints; 0 leaves its default (1000)."""
    lecture: bool
    """Write nothing: read the base, and state its size and root, as a checkpoint does."""
    sur_erreur: Literal["finir", "insister", "tomber"]
    """After an error: end as any program does, send the transaction again to the same handle, or
    disappear at once without closing anything."""


def _regler(travail: Travail) -> None:
    adaptateur._REGLAGES["synchronous"] = travail["synchronous"]
    dorigine = adaptateur.Pool._regler

    def regler(pool: adaptateur.Pool, connexion: sqlite3.Connection) -> None:
        dorigine(pool, connexion)
        if travail["points_de_reprise"]:
            connexion.execute(f"PRAGMA wal_autocheckpoint={travail['points_de_reprise']}")

    adaptateur.Pool._regler = regler  # type: ignore[method-assign, assignment]


def _decouper(travail: Travail) -> list[list[list[dict[str, Any]]]]:
    lots: list[list[dict[str, Any]]] = []
    debut = 0
    for taille in travail["lots"]:
        lots.append(travail["commandes"][debut : debut + taille])
        debut += taille
    par = -(-len(lots) // travail["ouvertures"])
    return [lots[i : i + par] for i in range(0, len(lots), par)]


def _executer(livre: GrandLivre, lot: list[dict[str, Any]], travail: Travail) -> tuple[Recu, ...]:
    for _ in range(ESSAIS):
        try:
            return livre.executer_lot(lot)
        except StoreError:
            if travail["sur_erreur"] == "tomber":
                os._exit(1)
            if travail["sur_erreur"] == "finir":
                raise
    return livre.executer_lot(lot)


def lire(travail: Travail) -> None:
    """State what the base holds."""
    store = SQLiteStore(travail["base"], ecriture=False)
    try:
        journal = Journal(store, travail["commandes"][0]["programme"])
        for _ in journal.rattraper():
            pass
        tete = ["relevé", "lu", journal.taille, racine_base64(journal.arbre.racine())]
        acquis = os.open(travail["acquis"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(acquis, json.dumps([tete]).encode() + b"\n")
    finally:
        store.fermer()


def ecrire(travail: Travail) -> None:
    """Execute the whole job."""
    _regler(travail)
    acquis = os.open(travail["acquis"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    donnes = 0
    for lots in _decouper(travail):
        livre = GrandLivre.ouvrir(travail["base"], creer=True, clock=horloge())
        for lot in lots:
            recus = _executer(livre, lot, travail)
            ligne = [[r.id_commande, r.statut, r.taille, r.racine] for r in recus]
            os.write(acquis, json.dumps(ligne).encode() + b"\n")
            donnes += 1
            # the shared memory is mapped: no call shows what is written to it
            with suppress(FileNotFoundError):
                shutil.copy(f"{travail['base']}-shm", f"{travail['acquis']}.shm{donnes}")
        livre.fermer()


if __name__ == "__main__":
    demande: Travail = json.load(sys.stdin)
    (lire if demande["lecture"] else ecrire)(demande)
