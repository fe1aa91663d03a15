"""Exporter les commandes, les importer dans une base vide : tous les rapports sont les mêmes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.outils import en_lignes, lancer, ouverture
from tests.properties.test_aller_retour import en_table
from tests.tableaux.ecrire import ecrire

RAPPORTS = ("enveloppe", "credits", "structures", "anomalies", "fonctions", "prevision")


def rapports(base: Path) -> dict[str, object]:
    """Every report of figures, in JSON, today and at the end of 2020."""
    return {
        f"{verbe} {au}": lancer(verbe, "--base", base, "--format", "json", *options).json
        for verbe in RAPPORTS
        for au, options in (("", ()), ("2020", ("--au", "2020-12-31")))
        if not (options and verbe == "prevision")
    }


@pytest.mark.parametrize("genre", ["jsonl", "xlsx"])
def test_la_demonstration_exportee_puis_importee_a_vide_a_les_memes_rapports(
    genre: str, base_golden: Path, tmp_path: Path
) -> None:
    """Lignes JSON ou xlsx : mêmes rapports, journal conforme, et rien à ajouter ensuite."""
    fichier = tmp_path / "commandes.jsonl"
    assert lancer("exporter", "commandes", "--base", base_golden, "-o", fichier).code == 0
    commandes = [json.loads(ligne) for ligne in fichier.read_text("utf-8").splitlines()]
    if genre != "jsonl":
        fichier = ecrire(genre, tmp_path, en_table(commandes))
    neuve = tmp_path / "neuve.db"
    appel = ("importer", "commandes", fichier, "--base", neuve, "--confirmer", "--format", "json")
    totaux = lancer(*appel).json["totaux"]
    assert (totaux["lues"], totaux["refusees"]) == (len(commandes), 0)
    assert rapports(neuve) == rapports(base_golden)
    assert lancer("verifier", "--base", neuve).code == 0
    assert lancer(*appel).json["totaux"]["deja"] == len(commandes)


def test_un_membre_que_la_commande_n_a_pas_est_refuse_et_nomme(tmp_path: Path) -> None:
    """Rien ne se perd sans le dire : un membre de trop n'est pas laissé, la ligne est refusée."""
    fichier = tmp_path / "a.jsonl"
    fichier.write_bytes(en_lignes([ouverture(), ouverture(surplus="x", id_commande="b")]))
    appel = ("importer", "commandes", fichier, "--base", tmp_path / "n.db", "--format", "json")
    (_, refusee) = lancer(*appel).json["lignes"]
    assert refusee["statut"] == "refusee"
    assert "surplus : membre inconnu" in refusee["constats"][0]["message"]
