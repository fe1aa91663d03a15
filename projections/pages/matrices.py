"""The matrix commitment year x payment year, as a rectangle that a table can show."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..matrice import LigneMatrice


class Matrice(Struct, frozen=True):
    """Payment years across, one cell each (0 where nothing was paid), and the totals."""

    annees: tuple[int, ...]
    lignes: tuple[tuple[LigneMatrice, tuple[int, ...]], ...]
    totaux: tuple[int, ...]


def rectangle(lignes: Sequence[LigneMatrice]) -> Matrice:
    """The rectangle of the lines of a matrix."""
    annees = sorted({p.exercice for ligne in lignes for p in ligne.paiements})
    cellules: list[tuple[LigneMatrice, tuple[int, ...]]] = []
    for ligne in lignes:
        payes = {p.exercice: p.montant_centimes for p in ligne.paiements}
        cellules.append((ligne, tuple(payes.get(annee, 0) for annee in annees)))
    totaux = (
        sum(ligne.engage_centimes for ligne in lignes),
        *(sum(payes[rang] for _, payes in cellules) for rang in range(len(annees))),
        sum(ligne.retraits_centimes for ligne in lignes),
        sum(ligne.reste_centimes for ligne in lignes),
    )
    return Matrice(tuple(annees), tuple(cellules), totaux)
