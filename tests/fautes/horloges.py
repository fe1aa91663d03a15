"""Clocks that jump by years, back and forth, a different one in each writing process.

Recorded instants never go back; nothing else depends on them.
"""

from __future__ import annotations

import random
from itertools import pairwise

from commands import GrandLivre
from ledger.testing.horloge import HorlogeDonnee

from .cohue import commandes, controler, processus
from .commun import Bilan, dossier


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` crowds of processes with mad clocks; the last handle has the oldest clock."""
    bilan = Bilan()
    sort = random.Random(f"horloges-{graine}")
    while bilan.rondes < rondes and not bilan.manquees:
        suite = commandes(sort.randrange(4, 8))
        with dossier() as place:
            base = place / "base.db"
            recus = processus(base, suite, sort, bilan, fous=True)
            with GrandLivre.ouvrir(base, creer=True, clock=HorlogeDonnee([-(10**9), 0])) as livre:
                recus += [livre.executer(c).en_json() for c in suite]
            faits = controler(base, recus, bilan)
        instants = [fait.enregistre_le for fait in faits]
        reculs = [(a, b) for a, b in pairwise(instants) if b < a]
        bilan.exiger(not reculs, f"l'heure d'enregistrement recule : {reculs[:3]}")
        bilan.vues["instants"] += len(instants)
        bilan.vues["instants retenus, l'horloge reculant"] += sum(
            a == b for a, b in pairwise(instants)
        )
        bilan.rondes += 1
    return bilan
