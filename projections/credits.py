"""AE/CP and outstanding by exercice, and the matrix of payments due. In cents.

The lines themselves are `ledger.budget`: closing an exercice seals the same ones.
"""

from __future__ import annotations

from ledger.budget import LigneCredits, lignes_credits

from .situation import Vue


def credits(vue: Vue) -> tuple[LigneCredits, ...]:
    """The `credits` table as of the view, ascending by exercice."""
    return lignes_credits(vue.situation.soldes)
