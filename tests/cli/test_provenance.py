"""D'où vient un fait importé se lit là où on le cherche : explication, journal, classeur."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from pathlib import Path

import openpyxl
import pytest

from tests.cli.outils import lancer
from tests.tableaux.ecrire import ecrire

RANGS = [
    ["commande", "date", "exercice", "ae", "cp", "nature", "source"],
    ["OuvrirCrédits", "2020-01-01", "2020", "12 000 000,00", "4 000 000,00", "lfi", "LFI 2020"],
    [],
    ["OuvrirCrédits", "2020-06-01", "2020", "1 000 000,00", "400 000,00", "lfr", "LFR 2020"],
]


@pytest.fixture
def importee(base_neuve: Path, tmp_path: Path) -> tuple[Path, str]:
    """Credits opened by rows 2 and 4 of a workbook; its digest."""
    fichier = ecrire("xlsx", tmp_path, RANGS)
    appel = ("importer", "commandes", fichier, "--base", base_neuve, "--role", "ordonnateur")
    assert lancer(*appel, "--confirmer").code == 0
    return base_neuve, sha256(fichier.read_bytes()).hexdigest()


def test_expliquer_mene_d_un_chiffre_a_la_ligne_du_fichier(importee: tuple[Path, str]) -> None:
    """Tableau, JSON et CSV disent le fichier, la feuille et la ligne de chaque fait importé."""
    base, empreinte = importee
    appel = ("expliquer", "credits.2020.ae_ouvertes", "--base", base)
    table = lancer(*appel).sortie
    assert "[1] Feuil1 2" in table
    assert "[1] Feuil1 4" in table
    assert " ".join(table.split()).endswith(f"[1] fichier importé, SHA-256 {empreinte}")
    dites = [c["provenance"] for c in lancer(*appel, "--format", "json").json["contributions"]]
    assert dites == [{"fichier": empreinte, "ligne": n, "feuille": "Feuil1"} for n in (2, 4)]
    plates = csv.DictReader(io.StringIO(lancer(*appel, "--format", "csv").sortie))
    lues = [(p["source_fichier"], p["source_feuille"], p["source_ligne"]) for p in plates]
    assert lues == [(empreinte, "Feuil1", n) for n in ("2", "4")]


def test_la_feuille_du_journal_et_celle_d_une_explication_disent_la_source(
    importee: tuple[Path, str], tmp_path: Path
) -> None:
    """Dans un classeur, le journal et l'explication ont une colonne par membre de la source."""
    base, empreinte = importee
    for nom, appel in (
        ("journal", ("exporter", "xlsx")),
        ("explication", ("expliquer", "credits.2020.ae_ouvertes", "--format", "xlsx")),
    ):
        sortie = tmp_path / f"{nom}.xlsx"
        assert lancer(*appel, "--base", base, "-o", sortie).code == 0
        feuille = openpyxl.load_workbook(sortie)[nom.capitalize()]
        rangs = [[c.value for c in rang] for rang in feuille.iter_rows()]
        (titres,) = [r for r in rangs if "Fichier importé (SHA-256)" in r]
        debut = titres.index("Fichier importé (SHA-256)")
        assert titres[debut : debut + 3] == ["Fichier importé (SHA-256)", "Feuille", "Ligne"]
        lues = [r[debut : debut + 3] for r in rangs if r[debut] == empreinte]
        assert lues == [[empreinte, "Feuil1", 2], [empreinte, "Feuil1", 4]]
