"""Importer des commandes : ni ligne décalée, ni programme pris pour un autre, ni acte perdu."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_importer import codes, importer


def test_une_commande_dont_un_separateur_est_de_trop_est_refusee(
    base_neuve: Path, tmp_path: Path
) -> None:
    """« 1000,50 » sans guillemets dans un csv à virgules n'est pas 1 000 € de source « 50 »."""
    chemin = tmp_path / "a.csv"
    chemin.write_text(
        "commande,date,variation,source\n"
        "ModifierEnveloppe,2020-01-01,1000,50,Avenant 3\n"
        "ModifierEnveloppe,2020-01-01,1000,Avenant 3,\n",
        "utf-8",
    )
    fait = importer("commandes", chemin, base_neuve, "--role", "ordonnateur")
    assert codes(fait) == {2: ["refusee", "ligne_illisible"], 3: ["acceptee"]}
    assert "un séparateur est de trop" in fait.json["lignes"][0]["constats"][0]["message"]
