"""Importer des commandes : ni ligne décalée, ni programme pris pour un autre, ni acte perdu."""

from __future__ import annotations

from pathlib import Path

from tests.cli.outils import depot, en_lignes, lancer, ouverture
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


def deux_programmes(dossier: Path) -> Path:
    """Two openings under the same command id: ids belong to one programme."""
    fichier = dossier / "deux.jsonl"
    fichier.write_bytes(en_lignes([ouverture("un"), ouverture("deux")]))
    return fichier


def test_un_programme_demande_refuse_les_lignes_des_autres(tmp_path: Path) -> None:
    """Avec --programme, une ligne qui en nomme un autre est refusée, et n'est écrite nulle part."""
    fichier, base = deux_programmes(tmp_path), tmp_path / "n.db"
    fait = importer("commandes", fichier, base, "--programme", "un", "--confirmer")
    assert codes(fait) == {1: ["acceptee"], 2: ["refusee", "autre_programme"]}
    assert "nomme le programme deux" in fait.json["lignes"][1]["constats"][0]["message"]
    assert fait.json["programme"] == "un"
    assert lancer("journal", "--base", base, "--programme", "deux").code == 2


def test_sans_programme_demande_chaque_ligne_va_ou_elle_le_dit(tmp_path: Path) -> None:
    """Deux programmes dans un fichier, sous les mêmes identifiants : rien ne s'y perd."""
    fichier, base = deux_programmes(tmp_path), tmp_path / "n.db"
    fait = importer("commandes", fichier, base, "--confirmer")
    assert codes(fait) == {1: ["acceptee"], 2: ["acceptee"]}
    assert fait.json["programme"] is None
    assert fait.json["constats"][-1] == "Programme : celui que nomme chaque ligne."
    encore = importer("commandes", fichier, base, "--confirmer")
    assert codes(encore) == {1: ["deja"], 2: ["deja"]}
    sans = {cle: valeur for cle, valeur in ouverture().items() if cle != "programme"}
    fichier.write_bytes(en_lignes([sans]))
    assert codes(importer("commandes", fichier, base)) == {1: ["refusee", "valeur_invalide"]}


def test_les_exports_de_deux_programmes_mis_bout_a_bout_refont_la_base(tmp_path: Path) -> None:
    """Exportés puis mis dans un fichier, deux programmes reviennent avec leurs chiffres."""
    base, neuve, fichier = (tmp_path / nom for nom in ("a.db", "b.db", "tout.jsonl"))
    programmes = ("un", "deux")
    for n, programme in enumerate(programmes):
        saisies = [ouverture(programme), *(depot(f"s-{x}", programme=programme) for x in "abc"[n:])]
        lancer("executer", "-", "--base", base, entree=en_lignes(saisies))
    octets = b""
    for programme in programmes:
        options = ("--base", base, "--programme", programme, "-o", fichier)
        assert lancer("exporter", "commandes", *options).code == 0
        octets += fichier.read_bytes()
    fichier.write_bytes(octets)
    totaux = importer("commandes", fichier, neuve, "--confirmer").json["totaux"]
    assert (totaux["acceptees"], totaux["lues"]) == (octets.count(b"\n"),) * 2
    for programme in programmes:
        for verbe in ("enveloppe", "credits", "structures"):
            suite = ("--programme", programme, "--format", "json")
            a, b = (lancer(verbe, "--base", x, *suite).json for x in (base, neuve))
            assert a == b
    totaux = importer("commandes", fichier, neuve, "--confirmer").json["totaux"]
    assert totaux["deja"] == totaux["lues"]


def test_une_ligne_json_refusee_n_a_pas_de_cellule(base_neuve: Path, tmp_path: Path) -> None:
    """Le remède d'une ligne JSON parle de la ligne, et non d'une cellule."""
    fichier = tmp_path / "a.jsonl"
    fichier.write_bytes(en_lignes([ouverture(surplus=1, id_commande="x")]))
    (refusee,) = importer("commandes", fichier, base_neuve).json["lignes"]
    assert refusee["constats"][0]["remede"] == "Corriger la ligne JSON."
