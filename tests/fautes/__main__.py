"""Run the fault campaigns: `python -m tests.fautes [--rondes N] [--graine G] [CAMPAGNE ...]`.

`--rondes` replaces the full size of each campaign. Exit code 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from .commun import Bilan
from .table import CAMPAGNES

GRAINE = 6962
_MANQUEES_DITES = 20


def dire(nom: str, unite: str, bilan: Bilan, secondes: int) -> str:
    """The report of one campaign."""
    lignes = [f"{nom} : {bilan.rondes} {unite} en {secondes} s."]
    if not bilan.rondes:
        lignes = [f"{nom} : NON FAIT."]
    lignes += [f"  {compte:>8}  {quoi}" for quoi, compte in sorted(bilan.vues.items())]
    lignes += [f"  MANQUÉE : {phrase}" for phrase in bilan.manquees[:_MANQUEES_DITES]]
    lignes.append(f"  {len(bilan.manquees)} promesses manquées.")
    return "\n".join(lignes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaigns named, all by default."""
    analyseur = argparse.ArgumentParser(prog="python -m tests.fautes", description=__doc__)
    analyseur.add_argument("campagnes", nargs="*", help=", ".join(CAMPAGNES))
    analyseur.add_argument("--rondes", type=int, help="à la place de la taille de chacune")
    analyseur.add_argument("--graine", type=int, default=GRAINE)
    choix = analyseur.parse_args(arguments)
    inconnues = sorted(set(choix.campagnes) - set(CAMPAGNES))
    if inconnues:
        analyseur.error(f"campagne inconnue : {', '.join(inconnues)}")
    manquees = 0
    for nom in choix.campagnes or CAMPAGNES:
        campagne = CAMPAGNES[nom]
        debut = time.monotonic()
        bilan = campagne.lancer(choix.rondes or campagne.rondes, choix.graine)
        texte = dire(nom, campagne.unite, bilan, round(time.monotonic() - debut))
        sys.stdout.write(f"{texte}\n")
        sys.stdout.flush()
        manquees += len(bilan.manquees)
    return 1 if manquees else 0


if __name__ == "__main__":
    sys.exit(main())
