"""Trouver les en-têtes où qu'ils soient, sous leurs noms connus, sans choisir pour personne."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from commands.tableaux import Entete, TableauIllisible, ouvrir_tableau, trouver_entete
from commands.tableaux.entete import cle
from tests.tableaux.ecrire import en_csv

ALIAS = {
    "porteur": ("structure", "nom", "Nom du bénéficiaire", "nomBeneficiaire"),
    "code_postal": ("CP",),
    "montant": ("montant demandé", "subvention"),
}


def entete(rangs: list[list[Any]], dossier: Path, **imposees: str) -> Entete:
    chemin = en_csv(dossier / "a.csv", rangs)
    with ouvrir_tableau(chemin) as tableau:
        return trouver_entete(tableau, ALIAS, imposees=imposees)


@pytest.mark.parametrize(
    "titre",
    [
        "Nom du bénéficiaire",
        "NOM DU BENEFICIAIRE",
        " nom_du_beneficiaire ",
        "Nom du bénéficiaire (raison sociale)",
        "porteur",
        "nomBeneficiaire",
    ],
)
def test_un_titre_se_reconnait_sous_toutes_ses_ecritures(titre: str, tmp_path: Path) -> None:
    """Accents, casse, tirets bas et précisions entre parenthèses ne changent pas un titre."""
    assert entete([[titre, "CP"], ["a", "75011"]], tmp_path).colonnes == {
        "porteur": 0,
        "code_postal": 1,
    }


def test_les_entetes_se_trouvent_sous_des_lignes_blanches_et_un_titre(tmp_path: Path) -> None:
    """Sous des lignes blanches, un titre et une première ligne d'en-têtes, la bonne est trouvée."""
    rangs = [
        [],
        ["Candidatures 2020"],
        [],
        ["Structure", "", "Aide", ""],
        ["Nom", "CP", "Montant demandé (€)", "Avis"],
        ["a", "75011", "1", ""],
    ]
    trouve = entete(rangs, tmp_path)
    assert (trouve.ligne, trouve.colonnes) == (5, {"porteur": 0, "code_postal": 1, "montant": 2})
    assert "ligne 2, 4" in trouve.constats[0]
    assert trouve.titre("montant") == "Montant demandé (€) (C)"


def test_deux_colonnes_pour_un_champ_demandent_un_choix(tmp_path: Path) -> None:
    """Deux colonnes du même sens sont refusées par leurs noms ; --colonnes tranche."""
    rangs = [["Nom", "Montant", "CP", "Subvention"], ["a", "1", "75011", "2"]]
    with pytest.raises(TableauIllisible) as refus:
        entete(rangs, tmp_path)
    assert refus.value.code == "entete_ambigu"
    assert "« Montant » (B) et « Subvention » (D)" in refus.value.message
    for choix, colonne in (("@D", 3), ("Subvention", 3), ("montant", 1)):
        assert entete(rangs, tmp_path, montant=choix).colonnes["montant"] == colonne
    double = [["Nom", "Total", "Total"], ["a", "1", "2"]]
    with pytest.raises(TableauIllisible, match="Plusieurs colonnes s'appellent « Total »"):
        entete(double, tmp_path, montant="Total")
    with pytest.raises(TableauIllisible, match="Aucune colonne ne s'appelle « Prix »"):
        entete(double, tmp_path, montant="Prix")


def test_sans_entete_connu_le_refus_dit_ce_qui_est_la(tmp_path: Path) -> None:
    """Une mauvaise feuille ou un fichier sans en-tête est refusé avec ce qu'il porte."""
    with pytest.raises(TableauIllisible) as refus:
        entete([["a", "b"], ["1", "2"]], tmp_path)
    assert refus.value.code == "entete_introuvable"
    assert "« a », « b »" in refus.value.message
    classeur = openpyxl.Workbook()
    classeur.create_sheet("Candidatures")["A1"] = "Nom"
    classeur.save(tmp_path / "a.xlsx")
    with ouvrir_tableau(tmp_path / "a.xlsx") as tableau, pytest.raises(TableauIllisible) as vide:
        trouver_entete(tableau, ALIAS)
    assert (vide.value.code, "« Candidatures »" in vide.value.remede) == ("fichier_vide", True)


def test_des_entetes_fusionnes_sont_dits(tmp_path: Path) -> None:
    """Un titre posé sur deux colonnes fusionnées est signalé avec ses lettres."""
    classeur = openpyxl.Workbook()
    page: Any = classeur.active
    page.append(["Nom", "CP", None])
    page.append(["a", "75011", "b"])
    page.merge_cells("B1:C1")
    classeur.save(tmp_path / "a.xlsx")
    with ouvrir_tableau(tmp_path / "a.xlsx") as tableau:
        trouve = trouver_entete(tableau, ALIAS)
    assert any("En-têtes fusionnés (B à C)" in c for c in trouve.constats)


def test_un_entete_repete_se_reconnait(tmp_path: Path) -> None:
    """Des fichiers mis bout à bout répètent leurs en-têtes : ce n'est pas une donnée."""
    chemin = en_csv(tmp_path / "a.csv", [["Nom", "CP"], ["a", "75011"], ["Nom", "CP"]])
    with ouvrir_tableau(chemin) as tableau:
        trouve = trouver_entete(tableau, ALIAS)
        assert [trouve.est_repete_par(r) for r in tableau.rangees()] == [True, False, True]


def test_la_cle_d_un_titre_ignore_ce_qui_ne_le_distingue_pas() -> None:
    """La clé garde lettres et chiffres ; une parenthèse seule n'efface pas tout le titre."""
    assert [cle(x) for x in ("N° EJ", "(Montant)", "Cœur", "code-postal", "€")] == [
        "nej",
        "montant",
        "coeur",
        "codepostal",
        "",
    ]
