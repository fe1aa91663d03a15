"""Le verbe journal : les lignes à l'octet près, et leur forme courte."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Journal, SQLiteStore
from tests.cli.outils import PROGRAMME, demarrer, depot, en_lignes, lancer


def lignes(base: Path) -> list[bytes]:
    """The lines of the journal, read without the command line."""
    store = SQLiteStore(base, ecriture=False)
    try:
        return list(Journal(store, PROGRAMME).lignes())
    finally:
        store.fermer()


def test_le_journal_sort_a_l_octet_pres(base_golden: Path) -> None:
    """Par défaut, le journal est la suite exacte de ses lignes."""
    fait = lancer("journal", "--base", base_golden)
    assert (fait.code, fait.erreur) == (0, "")
    assert fait.octets == b"".join(ligne + b"\n" for ligne in lignes(base_golden))


def test_le_journal_json_est_une_liste_des_memes_lignes(base_golden: Path) -> None:
    """En JSON, le journal est une liste dont chaque élément est une ligne, à l'octet près."""
    fait = lancer("journal", "--base", base_golden, "--format", "json")
    assert fait.octets == b"[\n" + b",\n".join(lignes(base_golden)) + b"\n]\n"
    assert len(fait.json) == 464


def test_le_journal_s_arrete_ou_on_le_demande(base_golden: Path) -> None:
    """--connu-au s'arrête à une position ou à un instant, --au ne garde que les faits d'avant."""
    tout = lignes(base_golden)
    demande = ("journal", "--base", base_golden)
    assert lancer(*demande, "--connu-au", "3").octets.splitlines() == tout[:3]
    instant = json.loads(tout[0])["state"]["enregistre_le"]
    assert lancer(*demande, "--connu-au", instant).octets.splitlines() == tout[:1]
    avant = lancer(*demande, "--au", "2020-02-03").octets.splitlines()
    assert avant == [x for x in tout if json.loads(x)["state"]["date_effet"] <= "2020-02-03"]
    assert lancer(*demande, "--connu-au", "0").octets == b""
    assert lancer(*demande, "--connu-au", "465").code == 2


def test_un_fait_antidate_est_marque(base_neuve: Path) -> None:
    """Un fait daté d'avant un fait déjà enregistré est marqué antidaté, en tableau et en CSV."""
    lot = [depot("a"), depot("b", date_effet="2020-01-15"), depot("c")]
    assert lancer("executer", "-", "--base", base_neuve, entree=en_lignes(lot)).code == 0
    table = lancer("journal", "--base", base_neuve, "--format", "table").sortie.splitlines()
    assert ["antidaté" in ligne for ligne in table[2:]] == [False, False, True, False]
    assert table[4].startswith("    3 15/01/2020 antidaté candidature déposée")
    texte = lancer("journal", "--base", base_neuve, "--format", "csv").sortie
    assert [li["tardif"] for li in csv.DictReader(io.StringIO(texte))] == [
        "false",
        "false",
        "true",
        "false",
    ]


def test_le_tableau_du_journal_tient_en_80_colonnes(base_golden: Path) -> None:
    """Le tableau du journal a une ligne par fait, en 80 colonnes, montants entiers."""
    table = lancer("journal", "--base", base_golden, "--format", "table").sortie.splitlines()
    assert len(table) == 2 + 464
    assert max(map(len, table)) <= 80
    assert table[2].split() == [
        "1",
        "11/07/2019",
        "programme",
        "ouvert",
        "45",
        "000",
        "000,00",
        "€",
    ]


@pytest.mark.parametrize("verbe", ["journal --format csv", "enveloppe"])
def test_une_ligne_forgee_est_une_erreur_4(verbe: str, base: Path) -> None:
    """Une ligne réécrite à la main arrête la lecture en erreur 4, sans trace d'appel."""
    with sqlite3.connect(base) as forge:
        forge.execute("UPDATE stored_events SET state=? WHERE originator_version=2", (b"{}",))
    forge.close()
    fait = lancer(*verbe.split(), "--base", base)
    assert fait.code == 4
    assert "position 2" in fait.erreur or "ligne 2" in fait.erreur
    assert "Traceback" not in fait.erreur


def test_un_lecteur_qui_s_arrete_ne_cause_pas_de_trace(base_golden: Path, tmp_path: Path) -> None:
    """Quand le lecteur ferme le tuyau, le journal s'arrête sans un mot, en 141."""
    with demarrer("journal", "--base", base_golden, dossier=tmp_path) as processus:
        assert processus.stdout is not None
        assert processus.stderr is not None
        assert processus.stdout.readline() == lignes(base_golden)[0] + b"\n"
        processus.stdout.close()
        assert processus.stderr.read() == b""
        assert processus.wait(60) == 141


@pytest.mark.parametrize("colonne", ["topic = NULL", "topic = X'00'", "state = 'texte'"])
def test_une_rangee_qui_n_est_pas_une_ligne_est_nommee(base: Path, colonne: str) -> None:
    """Une rangée dont le type ou l'état n'a pas sa nature est nommée, avec le code 4."""
    with closing(sqlite3.connect(base)) as lue:
        lue.execute(f"UPDATE stored_events SET {colonne} WHERE originator_version = 7")  # noqa: S608
        lue.commit()
    fait = lancer("journal", "--base", base)
    assert (fait.code, "fait_illisible" in fait.erreur) == (4, True)
    assert "position 7" in fait.erreur
