"""The table of the campaigns: one line each. A campaign is a module with `campagne`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import cohue, coupures, disque_plein, horloges, morts, points, remplacements, traces
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
    "morts": Campagne(
        morts.campagne,
        1_000,
        "morts",
        "kill -9 à tout moment : chaque reçu rendu est au journal, la reprise finit comme prévu",
    ),
    "cohue": Campagne(
        cohue.campagne,
        150,
        "foules",
        "processus et fils écrivant à la fois : un fait par identifiant, l'enveloppe tenue",
    ),
    "horloges": Campagne(
        horloges.campagne,
        100,
        "foules aux horloges folles",
        "l'heure d'enregistrement ne recule jamais",
    ),
    "coupures": Campagne(
        coupures.campagne,
        10_000,
        "images de disque",
        "courant coupé à tout appel : ce qui fut acquitté est sur le disque, entier",
    ),
    "disque-plein": Campagne(
        disque_plein.campagne,
        2_000,
        "limites de taille",
        "plus de place à tout endroit : erreur nommée, rien de perdu ni d'à moitié écrit",
    ),
    "traces": Campagne(
        traces.campagne,
        260,
        "appels système en échec",
        "lecture, écriture ou synchronisation refusée : rien n'est acquitté qui ne soit écrit",
    ),
}
