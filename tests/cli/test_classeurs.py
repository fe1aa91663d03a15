"""Classeurs et CSV français par la ligne de commande : `exporter`, et `-o` par le suffixe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from ledger import Journal, SQLiteStore
from projections import regarder
from projections.tableurs.modele import LARGEURS
from projections.tableurs.programme import classeur_du_programme
from tests.cli.essais import STRATES
from tests.cli.outils import RACINE, en_lignes, lancer, ouverture
from tests.tableurs.evaluer import Livre, ecarts, lire_ods, lire_xlsx, verdict

VERBES = (
    ("enveloppe",),
    ("credits",),
    ("structures",),
    ("echeancier", "lab01-01500"),
    ("anomalies",),
    ("expliquer", "enveloppe.disponible"),
    ("expliquer", "enveloppe.taux_consommation"),
    ("expliquer", "labels.qpv"),
    ("comparer", "440", "464"),
    ("fonctions",),
    ("fonctions", "--ecarts", "--au", "2020-12-31"),
    ("sonder", "--methode", "mus", "--nombre", "12", "--alea", "4 1 6"),
    ("sonder", *STRATES),
    ("prevision", "--au", "2020-06-30"),
    ("prevision", "--appuis", "--au", "2020-06-30"),
    ("simuler", "SCENARIO"),
    ("journal", "--au", "2020-12-31"),
)
TAUX = ("enveloppe.taux_consommation",)
NOM_MAX = 500
SCENARIO = (
    b'{"hypothese": "labelliser", "nombre": 3, "montant_centimes": 15000000, '
    b'"date_effet": "2022-06-01", "territoire": "hors_qpv"}\n'
)
FEUILLES = [
    "Situation",
    "Exercices",
    "Structures",
    "Échéanciers",
    "Anomalies",
    "Journal",
    "Contrôle",
]


def demande(verbe: tuple[str, ...], dossier: Path) -> list[str]:
    """The words of a call, its scenario written."""
    (dossier / "scenario.jsonl").write_bytes(SCENARIO)
    return [str(dossier / "scenario.jsonl") if m == "SCENARIO" else m for m in verbe]


def lire(fichier: Path) -> Livre:
    """The workbook of a file, by its suffix."""
    octets = fichier.read_bytes()
    return lire_xlsx(octets) if fichier.suffix == ".xlsx" else lire_ods(octets)


@pytest.mark.parametrize("suffixe", ["xlsx", "ods"])
def test_exporter_ecrit_le_classeur_du_programme(
    base_golden: Path, tmp_path: Path, suffixe: str
) -> None:
    """Le classeur a ses sept feuilles, le chiffre du golden, et un contrôle conforme."""
    fichier = tmp_path / f"fabriques.{suffixe}"
    fait = lancer("exporter", suffixe, "--base", base_golden, "-o", fichier)
    assert (fait.code, fait.octets, fait.erreur) == (0, b"", "")
    livre = lire(fichier)
    assert list(livre) == FEUILLES
    assert ecarts(livre) == []
    situation = {ligne[0]: ligne[1] for ligne in livre["Situation"].lignes()}
    assert situation["Disponible"] == 29_800_000
    releve = lancer("releve", "--base", base_golden).sortie.splitlines()
    controle = {ligne[0]: ligne[1] for ligne in livre["Contrôle"].lignes()}
    assert controle["Racine du journal à cette position"] == releve[2]
    assert controle["Position du journal"] == int(releve[1])
    assert controle["Les feuilles redonnent les totaux"] == "conforme"
    for quoi, attendue in (("Retrouver la racine", releve[2]), ("Vérifier le journal", "")):
        commande = str(controle[quoi])
        assert "--base BASE --programme fabriques-de-territoire" in commande
        relue = lancer(*commande.replace("BASE", str(base_golden)).split()[1:])
        assert (relue.code, attendue in relue.sortie) == (0, True)
    assert controle["Statuts lus au"] == datetime.fromisoformat("2022-03-01")
    assert [f.name for f in tmp_path.iterdir()] == [fichier.name]


def _chiffres(livre: Livre) -> dict[str, list[tuple[int, int]]]:
    """By sheet: the amounts and numbers of the pages, the ends of the columns of the lists."""
    trouves: dict[str, list[tuple[int, int]]] = {}
    for nom in FEUILLES[:-1]:
        chiffres = [
            lieu
            for lieu, cellule in livre[nom].cellules.items()
            if isinstance(cellule.valeur, int | float)
            and ("€" in cellule.format or (nom == "Situation" and "%" not in cellule.format))
        ]
        if nom not in ("Situation", "Exercices"):  # lists: each column from its first to its last
            dernieres = livre[nom].lignes()[-1][0] == "Total"
            fin = max((ligne for ligne, _ in chiffres), default=0) - dernieres
            colonnes = {colonne for _, colonne in chiffres}
            memes = [[c for c in chiffres if c[1] == rang and c[0] <= fin] for rang in colonnes]
            chiffres = [lieu for lieux in memes for lieu in (lieux[0], lieux[-1])]
        trouves[nom] = chiffres
    return trouves


def test_tout_chiffre_change_donne_un_ecart(base_golden: Path, tmp_path: Path) -> None:
    """Un montant ou un nombre changé n'importe où, ou une ligne ôtée, donne « écart »."""
    fichier = tmp_path / "fabriques.xlsx"
    assert lancer("exporter", "xlsx", "--base", base_golden, "-o", fichier).code == 0
    livre = lire(fichier)
    assert verdict(livre) == "conforme"
    chiffres = _chiffres(livre)
    assert {
        nom: len(lieux) >= minimum
        for (nom, lieux), minimum in zip(chiffres.items(), (30, 90, 12, 6, 0, 6), strict=True)
    } == dict.fromkeys(FEUILLES[:-1], True)
    passes = []
    for nom, lieux in chiffres.items():
        for lieu in lieux:
            cellule = livre[nom].cellules[lieu]
            tenue = (cellule.valeur, cellule.formule)
            cellule.valeur, cellule.formule = (tenue[0] or 0) + 1, None
            if verdict(livre, nom) != "écart":
                passes.append((nom, *lieu))
            cellule.valeur, cellule.formule = tenue
    assert passes == []
    for nom in FEUILLES[2:-1]:
        colonnes = range(1, len(livre[nom].lignes()[0]) + 1)
        otees = {(2, c): livre[nom].cellules.pop((2, c), None) for c in colonnes}
        assert verdict(livre, nom) == "écart", nom
        livre[nom].cellules.update({k: v for k, v in otees.items() if v is not None})
    assert verdict(livre) == "conforme"


LIBRES = {"structure", "porteur", "ville", "references", "id_commande", "acteur", "source_fichier"}


def test_aucun_nom_n_est_coupe_a_l_impression(base_golden: Path) -> None:
    """Dans les listes, un texte tient dans sa colonne, ou se replie dans sa cellule."""
    store = SQLiteStore(base_golden, ecriture=False)
    try:
        vue = regarder(Journal(store, "fabriques-de-territoire"))
        listes = [f.tableaux[0] for f in classeur_du_programme(vue).feuilles if f.est_liste]
        vus: set[str] = set()
        coupes = []
        for liste in listes:
            fixes = [(r, c) for r, c in enumerate(liste.colonnes) if not c.replie]
            vus |= {c.cle for c in liste.colonnes} & LIBRES
            assert not {c.cle for _, c in fixes} & LIBRES
            for ligne in liste.lignes:
                textes = [(c, ligne[rang]) for rang, c in fixes if c.genre == "texte"]
                coupes += [
                    (liste.cle, c.cle, valeur)
                    for c, valeur in textes
                    if isinstance(valeur, str) and len(valeur) > (c.largeur or LARGEURS["texte"])
                ]
        assert (len(listes), vus, coupes) == (4, LIBRES, [])
    finally:
        store.fermer()


@pytest.mark.parametrize("suffixe", ["xlsx", "ods"])
@pytest.mark.parametrize("verbe", VERBES, ids=" ".join)
def test_le_suffixe_fait_un_classeur_de_chaque_tableau(
    base_golden: Path, tmp_path: Path, verbe: tuple[str, ...], suffixe: str
) -> None:
    """Avec -o FICHIER.xlsx ou .ods, chaque tableau devient un classeur et son contrôle."""
    fichier = tmp_path / f"tableau.{suffixe}"
    fait = lancer(*demande(verbe, tmp_path), "--base", base_golden, "-o", fichier)
    assert (fait.code, fait.octets, fait.erreur) == (0, b"", "")
    livre = lire(fichier)
    assert list(livre)[-1] == "Contrôle"
    assert len(livre) >= 2
    assert ecarts(livre) == []
    verdicts = {c.valeur for c in livre["Contrôle"].cellules.values()} & {"conforme", "écart"}
    assert verdicts == {"conforme"}
    controle = {ligne[0]: ligne[1] for ligne in livre["Contrôle"].lignes()}
    assert controle["Position du journal"] == 464
    assert len(str(controle["Racine du journal à cette position"])) == 44


@pytest.mark.parametrize("verbe", VERBES, ids=" ".join)
def test_tout_montant_change_d_un_tableau_donne_un_ecart(
    base_golden: Path, tmp_path: Path, verbe: tuple[str, ...]
) -> None:
    """Dans le classeur d'un seul tableau aussi, un montant changé à la main donne « écart »."""
    fichier = tmp_path / "tableau.xlsx"
    assert lancer(*demande(verbe, tmp_path), "--base", base_golden, "-o", fichier).code == 0
    livre = lire(fichier)
    assert verdict(livre) == "conforme"
    passes, essayes = [], 0
    for nom in list(livre)[:-1]:
        par_colonne: dict[int, list[tuple[int, int]]] = {}
        fin = len(livre[nom].lignes()) - (livre[nom].lignes()[-1][0] in ("Total", "Payé"))
        for (ligne, colonne), cellule in livre[nom].cellules.items():
            est_nombre = isinstance(cellule.valeur, int | float)
            if est_nombre and "€" in cellule.format and ligne <= fin:
                par_colonne.setdefault(colonne, []).append((ligne, colonne))
        for lieu in {lieu for lieux in par_colonne.values() for lieu in (lieux[0], lieux[-1])}:
            cellule = livre[nom].cellules[lieu]
            tenue = (cellule.valeur, cellule.formule)
            cellule.valeur, cellule.formule = tenue[0] + 1, None
            essayes += 1
            if verdict(livre, nom) != "écart":
                passes.append((nom, *lieu))
            cellule.valeur, cellule.formule = tenue
    assert passes == []
    assert essayes or verbe[0] == "anomalies" or verbe[1:] in (("labels.qpv",), TAUX)


def test_la_separation_et_la_prevision_redonnent_leurs_chiffres(
    base_golden: Path, tmp_path: Path
) -> None:
    """Feuilles de « fonctions », « prevision », « sonder » : nombres et dates égaux au JSON."""
    b = ("--base", base_golden)

    def les_deux(*mots: str) -> tuple[Livre, Any]:
        fichier = tmp_path / "r.ods"
        assert lancer(*mots, *b, "-o", fichier).code == 0
        return lire(fichier), lancer(*mots, *b, "--format", "json").json

    livre, json = les_deux("fonctions")
    lignes = livre["Séparation"].lignes()
    assert [r[lignes[0].index("Montant")] for r in lignes[1:-1]] == [
        ligne["montant_centimes"] / 100 for ligne in json["lignes"]
    ]
    assert lignes[-1][lignes[0].index("Compté au payé")] == json["paye_centimes"] / 100
    assert {type(r[lignes[0].index("Versement, date")]) for r in lignes[1:-1]} == {datetime}
    livre, json = les_deux("prevision", "--au", "2020-06-30")
    mois = [r for r in livre["Mois"].lignes()[1:-1] if r[1] is not None]
    assert [(f"{r[1]:%Y-%m}", r[2], r[4], r[5]) for r in mois] == [
        (m["mois"], *(m[f"{c}_centimes"] / 100 for c in ("ferme", "suppose", "total")))
        for m in json["mois"]
    ]
    assert livre["Exercices"].lignes()[-1][1] == json["reste_a_payer_centimes"] / 100
    atteints = [None if p["le"] is None else p["le"] for p in json["plafonds"]]
    assert [r[5] and f"{r[5]:%Y-%m-%d}" for r in livre["Plafonds"].lignes()[1:]] == atteints
    livre, json = les_deux("sonder", "--methode", "mus", "--nombre", "9", "--alea", "é")
    assert [[*r[:2], r[3]] for r in livre["Unités tirées"].lignes()[1:-1]] == [
        [u["rang"], u["position"], u["montant_centimes"] / 100] for u in json["unites"]
    ]
    tirage = {r[0]: r[1] for r in livre["Tirage"].lignes()}
    assert (tirage["Graine (SHA-256)"], tirage["Aléa"]) == (json["graine"], "é")


def test_une_liste_a_ses_titres_figes_et_ses_filtres(base_golden: Path, tmp_path: Path) -> None:
    """Chaque liste des verbes à classeur fige sa ligne de titres et porte des filtres."""
    fichier = tmp_path / "r.xlsx"
    for verbe in (("fonctions",), ("prevision", "--au", "2020-06-30")):
        assert lancer(*verbe, "--base", base_golden, "-o", fichier).code == 0
        livre = load_workbook(fichier)
        listes = [f for f in livre.worksheets if f.title not in ("Contrôle", "Hypothèses")]
        assert len(listes) == len(livre.worksheets) - len(verbe[1:]) // 2 - 1
        for feuille in listes:
            assert feuille.freeze_panes == "B2"
            assert feuille.auto_filter.ref.startswith("A1:")


def test_les_deux_dates_et_la_reprise_donnent_les_memes_octets(
    base_golden: Path, tmp_path: Path
) -> None:
    """À un instant, à sa position, dans un autre processus : les mêmes octets."""
    ligne = lancer("journal", "--base", base_golden, "--connu-au", "200").lignes_json[-1]
    instant = ligne["state"]["enregistre_le"]
    atteinte = lancer(
        "enveloppe", "--base", base_golden, "--connu-au", instant, "--format", "json"
    ).json["position"]
    for verbe in (
        ("exporter", "xlsx"),
        ("exporter", "ods"),
        ("prevision", "--format", "ods"),
        ("fonctions", "--format", "xlsx"),
    ):
        faits = [
            lancer(*verbe, "--base", base_golden, "--au", "31/12/2020", "--connu-au", str(quand))
            for quand in (instant, atteinte)
        ]
        assert faits[0].code == 0, faits[0].erreur
        assert faits[0].octets == faits[1].octets
        autre = subprocess.run(
            [
                sys.executable,
                "-c",
                "from commands.cli import main; main()",
                *verbe,
                "--base",
                str(base_golden),
                "--au",
                "2020-12-31",
                "--connu-au",
                str(atteinte),
            ],
            capture_output=True,
            check=True,
            cwd=RACINE,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONHASHSEED": "7",
                "TZ": "Asia/Kathmandu",
                "LC_ALL": "fr_FR.UTF-8",
            },
        )
        assert autre.stdout == faits[0].octets


def test_exporter_csv_donne_un_tableau_francais_ou_standard(base_golden: Path) -> None:
    """Le csv français a sa marque, `;` et la virgule ; le standard la virgule et le point."""
    francais = lancer("exporter", "csv", "--feuille", "matrice", "--base", base_golden)
    assert francais.octets.startswith("\ufeffEngagés en;Engagé;Payé en 2020".encode())
    assert b"\r\n2019;3200000,00;3200000,00;0,00;0,00;0,00;0,00\r\n" in francais.octets
    standard = lancer(
        "exporter", "csv", "--feuille", "matrice", "--norme", "standard", "--base", base_golden
    )
    assert standard.sortie.splitlines()[:2] == [
        "engagement,engage,paye_2020,paye_2021,paye_2022,retraits,reste",
        "2019,3200000.00,3200000.00,0.00,0.00,0.00,0.00",
    ]
    tableau = lancer("credits", "--format", "csv-fr", "--base", base_golden)
    entier = lancer("exporter", "csv", "--feuille", "exercices", "--base", base_golden)
    assert tableau.octets == entier.octets


def test_une_demande_qui_ne_se_tient_pas_est_refusee(base: Path, tmp_path: Path) -> None:
    """Tableau manquant ou de trop, suffixe contraire, verbe sans classeur : refus sans fichier."""
    sortie = tmp_path / "a.ods"
    cas = (
        (("exporter", "csv"), "dire lequel avec --feuille (enveloppe, labels,"),
        (("exporter", "xlsx", "--feuille", "journal"), "--feuille est pour le csv"),
        (("exporter", "xlsx", "-o", sortie), "finit en .ods et le format demandé est xlsx"),
        (("credits", "--format", "json", "-o", sortie), "le format demandé est json"),
        (("credits", "--format", "xlsx", "-o", tmp_path / "a.csv"), "le format demandé est xlsx"),
        (("verifier", "-o", sortie), "Ce verbe n'écrit pas de .ods"),
        (("structures", "--format", "ods", "-o", base), "est la base elle-même"),
    )
    for arguments, phrase in cas:
        fait = lancer(*arguments, "--base", base)
        assert (fait.code, fait.octets) == (2, b""), fait
        assert phrase in fait.erreur
    assert not sortie.exists()


def test_un_classeur_ne_va_pas_a_l_ecran(base_golden: Path) -> None:
    """Sur un terminal, un classeur est refusé avec le remède, et rien n'y est écrit."""
    maitre, esclave = pty.openpty()
    fait = subprocess.run(
        [
            sys.executable,
            "-c",
            "from commands.cli import main; main()",
            "exporter",
            "xlsx",
            "--base",
            str(base_golden),
        ],
        stdout=esclave,
        stderr=subprocess.PIPE,
        cwd=RACINE,
        check=False,
    )
    os.close(esclave)
    os.set_blocking(maitre, False)
    with pytest.raises(OSError, match=r".*"):  # nothing to read, and nobody left to write
        os.read(maitre, 1)
    os.close(maitre)
    assert fait.returncode == 2
    assert "donner -o FICHIER.xlsx" in fait.stderr.decode()


def test_un_nom_hostile_reste_un_texte_partout(tmp_path: Path) -> None:
    """Formule, balise et nom très long : des textes dans chaque fichier, que d'autres relisent."""
    base = tmp_path / "hostile.db"
    noms = (
        "=cmd|' /C calc'!A0",
        "@SUM(1;2)",
        "<b>gras</b> & ]]>",
        "-2+3",
        "n" * NOM_MAX,
    )
    commandes = [ouverture()]
    for rang, nom in enumerate(noms):
        commandes.append(
            {
                "commande": "DéposerCandidature",
                "id_commande": f"c{rang}",
                "programme": "fabriques-de-territoire",
                "acteur": {"id": "=1+1", "role": "instructeur"},
                "date_effet": "2020-02-03",
                "structure": f"s{rang}",
                "porteur": nom,
                "code_postal": "01500",
                "ville": nom[:80],
                "territoire": "qpv",
                "numerique": False,
            }
        )
    assert lancer("executer", "-", "--base", base, entree=en_lignes(commandes)).code == 0
    for suffixe in ("xlsx", "ods"):
        fichier = tmp_path / f"hostile.{suffixe}"
        assert lancer("exporter", suffixe, "--base", base, "-o", fichier).code == 0
        livre = lire(fichier)
        assert [ligne[1] for ligne in livre["Structures"].lignes()[1:6]] == list(noms)
        assert livre["Structures"].valeur(2, 3) == "01500"
        for ligne in range(2, 7):
            assert livre["Structures"].cellules[ligne, 2].formule is None
        lu = CalamineWorkbook.from_filelike(BytesIO(fichier.read_bytes()))
        calamine = lu.get_sheet_by_name("Structures").to_python()
        assert [ligne[1] for ligne in calamine[1:6]] == list(noms)
    texte = lancer("exporter", "csv", "--feuille", "structures", "--base", base).sortie
    assert "s0;'=cmd|' /C calc'!A0;" in texte
