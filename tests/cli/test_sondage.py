"""Le verbe « sonder » et les anomalies de saisie, de la ligne de commande."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger import Journal, SQLiteStore
from projections import regarder, tirer, verifier_tirage
from tests.cli.outils import PROGRAMME, Resultat, depot, en_lignes, lancer, ouverture

SIMPLE = ("--methode", "simple", "--nombre", "3", "--alea", "dé : 4 1 6")


def sonder(base: Path, *options: str | Path) -> Resultat:
    """Run the verb on a base."""
    return lancer("sonder", "--base", base, *options)


def test_le_json_d_un_tirage_se_refait_sur_le_journal(base_golden: Path) -> None:
    """Le JSON est celui de la projection aux deux dates demandées, et se vérifie sur le journal."""
    options = ("--au", "2021-06-30", "--connu-au", "400", "--format", "json")
    objet = sonder(base_golden, *SIMPLE, *options).json
    store = SQLiteStore(base_golden, ecriture=False)
    try:
        vue = regarder(Journal(store, PROGRAMME), au=date(2021, 6, 30), connu_au=400)
    finally:
        store.fermer()
    assert verifier_tirage(vue, objet) == ()
    tirage = tirer(vue, methode="simple", nombre=3, alea="dé : 4 1 6")
    assert [u["position"] for u in objet["unites"]] == [u.position for u in tirage.unites]
    assert (objet["position"], objet["au"], objet["population"]["nombre"]) == (
        400,
        "2021-06-30",
        190,
    )


@pytest.mark.parametrize(
    "methode",
    [
        ("--methode", "simple"),
        ("--methode", "mus"),
        ("--methode", "stratifie", "--strate", "territoire", "--population", "labels"),
    ],
)
def test_les_trois_formats_disent_les_memes_unites(
    methode: tuple[str, ...], base_golden: Path
) -> None:
    """Table, JSON et CSV listent les mêmes unités, et le tableau dit racine, aléa et graine."""
    options = (*methode, "--nombre", "6", "--alea", "a")
    objet = sonder(base_golden, *options, "--format", "json").json
    lignes = list(
        csv.DictReader(io.StringIO(sonder(base_golden, *options, "--format", "csv").sortie))
    )
    table = sonder(base_golden, *options)
    assert (table.code, table.erreur) == (0, "")
    assert [int(ligne["position"]) for ligne in lignes] == [u["position"] for u in objet["unites"]]
    assert len(lignes) == 6
    membres = ("rang", "position", "structure", "montant_centimes", "strate", "centime")
    assert [tuple(ligne) for ligne in lignes] == [membres] * 6
    assert objet["population"]["nature"] == ("labels" if "labels" in methode else "versements")
    assert ("Intervalle : 2 500 000,00 €" in table.sortie) is ("mus" in methode)
    for texte in (objet["racine"], objet["graine"], "aléa : a", "6 unités tirées"):
        assert texte in table.sortie
    for unite in objet["unites"]:
        assert f"{unite['position']}  {unite['structure'][:20]}" in table.sortie
    for strate in objet["strates"]:
        (ligne,) = [t for t in table.sortie.splitlines() if t.startswith(f"{_dite(strate)}  ")]
        assert ligne.split()[1] == str(strate["nombre"])
        assert ligne.split()[-1] == str(strate["tirees"])
    assert max(map(len, table.sortie.splitlines())) <= 80


def _dite(strate: dict[str, Any]) -> str:
    nom = str(strate["strate"])
    dits = {"qpv": "QPV", "hors_qpv": "hors QPV", "systematique": "systématique"}
    return dits.get(nom, nom)


def test_un_tirage_s_ecrit_dans_un_fichier(base: Path, tmp_path: Path) -> None:
    """Le suffixe de --sortie choisit le format."""
    fichier = tmp_path / "tirage.json"
    assert sonder(base, *SIMPLE, "-o", fichier).code == 0
    assert json.loads(fichier.read_bytes())["algorithme"] == "tirage-v1"


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--nombre", "0"), "Un tirage prend au moins une unité, 0 demandée."),
        (("--nombre", "269"), "La population compte 268 versements, 269 demandés."),
        (("--alea", ""), "L'aléa ne convient pas"),
        (("--connu-au", "3"), "La population est vide"),
        (("--strate", "montant"), "va avec la méthode stratifie"),
        (("--methode", "au-hasard"), "'au-hasard'"),
        (("--nombre", "x"), "'x'"),
        (("--format", "jsonl"), "'jsonl'"),
    ],
)
def test_une_demande_sans_sens_est_une_erreur_2(
    options: tuple[str, ...], phrase: str, base_golden: Path
) -> None:
    """Nombre, aléa, population, strate ou format sans sens : code 2, une phrase, rien d'écrit."""
    fait = sonder(base_golden, *SIMPLE, *options)
    assert (fait.code, fait.octets) == (2, b"")
    assert phrase in fait.erreur
    assert "Traceback" not in fait.erreur


def anomalies(base: Path, *options: str) -> list[tuple[str, str | None, int | None, str]]:
    """The anomalies of duplicates and recording of a base, member by member."""
    fait = lancer("anomalies", "--base", base, "--format", "json", *options)
    assert fait.code == 0
    codes = ("doublon_structure", "doublon_versement", "fait_tardif", "horloge_immobile")
    return [
        (a["code"], a["structure"], a["position"], a["detail"])
        for a in fait.json
        if a["code"] in codes
    ]


def test_les_anomalies_de_la_demonstration_sont_regroupees(base_golden: Path) -> None:
    """La démonstration, saisie après coup, a un fait tardif et trois groupes, sans doublon."""
    premier, *groupes = anomalies(base_golden)
    assert premier[:3] == ("fait_tardif", None, 1)
    assert groupes == [
        ("fait_tardif", None, 2, "305 faits tardifs d'effet en 2020, positions 2 à 306."),
        ("fait_tardif", None, 307, "80 faits tardifs d'effet en 2021, positions 307 à 386."),
        ("fait_tardif", None, 387, "78 faits tardifs d'effet en 2022, positions 387 à 464."),
    ]


def test_les_anomalies_de_saisie_suivent_les_deux_dates(base_golden: Path) -> None:
    """À une date d'effet et à une position, seuls les faits comptés sont tardifs."""
    _, groupe = anomalies(base_golden, "--au", "2020-12-31", "--connu-au", "100")
    assert groupe == (
        "fait_tardif",
        None,
        2,
        "99 faits tardifs d'effet en 2020, positions 2 à 100.",
    )
    (seul,) = anomalies(base_golden, "--au", "2019-12-31")
    assert seul[:3] == ("fait_tardif", None, 1)
    assert anomalies(base_golden, "--connu-au", "0") == []


def test_un_doublon_saisi_est_liste(tmp_path: Path) -> None:
    """Deux dépôts du même porteur au même code postal sont listés par le verbe."""
    base = tmp_path / "doublon.db"
    lots = [ouverture(), depot("un", porteur="Même"), depot("deux", porteur="MEME")]
    assert lancer("executer", "-", "--base", base, entree=en_lignes(lots)).code == 0
    assert anomalies(base)[0] == (
        "doublon_structure",
        "deux",
        3,
        "Même porteur et même code postal que un (position 2).",
    )
