"""The tables of a report as CSV: UTF-8, comma, ASCII headings, cents, formulas defused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ledger.budget import LigneCredits
from ledger.soldes import Labels

from ..anomalies import Anomalie
from ..enveloppe import Enveloppe
from ..structures import LigneStructure
from ..tableur import cellule
from .contenu import Rapport

_ECHEANCIERS = (
    "structure",
    "rang",
    "exercice",
    "echeance",
    "montant_centimes",
    "verse_centimes",
    "reste_centimes",
    "statut",
)
_MATRICE = ("engagement", "poste", "exercice", "montant_centimes")

Ligne = Mapping[str, Any]


def tableaux_csv(rapport: Rapport) -> dict[str, bytes]:
    """File name -> bytes, of a report made by `rapport`. Rank 0 of a schedule is the bonus.

    `matrice.csv` is in long form: per commitment year, what it committed (`engage`), was paid of it
    by exercice (`paye`), withdrawn (`retrait`), and what remains (`reste`).
    """
    figures = rapport.figures
    enveloppe = dict(_aplatir(figures["enveloppe"]))
    return {
        "enveloppe.csv": _csv(tuple(enveloppe), (enveloppe,)),
        "credits.csv": _csv(LigneCredits.__struct_fields__, figures["credits"]),
        "matrice.csv": _csv(_MATRICE, _matrice(figures["matrice"])),
        "structures.csv": _csv(LigneStructure.__struct_fields__, figures["structures"]),
        "echeanciers.csv": _csv(_ECHEANCIERS, _echeanciers(figures["echeanciers"])),
        "anomalies.csv": _csv(Anomalie.__struct_fields__, figures["anomalies"]),
    }


def _aplatir(enveloppe: Ligne) -> Iterator[tuple[str, Any]]:
    """Its members in the order of `Enveloppe`, those of an inner object as `member_inner`."""
    for nom in Enveloppe.__struct_fields__:
        if isinstance(enveloppe[nom], dict):
            yield from ((f"{nom}_{m}", enveloppe[nom][m]) for m in Labels.__struct_fields__)
        else:
            yield nom, enveloppe[nom]


def _echeanciers(echeanciers: Iterable[Ligne]) -> Iterator[Ligne]:
    for echeancier in echeanciers:
        structure = echeancier["structure"]
        for tranche in echeancier["tranches"]:
            yield {"structure": structure, **tranche}
        if echeancier["bonus"] is not None:
            yield {"structure": structure, "rang": 0, **echeancier["bonus"]}


def _matrice(lignes: Iterable[Ligne]) -> Iterator[Ligne]:
    for ligne in lignes:
        commun = {"engagement": ligne["engagement"]}
        yield {**commun, "poste": "engage", "montant_centimes": ligne["engage_centimes"]}
        for paiement in ligne["paiements"]:
            yield {**commun, "poste": "paye", **paiement}
        yield {**commun, "poste": "retrait", "montant_centimes": ligne["retraits_centimes"]}
        yield {**commun, "poste": "reste", "montant_centimes": ligne["reste_centimes"]}


def _csv(colonnes: Sequence[str], lignes: Iterable[Ligne]) -> bytes:
    tampon = io.StringIO(newline="")
    redacteur = csv.writer(tampon, lineterminator="\n")
    redacteur.writerow(colonnes)
    for ligne in lignes:
        redacteur.writerow([cellule(ligne.get(colonne)) for colonne in colonnes])
    return tampon.getvalue().encode("utf-8")
