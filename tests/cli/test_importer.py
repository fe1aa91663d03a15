"""Le verbe importer : chaque ligne a une issue, rien ne s'écrit sans accord, ni deux fois."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from commands.demo import LAUREATS
from tests.cli.outils import RACINE, Resultat, demarrer, en_lignes, lancer, ouverture, position_max
from tests.tableaux.ecrire import ECRIVAINS, Rangs, ecrire, en_csv

LISTE = RACINE / "commands" / "donnees" / LAUREATS
CONNUS = ("--date-effet", "2020-02-03", "--territoire", "qpv", "--numerique", "non")
TITRES = ["Nom", "Code postal", "Ville", "Territoire", "Numérique", "Date", "Montant", "SIRET"]
BONNE = ["Le Lieu", "75011", "Paris", "QPV", "non", "2020-02-03", "75 000,00", "35600000000048"]


def importer(sorte: str, fichier: Path, base: Path, *options: str) -> Resultat:
    return lancer("importer", sorte, fichier, "--base", base, "--format", "json", *options)


def racine(base: Path) -> str:
    return lancer("releve", "--base", base).sortie


def table(dossier: Path, *rangs: list[Any], titres: list[str] = TITRES) -> Path:
    return en_csv(dossier / "a.csv", [titres, *rangs], separateur=";")


def avec(**ecarts: Any) -> list[Any]:
    """The good row, but for some columns."""
    noms = ["nom", "cp", "ville", "territoire", "numerique", "date", "montant", "siret"]
    return [ecarts.get(nom, valeur) for nom, valeur in zip(noms, BONNE, strict=True)]


def codes(fait: Resultat) -> dict[int, list[str]]:
    """Row -> its outcome and codes."""
    return {
        ligne["ligne"]: [ligne["statut"], *(c["code"] for c in ligne["constats"])]
        for ligne in fait.json["lignes"]
    }


def test_la_liste_publiee_s_importe_et_garde_ses_lignes(base_neuve: Path) -> None:
    """Les 80 lauréats publiés s'importent ; chaque fait garde le fichier et la ligne."""
    avant = racine(base_neuve)
    essai = importer("candidatures", LISTE, base_neuve, *CONNUS)
    assert (essai.code, racine(base_neuve)) == (0, avant), "l'essai n'écrit rien"
    assert essai.json["a_blanc"] is True
    vrai = importer("candidatures", LISTE, base_neuve, *CONNUS, "--confirmer")
    assert (vrai.code, vrai.json["totaux"]) == (0, essai.json["totaux"])
    assert vrai.json["totaux"] == {
        "lues": 80,
        "acceptees": 80,
        "averties": 0,
        "deja": 0,
        "refusees": 0,
        "vides": 0,
    }
    assert vrai.json["sha256"] == sha256(LISTE.read_bytes()).hexdigest()
    faits = [x["state"] for x in lancer("journal", "--base", base_neuve).lignes_json[1:]]
    assert [f["provenance"] for f in faits] == [
        {"fichier": vrai.json["sha256"], "ligne": n} for n in range(2, 82)
    ]
    attendus = [r["structure"] for r in csv.DictReader(LISTE.read_text("utf-8").splitlines())]
    assert [f["porteur"] for f in faits] == attendus
    resume = lancer("journal", "--base", base_neuve, "--format", "csv").sortie
    derniere = list(csv.DictReader(io.StringIO(resume)))[-1]
    assert (derniere["source_fichier"], derniere["source_ligne"]) == (vrai.json["sha256"], "81")
    encore = importer("candidatures", LISTE, base_neuve, *CONNUS, "--confirmer")
    assert (encore.code, encore.json["totaux"]["deja"], position_max(base_neuve)) == (0, 80, 81)
    assert lancer("verifier", "--base", base_neuve).code == 0


@pytest.mark.parametrize("genre", ECRIVAINS)
def test_les_quatre_formats_font_les_memes_commandes(
    genre: str, base_neuve: Path, tmp_path: Path
) -> None:
    """Les mêmes candidatures en csv, xlsx, xls ou ods ont les mêmes identifiants et issues."""
    rangs: Rangs = [
        TITRES,
        ["Le Lieu", "01500", "Ambérieu", "QPV", "non", date(2020, 2, 3), 75000, "35600000000048"],
        ["Œuvre", "75011", "Paris", "hors QPV", "oui", date(2020, 2, 4), 150000, ""],
        ["", "", "", "", "", "", "", ""],
    ]
    fait = importer("candidatures", ecrire(genre, tmp_path, rangs), base_neuve, "--confirmer")
    assert fait.code == 0
    assert [(x["statut"], x["structure"], x["id_commande"]) for x in fait.json["lignes"]] == [
        ("acceptee", "le-lieu-01500", "import-candidature-8898c29a96cd9459b1ad06c78c20e1b6"),
        ("acceptee", "uvre-75011", "import-candidature-141908f7cd9b6970966a6327e84092ea"),
    ]


def test_un_fichier_amende_n_ajoute_que_le_nouveau(base_neuve: Path, tmp_path: Path) -> None:
    """Une ligne changée est dite avec sa colonne et n'est pas appliquée ; une nouvelle s'ajoute."""
    autre = avec(nom="L'Atelier", siret="")
    assert (
        importer("candidatures", table(tmp_path, BONNE, autre), base_neuve, "--confirmer").code == 0
    )
    amende = table(
        tmp_path, avec(nom="Le Neuf", siret=""), autre, avec(ville="Lyon", montant="80 000")
    )
    fait = importer("candidatures", amende, base_neuve, "--confirmer")
    assert (fait.code, position_max(base_neuve)) == (3, 4)
    assert codes(fait) == {
        2: ["acceptee"],
        3: ["deja"],
        4: ["refusee", "deja_importee_differe", "deja_importee_differe"],
    }
    ville, montant = fait.json["lignes"][2]["constats"]
    assert (ville["colonne"], montant["colonne"]) == ("Ville (C)", "Montant (G)")
    assert "fichier « Lyon », tenu « Paris »" in ville["message"]
    assert "fichier 80 000,00 €, tenu 75 000,00 €" in montant["message"]
    assert "CorrigerStructure" in ville["remede"]
    corriger = {
        "commande": "CorrigerStructure",
        "id_commande": "correction",
        "programme": "fabriques-de-territoire",
        "acteur": {"id": "i.martin", "role": "instructeur"},
        "date_effet": "2020-03-01",
        "structure": "le-lieu-75011",
        "ville": "Lyon",
        "motif": "Déménagement",
    }
    lancer("executer", "-", "--base", base_neuve, entree=en_lignes([corriger]))
    corrige = importer("candidatures", table(tmp_path, avec(ville="Lyon")), base_neuve)
    assert codes(corrige) == {2: ["deja"]}, "ce que le grand livre dit aujourd'hui fait foi"


CAS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["acceptee"]),
    ({"montant": "17\u00a0833"}, ["acceptee"]),
    ({"montant": "17\u202f833,50 €"}, ["acceptee"]),
    ({"montant": "40 000,00"}, ["acceptee"]),
    ({"montant": ""}, ["acceptee"]),
    ({"montant": "#"}, ["acceptee"]),
    ({"montant": "12.500"}, ["refusee", "montant_ambigu"]),
    ({"montant": "-5"}, ["refusee", "valeur_invalide"]),
    ({"siret": "21860194600000.0"}, ["refusee", "siret_flottant"]),
    ({"siret": "2.186E+13"}, ["refusee", "siret_scientifique"]),
    ({"siret": "218601946"}, ["refusee", "siren_au_lieu_de_siret"]),
    ({"siret": "35600000000049"}, ["refusee", "valeur_invalide"]),
    ({"cp": "1500"}, ["refusee", "code_postal_tronque"]),
    ({"date": "2017/09/08"}, ["avertie", "date_reecrite"]),
    ({"date": "31/12/1899"}, ["refusee", "date_hors_bornes"]),
    ({"date": "43864"}, ["refusee", "date_serie"]),
    ({"date": "03/02/20"}, ["refusee", "date_annee_courte"]),
    ({"territoire": "HORS QPV"}, ["acceptee"]),
    ({"territoire": "rural"}, ["refusee", "valeur_invalide"]),
    ({"nom": "x" * 501}, ["refusee", "valeur_invalide"]),
    ({"nom": "=A1"}, ["refusee", "formule_en_texte"]),
    ({"nom": "東京"}, ["refusee", "identifiant_indecidable"]),
    ({"nom": "", "montant": "1,5"}, ["refusee", "valeur_absente", "montant_ambigu"]),
    ({"ville": "Ã‰vry"}, ["refusee", "texte_mal_decode"]),
    ({"ville": "Par\u200bis"}, ["refusee", "valeur_invalide"]),
]


@pytest.mark.parametrize(("ecarts", "attendu"), CAS, ids=lambda p: str(p)[:40])
def test_chaque_desordre_connu_a_son_issue(
    ecarts: dict[str, Any], attendu: list[str], base_neuve: Path, tmp_path: Path
) -> None:
    """Chaque désordre des vrais fichiers est lu exactement ou refusé, avec colonne et remède."""
    fait = importer("candidatures", table(tmp_path, avec(**ecarts)), base_neuve)
    assert codes(fait) == {2: attendu}
    assert fait.code == (3 if attendu[0] == "refusee" else 0)
    for constat in fait.json["lignes"][0]["constats"]:
        assert constat["remede"] or attendu[0] == "avertie"
        assert constat["colonne"] or constat["code"] == "identifiant_indecidable"


def test_chaque_ligne_du_fichier_est_comptee_une_fois(base_neuve: Path, tmp_path: Path) -> None:
    """Lignes vides, en-têtes répétés, doublons, collisions, colonnes décalées : rien ne se perd."""
    chemin = table(
        tmp_path,
        BONNE,
        [],
        BONNE,
        avec(ville="Lyon"),
        TITRES,
        ["Le Lieu", "2, rue", "75011", "Paris", "QPV", "non", "2020-02-03", "1", "", "x"],
        avec(nom="Autre", siret="", date="02/28/2020"),
        avec(nom="Encore", siret="", date="03/02/2020"),
        ["", "", ""],
    )
    chemin.write_bytes(chemin.read_bytes() + b'"Le "Lieu";75011;Paris\r\n')
    fait = importer("candidatures", chemin, base_neuve)
    assert codes(fait) == {
        2: ["acceptee"],
        4: ["deja", "doublon_dans_le_fichier"],
        5: ["refusee", "collision_dans_le_fichier"],
        7: [
            "refusee",
            "code_postal_illisible",
            "valeur_invalide",
            "booleen_illisible",
            "date_illisible",
            "montant_ambigu",
            "siret_longueur",
            "ligne_illisible",
        ],
        8: ["refusee", "date_illisible"],
        9: ["refusee", "date_ambigue"],
        11: ["refusee", "ligne_illisible"],
    }
    assert fait.json["totaux"] == {
        "lues": 7,
        "acceptees": 1,
        "averties": 0,
        "deja": 1,
        "refusees": 5,
        "vides": 3,
    }


def test_les_quatre_formats_du_rapport_disent_la_meme_chose(
    base_neuve: Path, tmp_path: Path
) -> None:
    """Tableau, CSV, JSON et lignes JSON donnent les mêmes issues et les mêmes totaux."""
    chemin = table(tmp_path, BONNE, avec(nom="=A", montant="1,5"), avec(nom="B", date="2020.02.03"))
    fait = importer("candidatures", chemin, base_neuve)
    appel = ("importer", "candidatures", chemin, "--base", base_neuve)
    lignes = lancer(*appel, "--format", "jsonl")
    assert lignes.lignes_json == fait.json["lignes"]
    plates = list(csv.DictReader(io.StringIO(lancer(*appel, "--format", "csv").sortie)))
    assert [(p["ligne"], p["statut"], p["code"]) for p in plates] == [
        ("2", "acceptee", ""),
        ("3", "refusee", "formule_en_texte"),
        ("3", "refusee", "montant_ambigu"),
        ("4", "avertie", "date_reecrite"),
    ]
    tableau = lancer(*appel)
    for dit in ("Ligne 3 · REFUSÉE", "formule_en_texte", "1 ligne sans remarque", "3 lignes lues"):
        assert dit in tableau.sortie
    assert "Ligne 2" not in tableau.sortie
    assert "Ligne 2 · acceptée · le-lieu-75011" in lancer(*appel, "--toutes").sortie
    assert tableau.erreur == "Rien n'est écrit : relancer avec --confirmer pour enregistrer.\n"
    sortie = tmp_path / "rapport.csv"
    assert lancer(*appel, "-o", sortie).code == 3
    assert list(csv.DictReader(sortie.read_text("utf-8").splitlines())) == plates


VERSEMENTS = ["Nom", "Code postal", "Tranche", "Montant versé", "N° DP", "Date de paiement"]


def test_les_versements_ne_se_paient_jamais_deux_fois(base: Path, tmp_path: Path) -> None:
    """Par la référence : doublons refusés, déjà payés reconnus, montants changés dits."""
    rangs = [
        ["LAB01", "01500", "3", "50 000,00", "DP-1", "01/03/2022"],
        ["LAB01", "01500", "2", "50 000,00", "DEMO-01-2", "01/03/2021"],
        ["LAB01", "01500", "2", "49 000,00", "DEMO-01-2", "01/03/2021"],
        ["LAB01", "01500", "1", "49 000,00", "DEMO-01-1", "02/03/2020"],
        ["Inconnue", "75011", "1", "1", "DP-2", "01/03/2021"],
        ["LAB01", "01500", "bonus", "100 000", "DEMO-01-B", "02/03/2020"],
    ]
    chemin = table(tmp_path, *rangs, titres=VERSEMENTS)
    avant = position_max(base)
    fait = importer("versements", chemin, base, "--confirmer")
    assert codes(fait) == {
        2: ["refusee", "tranche_soldee"],
        3: ["deja"],
        4: ["refusee", "collision_dans_le_fichier"],
        5: ["refusee", "deja_importee_differe"],
        6: ["refusee", "structure_inconnue"],
        7: ["deja"],
    }
    assert position_max(base) == avant
    assert "tenu 50 000,00 €" in fait.json["lignes"][3]["constats"][0]["message"]


def test_un_versement_annule_n_est_pas_repaye(tmp_path: Path) -> None:
    """Réimporter un fichier dont un versement a été annulé ne le paie pas à nouveau, et le dit."""
    neuve = tmp_path / "demo.db"
    lancer("demo", "--base", neuve, "--au", "2020-12-31")
    chemin = table(
        tmp_path,
        ["LAB01", "01500", "2", "25 000,00", "DP-1", "01/03/2021"],
        ["LAB01", "01500", "2", "25 000,00", "DP-2", "01/03/2021"],
        ["LAB01", "01500", "2", "25 000,00", "DP-2", "01/03/2021"],
        titres=VERSEMENTS,
    )
    fait = importer("versements", chemin, neuve, "--confirmer")
    assert codes(fait) == {
        2: ["acceptee"],
        3: ["acceptee"],
        4: ["refusee", "doublon_dans_le_fichier"],
    }
    annuler = {
        "commande": "AnnulerVersement",
        "id_commande": "annulation",
        "programme": "fabriques-de-territoire",
        "acteur": {"id": "c.durand", "role": "comptable"},
        "date_effet": "2021-03-05",
        "structure": "lab01-01500",
        "position": fait.json["lignes"][0]["position"],
        "motif": "rejet_bancaire",
    }
    assert lancer("executer", "-", "--base", neuve, entree=en_lignes([annuler])).code == 0
    taille = position_max(neuve)
    encore = importer("versements", chemin, neuve, "--confirmer")
    assert codes(encore)[2] == ["deja", "versement_annule"]
    assert position_max(neuve) == taille


def test_un_versement_trouve_sa_structure_par_son_siret(base_neuve: Path, tmp_path: Path) -> None:
    """Sans identifiant ni nom, le SIRET enregistré désigne la structure, si elle est seule."""
    importer("candidatures", table(tmp_path, BONNE), base_neuve, "--confirmer")
    titres = ["SIRET", "Tranche", "Montant versé", "N° DP", "Date de paiement"]
    chemin = table(
        tmp_path,
        ["356 000 000 00048", "1", "1", "DP-1", "2020-03-01"],
        ["21860194600013", "1", "1", "DP-2", "2020-03-01"],
        titres=titres,
    )
    fait = importer("versements", chemin, base_neuve)
    assert codes(fait) == {
        2: ["refusee", "etat_incompatible"],
        3: ["refusee", "identifiant_indecidable"],
    }
    assert fait.json["lignes"][0]["structure"] == "le-lieu-75011"


def test_des_commandes_s_importent_d_un_tableau_ou_de_lignes_json(
    base_neuve: Path, tmp_path: Path
) -> None:
    """Une colonne par membre, ou un objet par ligne : le même acte a le même identifiant."""
    titres = ["commande", "date", "structure", "montant", "montant_centimes", "exercice", "source"]
    titres += ["ae", "cp", "nature"]
    chemin = en_csv(
        tmp_path / "a.csv",
        [
            titres,
            ["OuvrirCredits", "2020-01-01", "", "", "", "2020", "LFI", "1 000,00", "500", "lfi"],
            ["LabelliserFabrique", "2020-02-03", "x", "75 000", "", "", "", "", "", ""],
            ["LabelliserFabrique", "2020-02-03", "x", "75 000", "7500000", "", "", "", "", ""],
            ["Inconnue", "2020-02-03", "x", "", "", "", "", "", "", ""],
        ],
    )
    fait = importer("commandes", chemin, base_neuve, "--confirmer", "--role", "ordonnateur")
    assert codes(fait) == {
        2: ["acceptee"],
        3: ["refusee", "structure_inconnue"],
        4: ["refusee", "valeur_invalide"],
        5: ["refusee", "verbe_inconnu"],
    }
    derniere = lancer("journal", "--base", base_neuve).lignes_json[-1]["state"]
    assert (derniere["ae_centimes"], derniere["provenance"]["ligne"]) == (100000, 2)
    objet = {
        "commande": "OuvrirCredits",
        "date_effet": "2020-01-01",
        "exercice": 2020,
        "source": "LFI",
        "ae_centimes": 100000,
        "cp_centimes": 50000,
        "nature": "lfi",
    }
    lignes = tmp_path / "a.jsonl"
    lignes.write_bytes(en_lignes([objet, {**objet, "source": "LFR"}]) + b"\n{abime\n")
    fait = importer("commandes", lignes, base_neuve, "--confirmer", "--role", "ordonnateur")
    assert codes(fait) == {1: ["deja"], 2: ["acceptee"], 4: ["refusee", "valeur_invalide"]}


def test_un_journal_de_commandes_ouvre_une_base(tmp_path: Path) -> None:
    """Des commandes qui commencent par OuvrirProgramme créent la base ; l'essai ne la crée pas."""
    lignes = tmp_path / "a.jsonl"
    lignes.write_bytes(en_lignes([ouverture()]))
    base = tmp_path / "neuve.db"
    assert importer("commandes", lignes, base).code == 0
    assert not base.exists()
    assert importer("commandes", lignes, base, "--confirmer").code == 0
    assert position_max(base) == 1
    assert importer("candidatures", LISTE, tmp_path / "absente.db", *CONNUS).code == 4


@pytest.mark.parametrize(
    ("options", "dit"),
    [
        ((), "n'a pas de colonne pour : territoire, numerique, date_effet"),
        ((*CONNUS, "--colonnes", "ville=Bourg"), "Aucune colonne ne s'appelle « Bourg »"),
        ((*CONNUS, "--colonnes", "ville=@ZZ"), "La colonne ZZ, demandée pour ville, est hors"),
        ((*CONNUS, "--colonnes", "prix=ville"), "Le champ 'prix' n'existe pas"),
        ((*CONNUS, "--valeur", "ville"), "ne s'écrit pas champ=valeur"),
        ((*CONNUS, "--valeur", "territoire=qpv"), "donné par --valeur et par son option"),
        ((*CONNUS, "--encodage", "klingon"), "n'est pas pris en charge"),
        ((*CONNUS, "--separateur", "ab"), "un seul signe"),
        ((*CONNUS[2:], "--date-effet", "03/02/20"), "AAAA-MM-JJ"),
    ],
)
def test_une_demande_mal_faite_est_une_faute_d_usage(
    options: tuple[str, ...], dit: str, base_neuve: Path
) -> None:
    """Une colonne absente, un champ inconnu, une valeur mal écrite : code 2, et c'est dit."""
    fait = importer("candidatures", LISTE, base_neuve, *options)
    assert fait.code == 2
    assert dit in fait.erreur


def test_un_fichier_qui_n_est_pas_un_tableau_est_une_faute_d_usage(
    base_neuve: Path, tmp_path: Path
) -> None:
    """Vide, absent, en-têtes seuls ou d'un autre genre : code 2 ou aucune ligne, sans trace."""
    (tmp_path / "vide.csv").touch()
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    for nom, dit in (
        ("vide.csv", "fichier_vide"),
        ("a.pdf", "format_inconnu"),
        ("rien.xlsx", "fichier_introuvable"),
    ):
        fait = importer("candidatures", tmp_path / nom, base_neuve)
        assert (fait.code, dit in fait.erreur) == (2, True)
    seuls = importer("candidatures", table(tmp_path), base_neuve)
    assert (seuls.code, seuls.json["lignes"], seuls.json["totaux"]["lues"]) == (0, [], 0)


def test_tue_au_milieu_l_import_reprend_la_suite(base_neuve: Path, tmp_path: Path) -> None:
    """Tué en plein import puis relancé, il n'écrit que le reste ; ce qui fut dit y était."""
    nombre = 2_500
    chemin = table(tmp_path, *(avec(nom=f"Lieu {n}", siret="") for n in range(nombre)))
    appel = ("importer", "candidatures", chemin, "--base", base_neuve, "--format", "jsonl")
    with demarrer(*appel, "--confirmer", dossier=tmp_path) as processus:
        assert processus.stdout is not None
        dites = [json.loads(processus.stdout.readline()) for _ in range(600)]
        processus.kill()
    faites = position_max(base_neuve) - 1
    assert all(dite["statut"] == "acceptee" for dite in dites)
    assert dites[-1]["position"] - 1 <= faites < nombre
    suite = importer("candidatures", chemin, base_neuve, "--confirmer")
    totaux = suite.json["totaux"]
    assert (totaux["deja"], totaux["acceptees"]) == (faites, nombre - faites)
    assert position_max(base_neuve) == nombre + 1
    identifiants = Counter(
        ligne["state"]["structure"]
        for ligne in lancer("journal", "--base", base_neuve).lignes_json[1:]
    )
    assert (len(identifiants), max(identifiants.values())) == (nombre, 1)
    assert lancer("verifier", "--base", base_neuve).code == 0
