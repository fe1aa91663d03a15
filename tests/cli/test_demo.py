"""Le verbe demo : une base d'essai, sans jamais toucher une vraie base."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.outils import depot, en_lignes, lancer, ouverture, position_max


def test_la_demonstration_donne_ses_trois_membres(tmp_path: Path) -> None:
    """En JSON, la démonstration a ses trois membres, conformes aux totaux de fin 2020."""
    fait = lancer("demo", "--base", tmp_path / "d.db", "--format", "json")
    assert fait.code == 0
    assert list(fait.json) == ["enveloppe", "credits", "verification"]
    assert fait.json["enveloppe"]["disponible_centimes"] == 29_800_000_00
    assert fait.json["enveloppe"]["au"] == "2020-12-31"
    assert [ligne["exercice"] for ligne in fait.json["credits"]] == [2019, 2020, 2021, 2022]
    assert fait.json["verification"]["statut"] == "conforme"


def test_relancer_la_demonstration_est_sans_effet(base: Path) -> None:
    """Relancer la démonstration sur sa base n'écrit rien et montre les chiffres à --au."""
    avant = position_max(base)
    fait = lancer("demo", "--base", base, "--format", "json")
    assert fait.code == 0
    assert position_max(base) == avant
    assert fait.json["enveloppe"]["paye_centimes"] == 7_200_000_00
    assert "306 déjà présents" in fait.erreur


def test_la_demonstration_dit_ses_hypotheses_et_la_suite(tmp_path: Path) -> None:
    """Le texte dit ce qui est supposé, montre un échéancier et finit par des commandes à coller."""
    fait = lancer("demo", "--base", tmp_path / "d.db")
    assert fait.code == 0
    assert "Supposé :" in fait.sortie
    assert "lab01-01500" in fait.sortie
    assert "Bonus numérique : 100 000,00 €" in fait.sortie
    fin = fait.sortie.partition("À essayer ensuite")[2].replace(" \\\n", " ")
    suite = fin.strip().splitlines()[1:]
    assert len(suite) > 3
    for commande in suite:
        assert str(tmp_path / "d.db") in commande


def test_la_demonstration_s_ouvre_dans_un_tableur(tmp_path: Path) -> None:
    """Vers un .ods, la démonstration est le classeur d'exporter à ce jour."""
    base, fichier, exporte = (tmp_path / nom for nom in ("d.db", "d.ods", "e.ods"))
    fait = lancer("demo", "--base", base, "--au", "2020-02-10", "-o", fichier)
    assert (fait.code, fait.octets) == (0, b"")
    assert lancer("exporter", "--base", base, "--au", "2020-02-10", "-o", exporte).code == 0
    assert fichier.read_bytes() == exporte.read_bytes()
    deux = lancer("demo", "--synthetique", "--base", tmp_path / "s.db", "-o", tmp_path / "s.ods")
    assert deux.code == 2
    assert "--programme synthetique-2019 -o synthetique-2019.ods" in deux.erreur
    assert not (tmp_path / "s.db").exists()


def test_sans_base_la_demonstration_prend_un_nom_libre(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sans --base, un nouveau fichier est nommé, et FABRIQUES_BASE n'est pas touchée."""
    monkeypatch.chdir(tmp_path)
    for attendu in ("fabriques-demo.db", "fabriques-demo-2.db"):
        fait = lancer("demo", "--format", "json", env={"FABRIQUES_BASE": "vraie.db"})
        assert fait.code == 0
        assert f"Base de démonstration : {attendu}" in fait.erreur
        assert Path(attendu).exists()
    assert not Path("vraie.db").exists()


def test_la_demonstration_n_ecrit_pas_dans_une_vraie_base(tmp_path: Path, base_neuve: Path) -> None:
    """La démonstration n'ajoute rien à une base qui tient autre chose qu'elle."""
    autre = tmp_path / "autre.db"
    lancer("executer", "-", "--base", autre, entree=en_lignes([ouverture("reel")]))
    fait = lancer("demo", "--base", autre)
    assert (fait.code, fait.octets) == (2, b"")
    meme_nom = tmp_path / "meme.db"
    commandes = [ouverture(id_commande="reelle", source="Décision du ministre"), depot("a")]
    lancer("executer", "-", "--base", meme_nom, entree=en_lignes(commandes))
    fait = lancer("demo", "--base", meme_nom)
    assert (fait.code, fait.octets) == (3, b"")
    assert "programme_existant" in fait.erreur
    assert position_max(meme_nom) == 2


def test_avant_le_programme_il_n_y_a_rien_a_montrer(tmp_path: Path) -> None:
    """Une date antérieure au programme est un défaut d'usage, et ne crée pas de base."""
    fait = lancer("demo", "--base", tmp_path / "d.db", "--au", "2018-01-01")
    assert (fait.code, list(tmp_path.iterdir())) == (2, [])


def test_l_histoire_synthetique_tient_deux_programmes(tmp_path: Path) -> None:
    """--synthetique joue les deux jeux de règles dans une base, dit ses hypothèses et vérifie."""
    base = tmp_path / "s.db"
    fait = lancer("demo", "--synthetique", "--base", base, "--format", "json")
    assert fait.code == 0, fait.erreur
    assert list(fait.json) == ["hypotheses", "programmes"]
    assert list(fait.json["programmes"]) == ["synthetique-2019", "synthetique-2023"]
    assert "2062 faits enregistrés" in fait.erreur
    premier = fait.json["programmes"]["synthetique-2019"]
    assert premier["enveloppe"]["labels"] == {
        "total": 300,
        "qpv": 150,
        "hors_qpv": 150,
        "numeriques": 32,
    }
    for programme in fait.json["programmes"].values():
        assert programme["verification"]["statut"] == "conforme"
    encore = lancer("demo", "--synthetique", "--base", base, "--au", "2021-12-31")
    assert encore.code == 0
    assert "SYNTHÉTIQUE : aucune structure de cette base n'existe" in encore.sortie
    assert "déjà présents" in encore.erreur
    tableaux = encore.sortie.partition("À essayer ensuite")[0]
    assert max(map(len, tableaux.splitlines())) <= 81
    assert lancer("demo", "--base", base).code == 2


def test_la_synthese_n_ecrit_pas_dans_une_vraie_base(base: Path) -> None:
    """--synthetique refuse une base qui tient autre chose qu'elle, même la démonstration."""
    avant = base.read_bytes()
    fait = lancer("demo", "--synthetique", "--base", base)
    assert (fait.code, fait.octets) == (2, b"")
    assert base.read_bytes() == avant
