"""Un long import dit où il en est, sur un terminal seulement, sans toucher au rapport."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.outils import RACINE, lancer
from tests.tableaux.ecrire import en_csv

TITRES = ["Nom", "Code postal", "Ville", "Territoire", "Numérique", "Date"]
LANCEUR = "from commands.cli import main, progression as p; p.PATIENCE = p._CADENCE = 0; main()"


@pytest.mark.skipif(sys.platform == "win32", reason="pas de pseudo-terminal")
def test_le_compteur_avance_sur_un_terminal_et_s_efface(base_neuve: Path, tmp_path: Path) -> None:
    """Sur un terminal : le nombre de lignes lues, puis rien ; ailleurs, pas un octet de plus."""
    rangs = [[f"Lieu {n}", "75011", "Paris", "qpv", "non", "2020-02-03"] for n in range(450)]
    chemin = en_csv(tmp_path / "a.csv", [TITRES, *rangs])
    appel = ("importer", "candidatures", chemin, "--base", base_neuve, "--format", "jsonl")
    maitre, esclave = os.openpty()
    fait = subprocess.run(
        [sys.executable, "-c", LANCEUR, *map(str, appel)],
        env={**os.environ, "PYTHONPATH": str(RACINE)},
        stdout=subprocess.PIPE,
        stderr=esclave,
        check=True,
    )
    os.close(esclave)
    dit = os.read(maitre, 1 << 16).decode()
    os.close(maitre)
    dessins = [d.strip() for d in dit.split("\r")]
    comptes = [d for d in dessins if re.fullmatch(r"Lignes lues : [0-9]+", d)]
    assert comptes[-1] == "Lignes lues : 400", dit
    assert dessins[dessins.index(comptes[-1]) + 1] == ""
    assert "Lignes lues" not in "".join(dessins[dessins.index(comptes[-1]) + 1 :])
    ailleurs = lancer(*appel)
    assert fait.stdout == ailleurs.octets
    assert "Lignes lues" not in ailleurs.erreur
    assert "\r" not in ailleurs.erreur
