"""Le verbe exporter : un fichier que les outils comptables recomptent."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.outils import lancer


def test_bean_check_accepte_le_fichier_exporte(base_golden: Path, tmp_path: Path) -> None:
    """bean-check, lancé comme un contrôleur le lance, accepte la démonstration exportée."""
    fichier = tmp_path / "fabriques.beancount"
    fait = lancer("exporter", "beancount", "--base", base_golden, "-o", fichier)
    assert (fait.code, fait.octets, fait.erreur) == (0, b"", "")
    verdict = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(fichier)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")
    faux = fichier.read_text("utf-8").replace("29800000.00 ~ 0", "29800000.01 ~ 0")
    fichier.write_text(faux, "utf-8")
    verdict = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(fichier)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verdict.returncode == 1
    assert "Balance failed for 'Soldes:Enveloppe:Disponible'" in verdict.stderr


@pytest.mark.parametrize(("outil", "verbe"), [("hledger", "check"), ("ledger", "balance")])
def test_hledger_et_ledger_acceptent_le_fichier_exporte(
    base_golden: Path, tmp_path: Path, outil: str, verbe: str
) -> None:
    """Le fichier hledger exporté est accepté par hledger et par ledger."""
    chemin = shutil.which(outil)
    if chemin is None:
        pytest.skip(f"{outil} n'est pas installé : son format n'est pas vérifié par lui")
    fichier = tmp_path / "fabriques.journal"
    assert lancer("exporter", "hledger", "--base", base_golden, "-o", fichier).code == 0
    verdict = subprocess.run(
        [chemin, "-f", str(fichier), verbe],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )
    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("format_", ["beancount", "hledger"])
def test_l_export_suit_les_deux_dates(base_golden: Path, format_: str) -> None:
    """--au et --connu-au bornent les faits exportés, et l'en-tête le dit."""
    fait = lancer(
        "exporter", format_, "--base", base_golden, "--au", "31/12/2020", "--connu-au", "200"
    )
    assert (fait.code, fait.erreur) == (0, "")
    lignes = fait.sortie.splitlines()
    assert lignes[2] == "; Position : 200"
    assert lignes[4] == "; Faits comptés jusqu'au : 2020-12-31"
    assert sum(ligne.strip(" ;").startswith("feuille: ") for ligne in lignes) == 200
    avant = lancer("exporter", format_, "--base", base_golden, "--au", "2019-12-31").sortie
    assert sum(ligne.strip(" ;").startswith("feuille: ") for ligne in avant.splitlines()) == 1


def test_l_export_refuse_ce_qu_il_ne_sait_pas_ecrire(base: Path, tmp_path: Path) -> None:
    """Format inconnu, base absente, position jamais atteinte, base visée : refus sans fichier."""
    absente = tmp_path / "rien.db"
    cas = (
        (("exporter", "excel", "--base", base), 2),
        (("exporter", "beancount", "--base", absente), 4),
        (("exporter", "beancount", "--base", base, "--connu-au", "9999"), 2),
        (("exporter", "hledger", "--base", base, "-o", base), 2),
    )
    for arguments, code in cas:
        fait = lancer(*arguments)
        assert (fait.code, fait.octets) == (code, b""), arguments
        assert fait.erreur != ""
    assert not absente.exists()
