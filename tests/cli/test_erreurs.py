"""Les erreurs : une phrase en français, un code de sortie, rien sur la sortie standard."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from commands.cli import base as module_base
from tests.cli.outils import depot, en_lignes, lancer, lancer_a_part, position_max

LECTURES = (
    "enveloppe",
    "credits",
    "structures",
    "echeancier lab01-01500",
    "anomalies",
    "sonder --methode simple --nombre 1 --alea a",
    "journal",
    "lecture",
    "verifier",
)


def refus_net(verbe: str, base: Path | str, *, code: int, mot: str) -> None:
    """The verb fails on this base with that code, in one French sentence and nothing else."""
    fait = lancer(*verbe.split(), "--base", base, "--format", "json")
    assert (fait.code, fait.octets) == (code, b"")
    assert mot in fait.erreur
    assert "Traceback" not in fait.erreur


@pytest.mark.parametrize("verbe", LECTURES)
def test_une_base_absente_est_une_erreur_4(verbe: str, tmp_path: Path) -> None:
    """Un verbe qui lit refuse une base absente, et ne crée rien."""
    refus_net(verbe, tmp_path / "absente.db", code=4, mot="base_absente")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verbe", LECTURES)
def test_un_fichier_etranger_est_une_erreur_4(verbe: str, tmp_path: Path) -> None:
    """Un texte, un dossier ou la base d'une autre application ne sont pas des bases."""
    texte = tmp_path / "texte.db"
    texte.write_text("bonjour " * 500)
    autre = tmp_path / "autre.db"
    with sqlite3.connect(autre) as connexion:
        connexion.execute("CREATE TABLE t (a)")
    connexion.close()
    for fichier in (texte, autre, tmp_path):
        refus_net(verbe, fichier, code=4, mot="base_etrangere")


@pytest.mark.parametrize("verbe", LECTURES)
def test_une_base_tronquee_est_une_erreur_4(verbe: str, base: Path) -> None:
    """Une base coupée en deux est une erreur 4, quel que soit le verbe."""
    octets = base.read_bytes()
    base.write_bytes(octets[: len(octets) // 2])
    fait = lancer(*verbe.split(), "--base", base)
    assert fait.code in ((1, 4) if verbe == "verifier" else (4,))
    assert "Traceback" not in fait.erreur


@pytest.mark.parametrize("verbe", ["enveloppe", "executer -", "demo", "journal"])
def test_un_serveur_absent_est_une_erreur_4(verbe: str) -> None:
    """Un serveur PostgreSQL qui ne répond pas est une erreur 4 qui ne dit pas le mot de passe."""
    fait = lancer(*verbe.split(), "--base", "postgresql://u:secret@127.0.0.1:1/base")
    assert (fait.code, fait.octets) == (4, b"")
    assert "base_injoignable" in fait.erreur
    assert "postgresql://u@127.0.0.1:1/base" in fait.erreur
    assert "secret" not in fait.erreur
    autre = lancer(*verbe.split(), "--base", "mysql://u:secret@hote")
    assert autre.code == 2
    assert "secret" not in autre.erreur


@pytest.mark.parametrize(
    ("arguments", "extrait"),
    [
        ("inconnu", "Le verbe 'inconnu' n'existe pas."),
        ("enveloppe --xyz", "n'existe pas."),
        ("enveloppe --formta json", "Vouliez-vous dire"),
        ("enveloppe en trop", "Arguments en trop : en trop"),
        ("enveloppe --base", "demande une valeur"),
        ("enveloppe --format xml", "'xml' n'est pas l'un de 'table', 'json', 'jsonl', 'csv'"),
        ("enveloppe --au 31/02/2020", "n'existe pas au calendrier"),
        ("enveloppe --au demain", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("enveloppe --au 20200101", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("enveloppe --connu-au hier", "n'est ni une position"),
        ("enveloppe --connu-au 2020-01-01T10:00:00", "n'est ni une position"),
        ("enveloppe --connu-au -1", "n'est ni une position"),
        ("enveloppe --connu-au 1850-01-01", "de 1900-01-01 à 2999-12-31"),
        ("enveloppe --connu-au 0001-01-01", "est hors des années 1900 à 2999"),
        ("enveloppe --connu-au 0001-01-01T00:00:00+05:00", "n'est ni une position"),
        ("enveloppe --connu-au 465", "465"),
        ("echeancier", "Il manque l'argument 'STRUCTURE'"),
        ("executer", "Il manque l'argument"),
        ("verifier --format xml", "n'est pas l'un de 'table', 'json'"),
        ("verifier -o constats.html", "n'écrit pas de .html"),
        ("enveloppe -o .", "est un dossier"),
        ("enveloppe -o absent/rapport.json", "Impossible d'écrire"),
    ],
)
def test_un_mauvais_usage_sort_en_2(arguments: str, extrait: str, base_golden: Path) -> None:
    """Un mauvais usage sort en 2, avec une phrase française et rien sur la sortie standard."""
    fait = lancer(*arguments.split(), env={"FABRIQUES_BASE": str(base_golden)})
    assert (fait.code, fait.octets) == (2, b"")
    assert extrait in fait.erreur
    for anglais in ("Usage:", "Error", "Invalid", "Missing", "No such", "Try "):
        assert anglais not in fait.erreur


def test_un_defaut_imprevu_est_raconte(base_golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Un défaut imprévu donne une phrase et le code 4 ; la trace seulement si on la demande."""

    def casser(*_: object) -> str:
        raise ZeroDivisionError("exprès")

    monkeypatch.setattr(module_base, "choisir_programme", casser)
    fait = lancer("enveloppe", "--base", base_golden)
    assert (fait.code, fait.octets) == (4, b"")
    assert "ZeroDivisionError : exprès" in fait.erreur
    assert "Traceback" not in fait.erreur
    trace = lancer("enveloppe", "--base", base_golden, env={"FABRIQUES_DEBUG": "1"})
    assert trace.code == 4
    assert "Traceback" in trace.erreur


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root écrit partout")
def test_une_base_en_lecture_seule_ne_s_ecrit_pas(base_neuve: Path) -> None:
    """Une base sans droit d'écriture, ou sans aucun droit, est une erreur 4 pour qui l'écrit."""
    base_neuve.chmod(0o444)
    fait = lancer("executer", "-", "--base", base_neuve, entree=en_lignes([depot("a")]))
    assert (fait.code, fait.octets) == (4, b"")
    assert "lecture_seule" in fait.erreur
    base_neuve.chmod(0)
    assert lancer("enveloppe", "--base", base_neuve).code == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full est propre à Linux")
def test_un_disque_plein_est_une_erreur_4(base_golden: Path, tmp_path: Path) -> None:
    """Une sortie qui ne peut plus s'écrire est une erreur 4, pas un rapport tronqué en silence."""
    env = {"BASE": str(base_golden)}
    fait = lancer_a_part("journal", "--base", base_golden, dossier=tmp_path, env=env)
    assert fait.code == 0
    fait = lancer("journal", "--base", base_golden, "-o", "/dev/full")
    assert fait.code == 4
    assert "plus de place" in fait.erreur


def test_un_echec_laisse_le_rapport_precedent(base: Path, tmp_path: Path) -> None:
    """Un rapport qui échoue en route laisse en place celui d'avant, et aucun reste."""
    cible = tmp_path / "sortie" / "journal.csv"
    cible.parent.mkdir()
    cible.write_text("avant")
    forge = shutil.copy(base, tmp_path / "forge.db")
    with sqlite3.connect(forge) as connexion:
        connexion.execute("UPDATE stored_events SET state=? WHERE originator_version=9", (b"[",))
    connexion.close()
    assert lancer("journal", "--base", forge, "-o", cible).code == 4
    assert cible.read_text() == "avant"
    assert list(cible.parent.iterdir()) == [cible]


@pytest.mark.parametrize("lien", [None, "symbolique", "dur"])
def test_executer_n_ecrit_jamais_ses_recus_sur_ses_commandes(
    base_neuve: Path, tmp_path: Path, lien: str | None
) -> None:
    """-o qui nomme le fichier de commandes, par un lien aussi : code 2, rien n'est écrit."""
    commandes = tmp_path / "c.jsonl"
    commandes.write_bytes(en_lignes([depot("x")]))
    sortie = commandes if lien is None else tmp_path / "autre.jsonl"
    if lien == "symbolique":
        sortie.symlink_to(commandes)
    elif lien == "dur":
        sortie.hardlink_to(commandes)
    fait = lancer("executer", commandes, "--base", base_neuve, "-o", sortie)
    assert (fait.code, "est le fichier à lire" in fait.erreur) == (2, True), fait
    assert commandes.read_bytes() == en_lignes([depot("x")])
    assert position_max(base_neuve) == 1


@pytest.mark.parametrize("suffixe", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("verbe", ["enveloppe", "rapport", "journal", "lecture", "exporter"])
def test_aucune_sortie_n_est_la_base(base: Path, verbe: str, suffixe: str) -> None:
    """-o qui nomme la base ou un de ses voisins : code 2, et elle garde ses octets."""
    avant = base.read_bytes()
    # a name that says no format would be refused for that alone
    demande = {"exporter": ("beancount",), "lecture": ()}
    genre = demande.get(verbe, ("--format", "json"))
    fait = lancer(verbe, *genre, "--base", base, "-o", f"{base}{suffixe}")
    assert (fait.code, "est la base elle-même" in fait.erreur) == (2, True), fait
    assert base.read_bytes() == avant


def test_un_fichier_ecrit_n_est_jamais_ecrit_a_travers_un_lien_pose_d_avance(
    base_golden: Path, tmp_path: Path
) -> None:
    """Le fichier d'à côté est créé, jamais suivi : un lien posé à sa place est une erreur."""
    victime = tmp_path / "victime"
    victime.write_text("intact", "utf-8")
    (tmp_path / f".r.json.{os.getpid()}.partiel").symlink_to(victime)
    fait = lancer("enveloppe", "--base", base_golden, "-o", tmp_path / "r.json")
    assert fait.code == 2
    assert victime.read_text("utf-8") == "intact"
    assert not (tmp_path / "r.json").exists()
