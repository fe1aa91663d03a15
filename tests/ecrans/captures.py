"""Make the pictures of the guide: `python -m tests.ecrans.captures [DOSSIER]`.

The demonstration in a real Chromium, at the width of a laptop and of a phone, each picture reduced
to few colours. Needs the extra `navigateur` and Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from commands.demo import PROGRAMME, structure_temoin
from tests.cli.outils import lancer
from tests.ecrans.navigateur import chromium, servie

OCTETS_MAX = 150_000
PORTABLE, TELEPHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
CAPTURES = {
    "situation.png": ("situation?au=2021-12-31", PORTABLE),
    "exercices.png": ("exercices?au=2021-12-31", PORTABLE),
    "structure.png": (f"structures/{structure_temoin()}?au=2021-12-31", PORTABLE),
    "chiffre.png": ("chiffres/credits.2021.retraits_anterieurs?au=2021-12-31", PORTABLE),
    "registre.png": ("structures?q=association&tri=paye&sens=decroissant", PORTABLE),
    "comparaison.png": ("comparaison?au=2021-12-31&au_avant=2020-12-31", PORTABLE),
    "telephone.png": ("situation?au=2021-12-31", TELEPHONE),
}
"""File -> page of the programme, and size of the window."""


def photographier(navigateur: Any, console: str, dossier: Path) -> list[Path]:
    """Every picture, in the folder. Raises ValueError for one that is too heavy."""
    faites: list[Path] = []
    for nom, (ecran, taille) in CAPTURES.items():
        page = navigateur.new_page(viewport=taille, locale="fr-FR")
        page.goto(f"{console}/{ecran}")
        cible = dossier / nom
        page.screenshot(path=str(cible))
        page.close()
        if cible.stat().st_size > OCTETS_MAX:
            raise ValueError(f"{cible} fait {cible.stat().st_size} octets, {OCTETS_MAX} au plus")
        faites.append(cible)
    return faites


def main(arguments: list[str]) -> int:
    """Write the pictures of the guide. Returns 0."""
    dossier = Path(arguments[0]) if arguments else Path("docs/captures")
    dossier.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as nom:
        base = Path(nom) / "demo.db"
        fait = lancer("demo", "--base", base, "--au", "2022-12-31")
        if fait.code:
            raise SystemExit(fait.erreur)
        with chromium() as navigateur, servie(base) as adresse:
            for cible in photographier(navigateur, f"{adresse}/programmes/{PROGRAMME}", dossier):
                sys.stdout.write(f"{cible} : {cible.stat().st_size} octets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
