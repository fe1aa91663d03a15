"""What must be true of a base after a fault, whatever the fault: the promises, checked."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple

from commands import GrandLivre
from commands.demo import PROGRAMME
from ledger import Journal, LedgerError, SQLiteStore
from ledger.audit import verifier
from ledger.audit.temoins import Temoin
from ledger.preuve.merkle import racine_base64
from projections.testing.chiffres import chiffres
from tests.fautes.flux import Plan, horloge


class Acquis(NamedTuple):
    """One receipt that somebody holds."""

    id_commande: str
    statut: str
    taille: int
    racine: str


def lire_acquis(ligne: bytes | str) -> list[Acquis]:
    """The receipts of one transaction, as the writer wrote them down."""
    lues: list[list[Any]] = json.loads(ligne)
    return [Acquis(*valeurs) for valeurs in lues]


def controler(base: Path, plan: Plan, acquis: list[Acquis]) -> list[str]:
    """Every promise that this base breaks, in French; empty when all are kept.

    Read-only first, as a controller would after the fault; then the writer sends the whole stream
    again, and everything must be as if nothing had happened.
    """
    try:
        fautes = _lire(base, plan, acquis) if acquis else []
        entier = [Acquis("flux", "acceptee", len(plan.racines), plan.racines[-1])]
        return fautes or _reprendre(base, plan) or _lire(base, plan, entier)
    except LedgerError as erreur:
        return [f"erreur {erreur.code} : {erreur.message}"]


def _lire(base: Path, plan: Plan, acquis: list[Acquis]) -> list[str]:
    store = SQLiteStore(base, ecriture=False)
    try:
        return [*_acquis_presents(store, plan, acquis)]
    finally:
        store.fermer()


def _acquis_presents(store: SQLiteStore, plan: Plan, acquis: list[Acquis]) -> list[str]:
    journal = Journal(store, PROGRAMME)
    for _ in journal.rattraper():
        pass
    fautes = [
        f"{recu.id_commande} ({recu.statut}, position {recu.taille}) est perdu : "
        f"{journal.taille} lignes"
        for recu in acquis
        if recu.taille > journal.taille
    ]
    if fautes:
        return fautes
    temoins = [Temoin(r.id_commande, r.taille, b64decode(r.racine)) for r in acquis]
    rapport = verifier(store, PROGRAMME, temoins=temoins)
    fautes += [f"constat {c.code} en {c.position} : {c.detail}" for c in rapport.constats]
    if journal.taille not in plan.frontieres:
        fautes.append(f"transaction à moitié écrite : {journal.taille} lignes")
    for taille in range(1, journal.taille + 1):
        if racine_base64(journal.arbre.racine(taille)) != plan.racines[taille - 1]:
            fautes.append(f"la racine de taille {taille} n'est pas celle du flux")
            break
    return fautes


def _reprendre(base: Path, plan: Plan) -> list[str]:
    """Send the stream again; the faults of what comes out."""
    store = SQLiteStore(base, creer=True)
    try:
        with GrandLivre(store, clock=horloge()) as livre:
            fautes = [
                f"{recu.id_commande} : {recu.statut} à la reprise"
                for recu in livre.executer_flux(plan.commandes)
                if not recu.acceptee
            ]
            if not fautes and chiffres(store, programme=PROGRAMME) != plan.chiffres:
                fautes.append("les chiffres de la reprise ne sont pas ceux du flux")
            return fautes
    finally:
        store.fermer()
