"""Le FEC : 18 colonnes, équilibré à l'écriture, et les soldes du grand livre au centime."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.histoires import Histoire
from ledger import Journal
from ledger.erreurs import ImpossibleHistoryError, UnreadableFactError
from projections import Vue, credits, enveloppe, regarder, structures
from projections.exports.fec import COLONNES, ecrire_fec, exiger_equilibre, nom_reglementaire
from projections.exports.fec_comptes import COMPTES, Compte, compte
from projections.partie_double import Ecriture
from tests.cli.outils import lancer
from tests.properties.outils import reglages
from tests.publication.exemple import FORMULE, attendu, creer, journal, ouverture, recit_complet
from tests.publication.exemple import siret as siret_de
from tests.publication.tirages import histoires_publiables, regarder_une_fois

PREMIERES = ("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib")
DATE = re.compile(r"[0-9]{8}")
MONTANT = re.compile(r"[0-9]+,[0-9]{2}")
Ligne = dict[str, str]


def lire(texte: str) -> list[Ligne]:
    """The lines of a FEC, its form checked."""
    assert texte.endswith("\r\n")
    entete, *lignes = texte.removesuffix("\r\n").split("\r\n")
    colonnes = entete.split("\t")
    assert len(colonnes) == 18
    assert tuple(colonnes[:6]) == PREMIERES
    lues = [dict(zip(colonnes, ligne.split("\t"), strict=True)) for ligne in lignes]
    for ligne in lues:
        for nom in ("EcritureDate", "PieceDate", "ValidDate"):
            assert DATE.fullmatch(ligne[nom]), ligne
        for nom in ("Debit", "Credit"):
            assert MONTANT.fullmatch(ligne[nom]), ligne
        for nom in (*PREMIERES, "PieceRef", "EcritureLib"):
            assert ligne[nom].strip(), ligne
        assert bool(ligne["CompAuxNum"]) == bool(ligne["CompAuxLib"])
    return lues


def centimes(montant: str) -> int:
    """An amount of the file in cents."""
    return int(montant.replace(",", ""))


def solde(ligne: Ligne) -> int:
    """What a line does to its account, debit positive."""
    return centimes(ligne["Debit"]) - centimes(ligne["Credit"])


def soldes(lignes: Iterable[Ligne], cle: int = 9) -> dict[str, int]:
    """Balances by the first digits of the account, the null ones left out."""
    totaux: dict[str, int] = defaultdict(int)
    for ligne in lignes:
        totaux[ligne["CompteNum"][:cle]] += solde(ligne)
    return {compte: n for compte, n in totaux.items() if n}


def exiger_regulier(lignes: list[Ligne]) -> None:
    """Entries numbered from 1 without a gap, each balanced, and the file with them."""
    ecritures: dict[int, int] = defaultdict(int)
    for ligne in lignes:
        ecritures[int(ligne["EcritureNum"])] += solde(ligne)
    assert list(ecritures) == list(range(1, len(ecritures) + 1))
    assert set(ecritures.values()) <= {0}
    assert sum(centimes(x["Debit"]) for x in lignes) == sum(centimes(x["Credit"]) for x in lignes)


def exiger_chiffres(lignes: list[Ligne], vue: Vue) -> None:
    """The balances of the file are the figures of the projections."""
    figure = enveloppe(vue)
    par_compte = soldes(lignes, 4)
    assert par_compte.get("8110", 0) == figure.disponible_centimes
    assert par_compte.get("8120", 0) == -figure.enveloppe_centimes
    assert par_compte.get("8011", 0) == figure.reste_a_payer_centimes
    assert par_compte.get("8440", 0) + par_compte.get("8450", 0) == figure.paye_centimes
    assert par_compte.get("8097", 0) == figure.reversements_centimes
    par_exercice = soldes(lignes, 8)
    for c in credits(vue):
        assert par_exercice.get(f"8340{c.exercice}", 0) == c.ae_engagees_centimes
        assert par_exercice.get(f"8440{c.exercice}", 0) == c.cp_payes_centimes
        assert par_exercice.get(f"8310{c.exercice}", 0) == c.ae_disponibles_centimes
        assert par_exercice.get(f"8410{c.exercice}", 0) == c.cp_disponibles_centimes
    payes: dict[str, int] = defaultdict(int)
    for ligne in lignes:
        if ligne["CompteNum"][:4] in ("8440", "8450"):
            payes[ligne["CompAuxNum"].removeprefix("S-")] += solde(ligne)
    for structure in structures(vue):
        assert payes[structure.structure] == structure.paye_centimes


@pytest.fixture(scope="module")
def complet() -> Journal:
    """The whole example, recorded on a fixed day."""
    return journal(recit_complet())


@pytest.mark.parametrize("exercice", [None, 2020, 2021])
def test_le_fichier_entier_est_celui_attendu(complet: Journal, exercice: int | None) -> None:
    """Tous les exercices, ou un seul avec ses à-nouveaux : le fichier entier est celui attendu."""
    texte = "".join(ecrire_fec(complet, regarder(complet), exercice=exercice))
    assert texte == attendu(f"fec-{exercice or 'tous'}.txt", texte)
    exiger_regulier(lire(texte))


def test_les_soldes_sont_ceux_du_grand_livre(complet: Journal) -> None:
    """Enveloppe, AE, CP, restes et structures recomptés sur le FEC sont ceux des projections."""
    vue = regarder(complet)
    lignes = lire("".join(ecrire_fec(complet, vue)))
    exiger_chiffres(lignes, vue)
    assert soldes(lignes, 4)["8440"] == 30_000_000
    assert soldes(lignes, 9)["834020192"] == 10_000_000


def test_la_demonstration_entiere_est_equilibree(base_demo: Path) -> None:
    """Les 464 faits de la démonstration : équilibre, totaux du contrat, et rien d'inventé."""
    fait = lancer("exporter", "fec", "--base", base_demo)
    lignes = lire(fait.sortie)
    exiger_regulier(lignes)
    par_compte = soldes(lignes, 4)
    assert (par_compte["8110"], par_compte["8440"]) == (2_980_000_000, 1_500_000_000)
    assert (par_compte["8340"], par_compte["8095"]) == (1_520_000_000, 20_000_000)
    assert "8011" not in par_compte


def test_les_a_nouveaux_reprennent_la_cloture_de_l_annee_d_avant(complet: Journal) -> None:
    """La reprise d'un exercice est la clôture du précédent, et les exercices font le tout."""
    vue = regarder(complet)
    par_annee = {a: lire("".join(ecrire_fec(complet, vue, exercice=a))) for a in range(2019, 2024)}
    for annee in range(2020, 2024):
        reprise = [x for x in par_annee[annee] if x["JournalCode"] == "AN"]
        assert soldes(reprise) == soldes(par_annee[annee - 1])
        assert {x["EcritureNum"] for x in reprise} == {"1"}
    assert soldes(par_annee[2023]) == soldes(lire("".join(ecrire_fec(complet, vue))))
    assert not [x for x in par_annee[2019] if x["JournalCode"] == "AN"]


def test_l_export_suit_les_deux_dates(complet: Journal) -> None:
    """À une date ou connu à une position, les soldes sont ceux de cette vue."""
    for vue in (regarder(complet, au=date(2020, 12, 31)), regarder(complet, connu_au=20)):
        lignes = lire("".join(ecrire_fec(complet, vue)))
        exiger_regulier(lignes)
        exiger_chiffres(lignes, vue)
    vide = "".join(ecrire_fec(complet, regarder(complet, connu_au=0), exercice=2020))
    assert vide == "\t".join(COLONNES) + "\r\n"


def test_le_nom_reglementaire_et_l_origine_sont_dits(tmp_path: Path) -> None:
    """La sortie d'erreur donne position, racine, empreinte et nom SirenFECAAAAMMJJ.txt."""
    assert nom_reglementaire("13002526500013", 2021) == "130025265FEC20211231.txt"
    base = creer(tmp_path / "exemple.db", recit_complet())
    erreur = lancer("exporter", "fec", "--base", base, "--exercice", "2021").erreur
    assert erreur.startswith(f"Nom réglementaire : {siret_de(0)[:9]}FEC20211231.txt\n")
    assert "\nPosition : 39\nRacine : " in erreur
    assert (
        "un FEC réglementaire n'en tient qu'un" in lancer("exporter", "fec", "--base", base).erreur
    )
    muet = creer(tmp_path / "muet.db", ouverture(attribuant=None).commandes)
    arguments = ("exporter", "fec", "--base", muet, "--exercice", "2020")
    assert "Nom réglementaire inconnu" in lancer(*arguments).erreur
    erreur = lancer(*arguments, "--siret-attribuant", siret_de(5)).erreur
    assert f"{siret_de(5)[:9]}FEC20201231.txt" in erreur
    assert lancer(*arguments[:-1], "20200").code == 2


def test_un_exercice_sans_mouvement_est_dit(tmp_path: Path) -> None:
    """Un fichier d'à-nouveaux seuls, ou sans écriture, ne prend pas son nom sans remarque."""
    base = creer(tmp_path / "exemple.db", recit_complet())
    for exercice, tenu in (("2031", "que les à-nouveaux"), ("2001", "aucune écriture")):
        fait = lancer("exporter", "fec", "--base", base, "--exercice", exercice)
        dit = f"Aucun mouvement de {exercice} n'est compté : le fichier ne tient {tenu}.\n"
        assert (fait.code, fait.erreur.startswith(dit)) == (0, True)
    fait = lancer("exporter", "fec", "--base", base, "--exercice", "2031", "-o", f"{tmp_path}/")
    assert "Aucun mouvement de 2031" in fait.erreur
    assert (
        "Aucun mouvement"
        not in lancer("exporter", "fec", "--base", base, "--exercice", "2021").erreur
    )


def test_un_texte_hostile_reste_dans_sa_colonne(tmp_path: Path) -> None:
    """Une formule, une barre ou un point-virgule dans un nom ne changent ni colonne ni calcul."""
    recit = ouverture()
    recit.label("-a", 1, porteur=f"{FORMULE} | ; =1+1")
    recit.payer("-a", 1, "2020-03-01")
    base = creer(tmp_path / "hostile.db", recit.commandes)
    lignes = lire(lancer("exporter", "fec", "--base", base).sortie)
    auxiliaires = {(x["CompAuxNum"], x["CompAuxLib"]) for x in lignes if x["CompAuxNum"]}
    assert auxiliaires == {("S--a", f"'{FORMULE} | ;' =1+1")}


def test_un_desequilibre_est_refuse() -> None:
    """Un centime d'écart entre débit et crédit arrête l'export."""
    exiger_equilibre((5, -3, -2), "position 1")
    with pytest.raises(ImpossibleHistoryError, match="position 1 : débit et crédit diffèrent de 1"):
        exiger_equilibre((5, -3, -1), "position 1")


def test_le_plan_de_comptes_est_sans_doublon() -> None:
    """Chaque poste a son compte, de classe 8, et un identifiant forgé n'en ouvre aucun."""
    numeros = [numero for numero, _ in COMPTES.values()]
    assert len(set(numeros)) == len(numeros)
    assert all(re.fullmatch("8[0-4][0-9]{2}", numero) for numero in numeros)
    assert compte(Ecriture(1, "cp:payes:2020:bonus", 5, "a")) == Compte(
        "844020202", "S-a", "CP payés - 2020 - bonus"
    )
    with pytest.raises(UnreadableFactError, match="n'est pas un identifiant"):
        compte(Ecriture(1, "cp:payes:2020:bonus", 5, "a\tb"))


@reglages(20)
@given(histoire=histoires_publiables(), data=st.data())
def test_toute_histoire_donne_un_fec_equilibre(histoire: Histoire, data: st.DataObject) -> None:
    """À toute date, écritures continues et équilibrées, soldes du grand livre, reprises justes."""
    lu, vue = regarder_une_fois(data, histoire)
    lignes = lire("".join(ecrire_fec(lu, vue)))
    exiger_regulier(lignes)
    exiger_chiffres(lignes, vue)
    annees = sorted({x["EcritureDate"][:4] for x in lignes})
    for annee in annees:
        exercice = lire("".join(ecrire_fec(lu, vue, exercice=int(annee))))
        exiger_regulier(exercice)
        assert soldes(exercice) == soldes(x for x in lignes if x["EcritureDate"][:4] <= annee)
