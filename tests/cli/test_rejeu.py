"""Le verbe `rejouer` : le modèle de lecture comparé au journal, depuis la ligne de commande."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.outils import PROGRAMME, depot, en_lignes, lancer, ouverture

TAILLE = 464
CLE = {"programme": PROGRAMME}


@pytest.fixture
def lue(base: Path) -> Path:
    """The read model of the demonstration, next to its base."""
    assert lancer("lecture", "--base", base).code == 0
    return Path(f"{base}.lecture.db")


def alterer(fichier: Path, *ordres: str) -> bytes:
    """Orders of SQL given to the file by hand; its bytes afterwards."""
    with closing(sqlite3.connect(fichier)) as conn, conn:
        for ordre in ordres:
            conn.execute(ordre)
    return fichier.read_bytes()


def test_un_modele_intact_est_conforme(base: Path, lue: Path) -> None:
    """Le modèle de lecture de la démonstration est conforme au rejeu, à la racine du journal."""
    fait = lancer("rejouer", "--base", base, "--format", "json")
    racine = lancer("verifier", "--base", base, "--format", "json").json["racine"]
    assert (fait.code, fait.erreur) == (0, "")
    assert fait.json == {
        "statut": "conforme",
        "taille": TAILLE,
        "racine": racine,
        "constats": [],
        "retard": 0,
        "fichier": str(lue),
        "programmes": {PROGRAMME: {"taille": TAILLE, "racine": racine, "retard": 0}},
        "derives_total": 0,
        "derives": [],
    }
    assert lancer("rejouer", "--base", base, env={"COLUMNS": "300"}).sortie == (
        f"Modèle de lecture {lue} : conforme au rejeu\n{PROGRAMME} : 464 faits\nRacine : {racine}\n"
    )


def test_une_derive_est_un_constat_au_centime(base: Path, lue: Path) -> None:
    """Un disponible modifié est un constat, au centime ; rien n'est réparé."""
    disponible = lancer("enveloppe", "--base", base, "--format", "json").json["disponible_centimes"]
    octets = alterer(lue, "UPDATE enveloppe SET disponible_centimes = disponible_centimes + 1")
    fait = lancer("rejouer", "--base", base, "--format", "json")
    assert (fait.code, fait.json["statut"], fait.json["taille"]) == (1, "non_conforme", TAILLE)
    assert fait.json["constats"] == [
        {
            "code": "lecture_divergente",
            "position": 1,
            "detail": f"table enveloppe, clé programme={PROGRAMME}, colonne disponible_centimes : "
            f"{disponible + 1} tenu, {disponible} attendu",
        }
    ]
    assert fait.json["derives"] == [
        {
            "table": "enveloppe",
            "cle": CLE,
            "colonne": "disponible_centimes",
            "tenu": disponible + 1,
            "attendu": disponible,
            "position": 1,
        }
    ]
    assert fait.json["derives_total"] == 1
    assert lue.read_bytes() == octets
    lignes = lancer("rejouer", "--base", base, env={"COLUMNS": "300"}).sortie.splitlines()
    assert lignes[0] == f"Modèle de lecture {lue} : NON CONFORME"
    assert lignes[3] == "lecture_divergente · position 1"
    assert lignes[-1] == "1 constat"
    assert lancer("lecture", "--base", base, "--reconstruire").code == 0
    assert lancer("rejouer", "--base", base).code == 0


def test_de_tres_nombreuses_derives_sont_dites_partielles(base: Path, lue: Path) -> None:
    """Quand les dérives sont très nombreuses, un dernier constat dit ce qui n'est que compté."""
    alterer(lue, "UPDATE faits SET acteur_role = 'autre'")
    fait = lancer("rejouer", "--base", base, "--format", "json").json
    assert (fait["derives_total"], len(fait["constats"])) == (TAILLE, TAILLE + 1)
    assert fait["constats"][-1]["detail"] == (
        "464 dérives en tout : 464 sont détaillées, et la position n'est cherchée que pour les "
        "premières."
    )


def test_un_defaut_du_fichier_est_un_constat_sans_position(base: Path, lue: Path) -> None:
    """Un déclencheur planté et un texte hostile sont des constats, montrés sans danger."""
    alterer(
        lue,
        "CREATE TRIGGER piege AFTER INSERT ON jours BEGIN DELETE FROM faits; END",
        "UPDATE programmes SET intitule = char(27) || '[2J' || char(8238)",
    )
    fait = lancer("rejouer", "--base", base)
    assert fait.code == 1
    assert "Le déclencheur piege est en trop." in fait.sortie
    assert "\x1b" not in fait.sortie
    assert "\u202e" not in fait.sortie
    assert fait.sortie.endswith("2 constats\n")


def test_un_modele_en_retard_n_est_pas_un_constat(base: Path, lue: Path, tmp_path: Path) -> None:
    """Un modèle en retard sur le journal est comparé à sa position, et son retard est dit."""
    racine = lancer("verifier", "--base", base, "--format", "json").json["racine"]
    commandes = en_lignes([depot(f"neuve-{i}", date_effet="2022-12-31") for i in range(3)])
    assert lancer("executer", "-", "--base", base, entree=commandes).code == 0
    fait = lancer("rejouer", "--base", base, "--lecture", lue, "--format", "json")
    valeurs = [fait.json[nom] for nom in ("statut", "taille", "racine", "retard")]
    assert (fait.code, valeurs) == (0, ["conforme", TAILLE, racine, 3])
    assert (
        "En retard de 3 faits sur le journal : comparé à la position 464."
        in lancer("rejouer", "--base", base).sortie
    )


def test_de_plusieurs_programmes_un_seul_donne_sa_taille(base_neuve: Path) -> None:
    """De plusieurs programmes, tous sont comparés ; celui qu'on nomme donne sa taille."""
    autre = {**ouverture("ateliers"), "id_commande": "ateliers-1"}
    assert lancer("executer", "-", "--base", base_neuve, entree=en_lignes([autre])).code == 0
    assert lancer("lecture", "--base", base_neuve).code == 0
    tous = lancer("rejouer", "--base", base_neuve, "--format", "json")
    assert (tous.code, tous.json["taille"], tous.json["racine"]) == (0, None, None)
    assert sorted(tous.json["programmes"]) == ["ateliers", PROGRAMME]
    un = lancer("rejouer", "--base", base_neuve, "--programme", "ateliers", "--format", "json")
    assert (un.code, un.json["taille"]) == (0, 1)
    assert un.json["racine"] == tous.json["programmes"]["ateliers"]["racine"]
    assert lancer("rejouer", "--base", base_neuve, "--programme", "absent").code == 2


def test_ce_qui_n_est_pas_un_modele_de_lecture_sort_en_4(base: Path, tmp_path: Path) -> None:
    """Un fichier absent, vide, étranger, d'une autre version, ou la base elle-même, sort en 4."""
    vide, etranger, texte = (tmp_path / nom for nom in ("vide", "etranger", "texte"))
    vide.touch()
    texte.write_text("bonjour" * 100)
    alterer(etranger, "CREATE TABLE programmes (x)")
    ancienne = tmp_path / "ancienne.db"
    assert lancer("lecture", "--base", base, "-o", ancienne).code == 0
    alterer(ancienne, "PRAGMA user_version = 99")
    for fichier in (tmp_path / "rien", vide, etranger, texte, ancienne, base, tmp_path):
        fait = lancer("rejouer", "--base", base, "--lecture", fichier)
        assert (fait.code, fait.octets) == (4, b""), fichier
        assert fait.erreur.startswith("Erreur (")
    assert not (tmp_path / "rien").exists()
    assert lancer("rejouer", "--base", tmp_path / "absente.db", "--lecture", ancienne).code == 4


def test_le_remede_d_un_modele_perime_se_colle(base: Path, tmp_path: Path) -> None:
    """Un modèle d'une autre version : chaque verbe donne la commande entière qui le refait."""
    ancienne, copie = tmp_path / "l'ancienne.db", tmp_path / "copie"
    assert lancer("lecture", "--base", base, "-o", ancienne).code == 0
    alterer(ancienne, "PRAGMA user_version = 3")
    remedes = set()
    for verbe in (
        ("lecture", "-o", ancienne),
        ("rejouer", "--lecture", ancienne),
        ("verifier", "--lecture", ancienne),
        ("explorer", "--lecture", ancienne, "-o", copie),
    ):
        fait = lancer(*verbe, "--base", base)
        assert (fait.code, fait.octets) == (4, b"")
        dit, remede = fait.erreur.splitlines()
        assert "d'une autre version du logiciel (3, " in dit
        remedes.add(remede)
    (remede,) = remedes
    _, _, commande = remede.partition(" : fabriques ")
    assert lancer(*shlex.split(commande)).code == 0
    assert lancer("explorer", "--base", base, "--lecture", ancienne, "-o", copie).code == 0
    alterer(ancienne, "PRAGMA user_version = 3")
    fait = lancer(
        "explorer", "--base", tmp_path / "rien.db", "--lecture", ancienne, "-o", copie / "a"
    )
    assert "--base BASE -o " in fait.erreur


def test_le_rapport_n_ecrase_pas_le_modele(base: Path, lue: Path) -> None:
    """Le rapport ne s'écrit pas sur le modèle de lecture qu'il compare."""
    octets = lue.read_bytes()
    assert lancer("rejouer", "--base", base, "-o", lue).code == 2
    assert lue.read_bytes() == octets
