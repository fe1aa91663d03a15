"""The geometry of the charts: integers only, so that the same figures give the same bytes.

A chart is a picture of a table that stands beside it: it carries no figure of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ledger.budget import LigneCredits

from ..enveloppe import Enveloppe

LARGEUR = 1_000
"""Of the envelope bar, in its own units."""
_GRADUATIONS = 4
_COLONNE = 26
_ECART = 6
_GOUTTIERE = 34
_MARGE = 62
_HAUT = 190
_TETE = 22


RETIRE = "calcul.retire_non_reemployable"
"""What was withdrawn and cannot be granted again, where that is not every earlier withdrawal."""


class Part(Struct, frozen=True):
    """A segment of the envelope bar: what it says, its cents, where it is drawn."""

    cle: str
    nom: str
    centimes: int
    x: int
    largeur: int
    cellule: str


def parts(figure: Enveloppe) -> tuple[Part, ...]:
    """The envelope, end to end: paid, still to pay, withdrawn for good, available.

    With a bonus outside the envelope the parts exceed it, and the bar is drawn on their sum.
    """
    payable = figure.paye_centimes + figure.reste_a_payer_centimes
    manque = figure.enveloppe_centimes - figure.disponible_centimes - payable
    perdu = min(figure.retraits_anterieurs_centimes, max(manque, 0))
    exacte = perdu == figure.retraits_anterieurs_centimes
    valeurs = (
        ("paye", "Payé", figure.paye_centimes, "paye"),
        ("reste", "Engagé, reste à payer", figure.reste_a_payer_centimes, "reste_a_payer"),
        ("retire", "Retiré, non réemployable", perdu, "retraits_anterieurs" if exacte else ""),
        ("disponible", "Disponible", figure.disponible_centimes, "disponible"),
    )
    total = max(figure.enveloppe_centimes, sum(max(v, 0) for _, _, v, _ in valeurs), 1)
    suite: list[Part] = []
    cumul = 0
    for cle, nom, centimes, membre in valeurs:
        debut = cumul * LARGEUR // total
        cumul += max(centimes, 0)
        fin = cumul * LARGEUR // total
        cellule = f"enveloppe.{membre}" if membre else RETIRE
        suite.append(Part(cle, nom, centimes, debut, fin - debut, cellule))
    return tuple(suite)


class Barre(Struct, frozen=True):
    """One bar of a chart."""

    serie: str
    x: int
    y: int
    largeur: int
    hauteur: int
    centimes: int


class Graphe(Struct, frozen=True):
    """A chart in columns: size, graduations (y, cents), bars, groups (centre, name)."""

    largeur: int
    hauteur: int
    base: int
    gauche: int
    graduations: tuple[tuple[int, int], ...]
    barres: tuple[Barre, ...]
    groupes: tuple[tuple[int, str], ...]


def colonnes(
    groupes: Sequence[tuple[str, Sequence[tuple[str, int]]]], *, largeur: int = _COLONNE
) -> Graphe:
    """Groups of bars side by side. A negative amount has no bar: the table says it."""
    echelle = _echelle(max((v for _, series in groupes for _, v in series), default=0))
    barres: list[Barre] = []
    noms: list[tuple[int, str]] = []
    x = _MARGE + _GOUTTIERE // 2
    base = _TETE + _HAUT
    for nom, series in groupes:
        debut = x
        for serie, centimes in series:
            hauteur = max(centimes, 0) * _HAUT // echelle
            barres.append(Barre(serie, x, base - hauteur, largeur, hauteur, centimes))
            x += largeur + _ECART
        noms.append(((debut + x - _ECART) // 2, nom))
        x += _GOUTTIERE - _ECART
    graduations = tuple(
        (base - rang * _HAUT // _GRADUATIONS, rang * echelle // _GRADUATIONS)
        for rang in range(_GRADUATIONS + 1)
    )
    return Graphe(x, base + 28, base, _MARGE, graduations, tuple(barres), tuple(noms))


def credits(lignes: Sequence[LigneCredits]) -> Graphe:
    """AE committed, CP paid and CP still planned, by exercice."""
    return colonnes(
        [
            (
                str(ligne.exercice),
                (
                    ("ae", ligne.ae_engagees_centimes),
                    ("cp", ligne.cp_payes_centimes + ligne.regularisations_centimes),
                    ("prevu", ligne.cp_restant_a_prevoir_centimes),
                ),
            )
            for ligne in lignes
        ]
    )


def _echelle(maximum: int) -> int:
    """A round number of cents, at least the greatest bar, that four graduations divide."""
    pas = 100 * _GRADUATIONS
    while True:
        for facteur in (1, 2, 3, 5, 8):
            if pas * facteur >= maximum:
                return pas * facteur
        pas *= 10


def jauge(partie: int, tout: int) -> int:
    """A share in thousandths, between 0 and 1 000."""
    return min(max(partie * LARGEUR // tout, 0), LARGEUR) if tout > 0 else 0
