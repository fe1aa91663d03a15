"""Le guide pour éprouver tient parole : un programme indépendant, trois bogues, vite trouvés."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands.testing.confrontation import Divergence, confronter
from commands.testing.histoires import en_lignes
from commands.testing.machine import eprouver
from commands.testing.reference import Reference
from docs.guides.exemples.carnet import BOGUES, Carnet
from tests.properties.exemples import OUVERTURE

RACINE = Path(__file__).parents[2]
EXEMPLES = RACINE / "docs/guides/exemples"
GRAINES = range(5)
COMMANDES_MAX = 8
LIGNES_MAX = 40


def blocs() -> list[str]:
    """The Python examples of the guide."""
    page = (RACINE / "docs/guides/eprouver.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


@pytest.fixture(scope="module")
def guide() -> dict[str, Any]:
    """What the first example of the guide defines: the adapter, and what the program claims."""
    noms: dict[str, Any] = {}
    exec(compile(blocs()[0], "eprouver.md", "exec"), noms)  # noqa: S102 - the guide's own words
    return noms


def test_chaque_exemple_tient_en_moins_de_quarante_lignes() -> None:
    """Aucun exemple du guide n'atteint quarante lignes."""
    assert [len(bloc.splitlines()) for bloc in blocs() if bloc.count("\n") >= LIGNES_MAX] == []


def test_le_carnet_ne_doit_rien_au_moteur() -> None:
    """Le programme indépendant n'importe que la bibliothèque standard."""
    arbre = ast.parse((EXEMPLES / "carnet.py").read_text("utf-8"))
    importes = {
        nom.split(".")[0]
        for noeud in ast.walk(arbre)
        if isinstance(noeud, ast.Import | ast.ImportFrom)
        for nom in (
            [alias.name for alias in noeud.names]
            if isinstance(noeud, ast.Import)
            else ["." * noeud.level + (noeud.module or "")]
        )
    }
    assert importes <= sys.stdlib_module_names
    assert len(importes) > 3


@pytest.mark.parametrize("graine", GRAINES)
def test_aucune_fausse_alerte(guide: dict[str, Any], graine: int) -> None:
    """Sans défaut, le carnet passe la machine."""
    eprouver(guide["CarnetEprouve"], guide["ENGAGEMENT"], exemples=60, graine=graine)


@pytest.mark.parametrize("graine", GRAINES)
@pytest.mark.parametrize("bogue", BOGUES)
def test_chaque_bogue_plante_est_trouve(
    guide: dict[str, Any], bogue: str, graine: int, tmp_path: Path
) -> None:
    """Chaque bogue est trouvé en huit commandes au plus, que la ligne de commande rejoue."""

    def fabrique() -> Any:
        return guide["CarnetEprouve"](bogue)

    with pytest.raises(Divergence) as trouvee:
        eprouver(fabrique, guide["ENGAGEMENT"], exemples=300, graine=graine)
    commandes = trouvee.value.commandes
    assert len(commandes) <= COMMANDES_MAX, trouvee.value
    with pytest.raises(Divergence):
        confronter(fabrique, commandes, guide["ENGAGEMENT"])
    confronter(guide["CarnetEprouve"], commandes, guide["ENGAGEMENT"])
    recus = coller(commandes, tmp_path)
    reference = Reference()
    attendus = [reference.executer(commande) for commande in commandes]
    noms = ("statut", "code", "positions")
    assert [[a[n] for n in noms] for a in attendus] == [[r[n] for n in noms] for r in recus]


def coller(commandes: Any, dossier: Path) -> list[Any]:
    """The receipts of the command line, which reads them from its standard input."""
    fait = subprocess.run(
        [
            *(sys.executable, "-X", "utf8", "-c", "from commands.cli import main; main()"),
            *("executer", "-", "--base", "base.db"),
        ],
        cwd=dossier,
        input=en_lignes(commandes),
        env={**os.environ, "PYTHONPATH": str(RACINE)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert fait.returncode in {0, 3}, fait.stderr
    return [json.loads(ligne) for ligne in fait.stdout.splitlines()]


def test_le_carnet_garde_ses_comptes_dans_un_fichier(tmp_path: Path) -> None:
    """Fermé puis rouvert, le carnet se souvient des commandes et des montants."""
    base = str(tmp_path / "carnet.db")
    premier = Carnet(base)
    recu = premier.recevoir(OUVERTURE)
    premier.fermer()
    second = Carnet(base)
    assert second.recevoir(OUVERTURE) == recu | {"statut": "deja_executee"}
    assert second.enveloppe()["disponible_centimes"] == 40
    second.fermer()
