"""AE/CP and outstanding by exercice, and the matrix of payments due. In cents.

The lines themselves are `ledger.budget`: closing an exercice seals the same ones.
"""

from __future__ import annotations

from ledger.budget import LigneCredits, lignes_credits

from .situation import Vue


def credits(vue: Vue) -> tuple[LigneCredits, ...]:
    """The `credits` table as of the view, ascending by exercice."""
    return lignes_credits(vue.situation.soldes)


def ae_rendues(ligne: LigneCredits) -> int:
    """AE that withdrawals of earlier years give back: in the available, and in no other member.

    Zero unless the rules in force at a withdrawal say that it does.
    """
    return (
        ligne.ae_disponibles_centimes
        - ligne.ae_ouvertes_centimes
        + ligne.ae_gelees_centimes
        + ligne.ae_engagees_centimes
        - ligne.retraits_meme_exercice_centimes
    )
