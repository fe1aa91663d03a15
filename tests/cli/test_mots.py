"""Ce qu'un tableur français montre se lit en français ; les codes restent aux programmes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ledger.registre import TYPES
from projections.noms import nom_du_chiffre
from projections.tableurs.tirage import nommer_strate
from tests.cli.essais import SIMPLE, STRATES
from tests.cli.outils import lancer
from tests.tableurs.evaluer import lire_ods, lire_xlsx

CODES = re.compile(
    r"controleur|systeme|systematique|hors_qpv|[0-9]+-[0-9]*"
    r"|(enveloppe|credits|structures|echeancier|matrice|labels)\.[a-z0-9_.-]+"
)
"""Roles, parts of a population and cells, as programs name them."""
TOUJOURS_EN_CODE = {"Cellule (fabriques expliquer)", "Structure", "Commande", "Référence", "Acteur"}
"""Columns of identifiers: to paste, or to look for elsewhere."""
VERBES: dict[str, tuple[str, ...]] = {
    "journal": (),
    "fonctions": (),
    "expliquer": ("enveloppe.retraits_anterieurs",),
    "comparer": ("300", "310"),
    "sonder": ("--methode", "mus", "--nombre", "4", "--alea", "a"),
}


def _codes(titres: list[str], lignes: list[list[object]]) -> list[str]:
    """Codes shown where French words should be, headings included."""
    trouves = [titre for titre in titres if CODES.fullmatch(titre)]
    for ligne in lignes:
        for titre, valeur in zip(titres, ligne, strict=False):
            code = isinstance(valeur, str) and (valeur in TYPES or CODES.fullmatch(valeur))
            if code and titre not in TOUJOURS_EN_CODE:
                trouves.append(f"{titre} : {valeur}")
    return trouves


@pytest.mark.parametrize("verbe", VERBES)
def test_un_tableur_francais_ne_montre_aucun_code(
    verbe: str, base_golden: Path, tmp_path: Path
) -> None:
    """Faits, rôles, strates et chiffres se disent en français dans csv-fr, xlsx et ods."""
    demande: tuple[str | Path, ...] = (verbe, *VERBES[verbe], "--base", base_golden)
    texte = lancer(*demande, "--format", "csv-fr").octets.decode("utf-8-sig")
    titres, *lignes = csv.reader(texte.splitlines(), delimiter=";")
    assert lignes
    assert _codes(titres, [list(ligne) for ligne in lignes]) == []
    for suffixe, lire in (("xlsx", lire_xlsx), ("ods", lire_ods)):
        fichier = tmp_path / f"{verbe}.{suffixe}"
        assert lancer(*demande, "-o", fichier).code == 0
        for nom, feuille in lire(fichier.read_bytes()).items():
            titres, *lues = [[str(v) for v in ligne] for ligne in feuille.lignes()]
            if nom != "Contrôle":
                assert _codes(titres, [list(ligne) for ligne in lues]) == [], (suffixe, nom)


def test_le_csv_standard_et_celui_des_programmes_gardent_les_codes(base_golden: Path) -> None:
    """`--norme standard` et `--format csv` disent les codes du journal, pas leurs mots."""
    feuille = ("exporter", "csv", "--feuille", "journal", "--base", base_golden)
    for demande in (
        (*feuille, "--norme", "standard"),
        ("journal", "--base", base_golden, "--format", "csv"),
    ):
        premiere = next(csv.DictReader(lancer(*demande).sortie.splitlines()))
        assert (premiere["type"], premiere["role"]) == ("programme-ouvert", "systeme")
    fr = lancer(*feuille).octets.decode("utf-8-sig")
    premiere = next(csv.DictReader(fr.splitlines(), delimiter=";"))
    assert (premiere["Fait"], premiere["Rôle"]) == ("Programme ouvert", "système")


def test_le_classeur_d_une_explication_garde_la_cellule_a_recoller(
    base_golden: Path, tmp_path: Path
) -> None:
    """Le titre est en français ; la feuille de contrôle garde le nom à donner à « expliquer »."""
    fichier = tmp_path / "x.xlsx"
    demande = ("expliquer", "credits.2021.cp_payes", "--base", base_golden)
    assert lancer(*demande, "-o", fichier).code == 0
    livre = lire_xlsx(fichier.read_bytes())
    assert livre["Explication"].lignes()[0][-1] == "Crédits, 2021, CP payés (€)"
    identite = {ligne[0]: ligne[1] for ligne in livre["Contrôle"].lignes() if len(ligne) > 1}
    assert identite["Cellule (fabriques expliquer)"] == "credits.2021.cp_payes"


def test_un_chiffre_et_une_strate_ont_un_nom() -> None:
    """Une case de la matrice, une tranche, une tranche de montants : en mots et en euros."""
    assert nom_du_chiffre("matrice.2020.paye_2021") == "Matrice, 2020, payé en 2021"
    assert nom_du_chiffre("echeancier.a.0.verse") == "Échéancier, a, bonus numérique, versé"
    assert nommer_strate("5000000-9999999") == "de 50 000,00 € à 99 999,99 €"
    assert nommer_strate("20000000-") == "200 000,00 € et plus"
    assert (nommer_strate("2021"), nommer_strate("exhaustive")) == ("2021", "exhaustive")


def test_une_strate_de_territoire_reste_dite(base_golden: Path) -> None:
    """Un tirage simple n'a pas de strate ; un territoire se dit QPV ou hors QPV."""
    for demande, attendues in ((SIMPLE, {""}), (STRATES, {"QPV", "hors QPV", "inconnu"})):
        texte = lancer("sonder", *demande, "--base", base_golden, "--format", "csv-fr").octets
        lues = csv.DictReader(texte.decode("utf-8-sig").splitlines(), delimiter=";")
        assert {ligne["Strate"] for ligne in lues} <= attendues
