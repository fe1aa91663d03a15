"""The table of the campaigns: one line each. A campaign is a module with `campagne`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import points, remplacements
from .commun import Bilan


class Campagne(NamedTuple):
    """`lancer(rondes, graine)` at full size makes `rondes` rounds."""

    lancer: Callable[[int, int], Bilan]
    rondes: int
    unite: str
    """What one round is, in French, in the plural."""
    promesse: str


CAMPAGNES: dict[str, Campagne] = {
    "points": Campagne(
        points.campagne,
        100_000,
        "commandes en panne",
        "le k-ième appel à SQLite échoue, pour tout k : tout ou rien, et la reprise n'inscrit "
        "qu'un fait",
    ),
    "remplacements": Campagne(
        remplacements.campagne,
        850,
        "remplacements",
        "la base remplacée sous une poignée ouverte : rien n'est rendu qui n'y soit pas",
    ),
}
