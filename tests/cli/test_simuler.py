"""Les verbes simuler et prevision : rien d'écrit, tout dit, au terminal comme dans un tube."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.outils import PROGRAMME, Resultat, en_lignes, lancer, lancer_a_part, ouverture

LABELS = {
    "hypothese": "labelliser",
    "nombre": 40,
    "montant_centimes": 15_000_000,
    "date_effet": "2022-06-01",
    "territoire": "hors_qpv",
}
PAYER = {"hypothese": "verser_echeances", "jusqu_au": "2024-12-31"}


def simuler(base: Path, *objets: dict[str, Any], options: tuple[str, ...] = ()) -> Resultat:
    """Simulate objects on a base, whose folder must keep every byte."""
    avant = empreintes(base)
    fait = lancer("simuler", "-", "--base", base, *options, entree=en_lignes(objets))
    assert empreintes(base) == avant
    return fait


def empreintes(base: Path) -> dict[str, str]:
    """Name and digest of every file beside a base, but the index that any reader of SQLite makes
    and the log when it is empty."""
    return {
        f.name: sha256(f.read_bytes()).hexdigest()
        for f in base.parent.iterdir()
        if not f.name.endswith("-shm") and (f.stat().st_size or not f.name.endswith("-wal"))
    }


def json_de(base: Path, verbe: str, *options: str) -> Any:
    """What a reading verb prints."""
    return lancer(verbe, "--base", base, "--format", "json", *options).json


@pytest.fixture(scope="module")
def synthese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic history, never written to."""
    base = tmp_path_factory.mktemp("synthese") / "s.db"
    assert lancer("demo", "--synthetique", "--base", base, "--format", "json").code == 0
    return base


@pytest.mark.parametrize(
    "options", [(), ("--au", "2020-06-30"), ("--connu-au", "300"), ("--connu-au", "2999-01-01")]
)
def test_sans_hypothese_les_tables_sont_les_vraies(base: Path, options: tuple[str, ...]) -> None:
    """Un scénario vide donne, octet pour octet, ce que donnent enveloppe et credits."""
    fait = simuler(base, options=(*options, "--format", "json"))
    assert fait.code == 0, fait.erreur
    for cote in ("reel", "simule"):
        assert fait.json[cote]["enveloppe"] == json_de(base, "enveloppe", *options)
        assert fait.json[cote]["credits"] == json_de(base, "credits", *options)
    rapport = json_de(base, "rapport", *options)["figures"]["matrice"]
    assert fait.json["reel"]["matrice"] == fait.json["simule"]["matrice"] == rapport
    assert (fait.json["ecarts"], fait.json["refus"], fait.json["etapes"]) == ([], [], [])
    reel = fait.octets.index(b'"reel"'), fait.octets.index(b'"simule"')
    ecarts = fait.octets.index(b'"ecarts"')
    assert fait.octets[reel[0] + 6 : reel[1]] == fait.octets[reel[1] + 8 : ecarts]


def test_quarante_labels_de_plus_cote_a_cote(base: Path) -> None:
    """Quarante labels de plus : les cellules qui changent, et la racine avant et après."""
    fait = simuler(base, LABELS, options=("--format", "json"))
    assert fait.code == 0
    ecarts = {e["cellule"]: e["difference_centimes"] for e in fait.json["ecarts"]}
    assert ecarts == {
        "enveloppe.engage": 600_000_000,
        "enveloppe.engage_subventions": 600_000_000,
        "enveloppe.disponible": -600_000_000,
        "enveloppe.reste_a_payer": 600_000_000,
        "enveloppe.taux_consommation": 1_333,
        "enveloppe.labels.total": 40,
        "enveloppe.labels.hors_qpv": 40,
        "credits.2022.ae_engagees": 600_000_000,
        "credits.2022.ae_disponibles": -600_000_000,
        "credits.2022.cp_restant_a_prevoir": 200_000_000,
        "credits.2022.rap_cloture": 600_000_000,
        "credits.2023.cp_restant_a_prevoir": 200_000_000,
        "credits.2023.rap_ouverture": 600_000_000,
        "credits.2023.rap_cloture": 600_000_000,
        "credits.2024.cp_restant_a_prevoir": 200_000_000,
        "credits.2024.rap_ouverture": 600_000_000,
        "credits.2024.rap_cloture": 600_000_000,
        "matrice.2022.engage": 600_000_000,
        "matrice.2022.reste": 600_000_000,
    }
    racine = json_de(base, "verifier")["racine"]
    assert fait.json["preuve"] == {
        "taille_avant": 464,
        "racine_avant": racine,
        "taille_apres": 464,
        "racine_apres": racine,
    }
    assert [(a["code"], a["difference"]) for a in fait.json["anomalies"] if a["difference"]] == [
        ("convention_absente", 40),
        ("siret_absent", 40),
    ]


def test_la_table_tient_en_80_colonnes_et_dit_tout(base: Path) -> None:
    """Au terminal : hypothèses, première règle qui casse, tables, refus comptés, racines."""
    trop = {**LABELS, "nombre": 160}
    fait = simuler(base, trop, PAYER)
    assert fait.code == 3
    assert max(map(len, fait.sortie.splitlines())) <= 80
    titres = [a for a, b in pairwise(fait.sortie.splitlines()) if "===" in b]
    assert titres == [
        "Hypothèses",
        "Première règle qui casse",
        "Les 10 refus",
        "Enveloppe et labels",
        "AE et CP par exercice",
        "Engagements et paiements",
        "Anomalies",
        "Rien n'a été écrit",
    ]
    assert "150 accordés, 10 refusés" in " ".join(fait.sortie.split())
    assert "quota_atteint · le 01/06/2022 · exercice 2022 · ligne 1" in fait.sortie
    assert "Sans changement : 2019, 2020" in fait.sortie
    complet = simuler(base, trop, PAYER, options=("--complet",)).sortie
    assert complet.count("quota_atteint ·") == 11
    assert "Sans changement" not in complet
    assert "Exercice 2019" in complet


def test_le_refus_cherche_n_est_pas_une_faute(synthese: Path) -> None:
    """Chercher combien de labels passent sort 0 et dit quelle règle arrête ; 3 s'il en casse une
    autre."""
    cherche = {
        "hypothese": "labelliser_jusqu_au_refus",
        "montant_centimes": 13_500_000,
        "date_effet": "2021-07-02",
        "territoire": "qpv",
        "intervalle_jours": 2,
    }
    options = ("--programme", "synthetique-2019", "--connu-au", "946", "--format", "json")
    fait = simuler(synthese, cherche, options=options)
    assert fait.code == 0
    assert fait.json["etapes"][0]["groupes_acceptes"] == 21
    premier = fait.json["premier_refus"]
    assert (premier["code"], premier["date_effet"], premier["cherche"]) == (
        "quota_atteint",
        "2021-08-13",
        True,
    )
    assert premier["details"] == {"quota": 150, "compte": 150}
    assert simuler(synthese, cherche, {**LABELS, "nombre": 41}, options=options).code == 3


def test_un_gel_casse_les_paiements(synthese: Path) -> None:
    """Geler 1 % des CP de 2022 fait refuser des versements, avec l'exercice et les centimes."""
    gel = {
        "hypothese": "geler_credits",
        "exercice": 2022,
        "part_dix_milliemes": 100,
        "date_effet": "2022-01-02",
        "sur": "cp",
    }
    payer = {**PAYER, "jusqu_au": "2022-12-31"}
    lignes = json_de(synthese, "journal", "--programme", "synthetique-2019", "--au", "2022-02-21")
    position = len(lignes)
    options = ("--programme", "synthetique-2019", "--connu-au", str(position), "--format", "json")
    assert simuler(synthese, payer, options=options).code == 0
    fait = simuler(synthese, gel, payer, options=options)
    assert fait.code == 3
    premier = fait.json["premier_refus"]
    assert (premier["code"], premier["exercice"], premier["commande"]) == (
        "credits_insuffisants",
        2022,
        "VerserTranche",
    )
    assert premier["details"]["disponible_centimes"] < premier["details"]["demande_centimes"]


def test_csv_et_jsonl_donnent_chaque_cellule(base: Path, tmp_path: Path) -> None:
    """En CSV et en JSON par ligne, une cellule par ligne, celles d'expliquer."""
    lignes = [
        json.loads(x)
        for x in simuler(base, LABELS, options=("--format", "jsonl")).octets.splitlines()
    ]
    cible = tmp_path / "ailleurs"
    cible.mkdir()
    assert (
        lancer(
            "simuler", "-", "--base", base, "-o", cible / "x.csv", entree=en_lignes([LABELS])
        ).code
        == 0
    )
    lus = list(csv.DictReader(io.StringIO((cible / "x.csv").read_text("utf-8"))))
    assert [{k: str(v) for k, v in ligne.items()} for ligne in lignes] == lus
    assert len({ligne["cellule"] for ligne in lignes}) == len(lignes)
    explicables = [x for x in lignes if not x["cellule"].startswith("matrice.")]
    for ligne in explicables[::9]:
        valeur = json_de_cellule(base, ligne["cellule"])
        assert valeur == ligne["reel_centimes"]


def json_de_cellule(base: Path, cellule: str) -> int:
    """The value that `expliquer` gives to a cell."""
    fait = lancer("expliquer", cellule, "--base", base, "--format", "json")
    valeur: int = fait.json["valeur_centimes"]
    return valeur


def test_un_refus_se_dit_aussi_hors_du_tableau(base: Path) -> None:
    """Avec un format sans place pour les refus, ils sont dits sur la sortie d'erreur."""
    fait = simuler(base, {**LABELS, "nombre": 151}, options=("--format", "csv"))
    assert fait.code == 3
    assert fait.erreur == (
        "1 refus ; le premier (quota_atteint, ligne 1, 01/06/2022) : Quota hors QPV : 150 sur 150, "
        "il n'y a plus de place.\n"
    )


@pytest.mark.parametrize(
    ("entree", "phrase"),
    [
        (b"{", "ligne 1 : La ligne n'est pas du JSON"),
        (b'{"hypothese": "labelliser", "nombre": 1000000000}', "nombre : valeur hors limite"),
        (b"\x00" * 100, "ligne 1 :"),
        (b'{"commande": "\x1b[31m"}', "ligne 1 :"),
        (en_lignes([{**LABELS, "date_effet": "2999-12-31", "intervalle_jours": 9}]), "après 2999"),
    ],
)
def test_un_scenario_hostile_est_un_usage(base: Path, entree: bytes, phrase: str) -> None:
    """Un scénario illisible ou impossible sort 2, nomme sa ligne, n'affiche rien d'autre."""
    avant = empreintes(base)
    fait = lancer("simuler", "-", "--base", base, entree=entree)
    assert (fait.code, fait.octets) == (2, b"")
    assert phrase in fait.erreur
    assert "\x1b" not in fait.erreur
    assert empreintes(base) == avant


def test_un_flux_sans_fin_est_borne(base: Path, tmp_path: Path) -> None:
    """Un fichier sans fin est lu jusqu'à la limite, puis refusé."""
    fait = lancer_a_part("simuler", "/dev/zero", "--base", base, dossier=tmp_path)
    assert (fait.code, fait.octets) == (2, b"")
    assert "Le scénario dépasse" in fait.erreur


def test_programme_position_et_fichier_inconnus(base: Path, tmp_path: Path) -> None:
    """Un programme, une position ou un fichier qui n'existe pas est dit, avec le bon code."""
    assert simuler(base, options=("--programme", "autre")).code == 2
    assert simuler(base, options=("--connu-au", "9999")).code == 2
    vide = simuler(base, options=("--connu-au", "0"))
    assert vide.code == 2
    assert "rien à simuler" in vide.erreur
    assert lancer("simuler", tmp_path / "absent", "--base", base).code == 2
    assert lancer("simuler", "-", "--base", tmp_path / "absente.db").code == 4
    assert not (tmp_path / "absente.db").exists()
    autre = {"commande": "CloreProgramme", "programme": "autre", "motif": "x"}
    fait = simuler(base, {**autre, "date_effet": "2022-06-01"})
    assert fait.code == 2
    assert f"n'est pas celui que l'on simule ({PROGRAMME})" in fait.erreur


def test_la_sortie_n_ecrase_ni_la_base_ni_le_scenario(base: Path, tmp_path: Path) -> None:
    """-o ne peut nommer ni la base, ni le scénario qu'on lit."""
    scenario = tmp_path / "scenario.jsonl"
    scenario.write_bytes(en_lignes([LABELS]))
    assert lancer("simuler", scenario, "--base", base, "-o", base, "--format", "json").code == 2
    assert lancer("simuler", scenario, "--base", base, "-o", scenario).code == 2
    assert scenario.read_bytes() == en_lignes([LABELS])


def test_la_prevision_se_lit_et_se_reprend(synthese: Path) -> None:
    """La prévision tient en 80 colonnes ; son CSV somme au reste à payer."""
    options = ("--base", synthese, "--programme", "synthetique-2019", "--au", "2021-07-01")
    fait = lancer("prevision", *options)
    assert fait.code == 0
    assert max(map(len, fait.sortie.splitlines())) <= 82
    assert "Premier plafond bloquant atteint : AE 2021." in fait.sortie
    assert "Supposé : ce rythme continue" in " ".join(fait.sortie.split())
    lu = lancer("prevision", *options, "--format", "json").json
    assert lu["reste_a_payer_centimes"] == 17_095_000_00
    assert [
        (e["exercice"], e["ferme_centimes"], e["exigible_centimes"], e["suppose_centimes"])
        for e in lu["exercices"]
    ] == [
        (2021, 1_575_000_00, 1_575_000_00, 1_215_000_00),
        (2022, 11_785_000_00, 0, 1_215_000_00),
        (2023, 3_735_000_00, 0, 1_215_000_00),
    ]
    ae = lu["plafonds"][-1]
    assert (ae["plafond"], ae["reste"], ae["dans_jours"], ae["le"]) == (
        "ae_2021",
        3_645_000_00,
        69,
        "2021-09-08",
    )
    assert (lu["premier_plafond"], lu["labels_supposes"]) == ("ae_2021", 27)
    octets = lancer("prevision", *options, "--format", "csv").octets
    lignes = list(csv.DictReader(io.StringIO(octets.decode())))
    fermes: Counter[str] = Counter()
    for ligne in lignes:
        fermes[ligne["genre"]] += int(ligne["ferme_centimes"])
    assert fermes["exercice"] == fermes["exigible"] + fermes["mois"] == 17_095_000_00


def test_la_prevision_suppose_ce_que_la_simulation_accorde(synthese: Path) -> None:
    """Les AE bloquantes de 2021 bornent les labels supposés comme les labels simulés : 27."""
    options = ("--programme", "synthetique-2019", "--format", "json")
    prevu = lancer("prevision", "--base", synthese, "--au", "2021-07-01", *options).json
    cherche = {
        "hypothese": "labelliser_jusqu_au_refus",
        "montant_centimes": 13_500_000,
        "date_effet": "2021-07-02",
        "territoire": "hors_qpv",
        "intervalle_jours": 2,
    }
    simule = simuler(synthese, cherche, options=(*options, "--connu-au", "964"))
    assert simule.json["reel"]["enveloppe"]["labels"]["total"] == 253
    assert simule.json["premier_refus"]["code"] == "credits_insuffisants"
    assert simule.json["etapes"][0]["groupes_acceptes"] == prevu["labels_supposes"] == 27


@pytest.mark.parametrize(
    "options",
    [
        ("--labels-par-an", "40"),
        ("--montant", "150000"),
        ("--labels-par-an", "40", "--montant", "12.500"),
        ("--labels-par-an", "40", "--montant", "0"),
        ("--labels-par-an", "-1", "--montant", "1"),
        ("--labels-par-an", "1", "--montant", "1", "--fenetre", "30"),
        ("--fenetre", "0"),
        ("--horizon", "1999"),
        ("--au", "2000-01-01"),
    ],
)
def test_une_prevision_impossible_est_un_usage(base: Path, options: tuple[str, ...]) -> None:
    """Une option manquante, contraire ou hors bornes sort 2, avec une phrase."""
    fait = lancer("prevision", "--base", base, *options)
    assert (fait.code, fait.octets) == (2, b"")
    assert fait.erreur


def test_une_base_neuve_n_a_rien_a_payer(base_neuve: Path) -> None:
    """Un programme qui vient d'ouvrir n'a rien à payer, ni rythme ; une cadence peut être
    donnée."""
    assert ouverture()["programme"] == PROGRAMME
    fait = lancer("prevision", "--base", base_neuve)
    assert fait.code == 0
    assert "CP par mois : rien à payer." in fait.sortie
    assert "Aucun plafond n'est atteint à ce rythme." in fait.sortie
    options = ("--labels-par-an", "100", "--montant", "150 000,00 €", "--format", "json")
    lu = lancer("prevision", "--base", base_neuve, *options).json
    assert (lu["labels_supposes"], lu["premier_plafond"]) == (300, "enveloppe")


def test_les_vagues_du_programme_de_2023_sont_dans_l_ordre(synthese: Path) -> None:
    """Au terminal, la vague 9 vient avant la vague 10."""
    fait = lancer("enveloppe", "--base", synthese, "--programme", "synthetique-2023")
    assert "Labels par vague : 9 (82), 10 (80)" in fait.sortie
