"""Run the targets and say, for each, what was tried, seen, and found.

python -m tests.fuzz [--cible NOM] [--secondes N | --executions N] [--graine G]
python -m tests.fuzz --cible NOM --rejouer FICHIER
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.cibles import CIBLES
from tests.fuzz.moteur import ENTETE, campagne, dire, ecrire, essayer

TROUVAILLES = Path(".fuzz")


def main() -> int:
    """The exit code: 1 when there is a fault."""
    lecteur = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    lecteur.add_argument("--cible", choices=CIBLES, action="append", help="toutes par défaut")
    lecteur.add_argument("--secondes", type=float, help="par cible (20 par défaut)")
    lecteur.add_argument("--executions", type=int, help="par cible ; même suite à chaque fois")
    lecteur.add_argument("--graine", type=int, default=1)
    lecteur.add_argument("--rejouer", type=Path, help="une trouvaille, avec sa cible")
    demande = lecteur.parse_args()
    cibles = [CIBLES[nom] for nom in demande.cible or CIBLES]
    if demande.rejouer is not None:
        reponse, faute = essayer(cibles[0], demande.rejouer.read_bytes())
        dire(reponse if faute is None else faute.trace)
        return faute is not None
    secondes = demande.secondes
    if secondes is None and demande.executions is None:
        secondes = 20
    dire(ENTETE)
    fautes = 0
    for cible in cibles:
        bilan = campagne(
            cible, graine=demande.graine, executions=demande.executions, secondes=secondes
        )
        dire(ecrire(bilan, TROUVAILLES))
        fautes += len(bilan.fautes)
    return 1 if fautes else 0


if __name__ == "__main__":
    sys.exit(main())
