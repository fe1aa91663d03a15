"""Two views of one programme side by side, the real one and a simulated one: cell by cell.

Pure: both views are made by the same folds, whatever the place of their facts. Amounts in cents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from ledger.budget import LigneCredits
from ledger.temps import ANNEE_MAX

from .anomalies import anomalies
from .cellules import Unite, valeurs_du_programme
from .credits import credits
from .enveloppe import Enveloppe, enveloppe
from .matrice import LigneMatrice, matrice
from .situation import Vue


class Tables(Struct, frozen=True):
    """The tables of a programme, as `enveloppe`, `credits` and a report give them."""

    enveloppe: Enveloppe
    credits: tuple[LigneCredits, ...]
    matrice: tuple[LigneMatrice, ...]


class LigneComparee(Struct, frozen=True):
    """One cell of both sides, in its unit; 0 where it is not there.

    `enveloppe.*` and `credits.ANNEE.*` are the cells that `expliquer` knows. `matrice.ANNEE.*` are
    those of the matrix: `engage`, `paye_ANNEE`, `retraits`, `reste`.
    """

    cellule: str
    unite: Unite
    reel_centimes: int
    simule_centimes: int
    difference_centimes: int


class AnomaliesComparees(Struct, frozen=True):
    """How many anomalies of one code on each side."""

    code: str
    reel: int
    simule: int
    difference: int


def tables(vue: Vue) -> Tables:
    """The tables of a view made by `regarder`, whose base is still open (facts are read again)."""
    return Tables(enveloppe(vue), credits(vue), matrice(vue.faits()))


def cote_a_cote(reel: Tables, simule: Tables) -> tuple[LigneComparee, ...]:
    """Every cell of the tables of either side, in the order of the tables."""
    a, b = _valeurs(reel), _valeurs(simule)
    return tuple(
        LigneComparee(nom, unite, a.get(cle, 0), b.get(cle, 0), b.get(cle, 0) - a.get(cle, 0))
        for cle in sorted(a.keys() | b.keys())
        for (_, _, _, nom, unite) in (cle,)
    )


def anomalies_comparees(reel: Vue, simule: Vue) -> tuple[AnomaliesComparees, ...]:
    """The counts of anomalies of each code that either view has, in the order of codes.

    What an indicative rule lets pass is no refusal: this is where it shows.
    """
    a = Counter(anomalie.code for anomalie in anomalies(reel))
    b = Counter(anomalie.code for anomalie in anomalies(simule))
    return tuple(
        AnomaliesComparees(code, a[code], b[code], b[code] - a[code])
        for code in sorted(a.keys() | b.keys())
    )


_Cle = tuple[int, int, int, str, Unite]
"""Rank of the table, exercice, rank in the line, name, unit: cells sort as tables are read."""


def _valeurs(lues: Tables) -> dict[_Cle, int]:
    valeurs: dict[_Cle, int] = {}
    for cellule, valeur in valeurs_du_programme(lues.enveloppe, lues.credits).items():
        table, annee, _, membre = cellule.ordre
        cle = (table, int(annee or 0), membre, str(cellule), cellule.unite)
        valeurs[cle] = valeur
    for ligne in lues.matrice:
        for rang, membre_de_matrice, centimes in _de_matrice(ligne):
            nom = f"matrice.{ligne.engagement}.{membre_de_matrice}"
            valeurs[_MATRICE, ligne.engagement, rang, nom, "centimes"] = centimes
    return valeurs


_MATRICE = 2  # after the envelope and the credits
_APRES_LES_ANNEES = ANNEE_MAX + 1


def _de_matrice(ligne: LigneMatrice) -> Iterator[tuple[int, str, int]]:
    """Rank, name and cents; the rank of a payment is its year, the same on both sides."""
    yield 0, "engage", ligne.engage_centimes
    for paiement in ligne.paiements:
        yield paiement.exercice, f"paye_{paiement.exercice}", paiement.montant_centimes
    yield _APRES_LES_ANNEES, "retraits", ligne.retraits_centimes
    yield _APRES_LES_ANNEES + 1, "reste", ligne.reste_centimes
