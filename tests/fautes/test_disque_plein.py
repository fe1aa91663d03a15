"""Le disque qui se remplit : dit en français, rien de perdu, rien à moitié écrit."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import GrandLivre
from ledger import SQLiteStore
from tests.cli.outils import lancer
from tests.fautes.disque_plein import PAGE, borner, limite, manque_tmpfs, remplir, tmpfs
from tests.fautes.flux import Plan, horloge, planifier

SORTIES = (
    ("rapport", "r.json"),
    ("rapport", "r.html"),
    ("dossier", "d.zip"),
    ("enveloppe", "e.csv"),
    ("journal", "j.jsonl"),
    ("structures", "s.json"),
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A short stream."""
    return planifier(2, (1, 3))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Path:
    """A base that holds the stream, closed."""
    ici = tmp_path_factory.mktemp("pleine")
    fait = lancer("executer", plan.ecrire(ici / "c.jsonl"), "--base", ici / "b.db")
    assert fait.code == 0, fait.erreur
    return ici / "b.db"


def test_a_chaque_taille_rien_d_acquitte_ne_se_perd(tmp_path: Path, plan: Plan) -> None:
    """À chaque taille permise, l'erreur est nommée, les reçus tiennent et la reprise finit."""
    essais = [borner(tmp_path, plan, octets) for octets in range(0, 140_000, 3000)]
    assert [faute for essai in essais for faute in essai.fautes] == []
    assert {essai.code for essai in essais} >= {"disque_plein"}
    assert len({essai.recus for essai in essais}) > 4  # filled at many points of the stream


def test_une_base_deja_la_tient_a_chaque_taille(tmp_path: Path) -> None:
    """Une base déjà là qui ne peut plus grandir garde tout et se complète une fois libérée."""
    depart, ici = tmp_path / "depart", tmp_path / "ici"
    depart.mkdir()
    ici.mkdir()
    entier = planifier(3, (1,))
    debut = Plan(entier.commandes[:8], (8,), entier.racines[:8], {})
    with GrandLivre(SQLiteStore(depart / "b.db", creer=True), clock=horloge()) as livre:
        livre.executer_lot(debut.commandes)
    taille = (depart / "b.db").stat().st_size
    limites = range(0, taille + 30 * PAGE, PAGE)
    essais = [borner(ici, entier, octets, depart=depart) for octets in limites]
    assert [faute for essai in essais for faute in essai.fautes] == []
    assert len({essai.recus for essai in essais}) > 4


@pytest.mark.skipif(manque_tmpfs() is not None, reason=manque_tmpfs() or "")
def test_un_vrai_disque_plein_ne_perd_rien(plan: Plan) -> None:
    """Sur un disque vraiment plein, rien ne se perd, et la place rendue suffit."""
    with tmpfs() as disque:
        essais = [remplir(disque, plan, pages) for pages in range(1, 50)]
    assert [faute for essai in essais for faute in essai.fautes] == []
    assert {essai.code for essai in essais} == {None, "disque_plein"}


@pytest.mark.parametrize("octets", [0, 20_000, 33_000])
def test_la_ligne_de_commande_dit_le_disque_plein(tmp_path: Path, plan: Plan, octets: int) -> None:
    """Disque plein : code 4, une phrase et un remède ; la place rendue, la même commande finit."""
    entree, b = plan.ecrire(tmp_path / "c.jsonl"), tmp_path / "b.db"
    with limite(octets):
        plein = lancer("executer", entree, "--base", b)
    assert (plein.code, "Traceback" in plein.erreur) == (4, False)
    assert "Erreur (disque_plein)" in plein.erreur
    assert "relancer" in plein.erreur
    fait = lancer("executer", entree, "--base", b)
    assert (fait.code, lancer("verifier", "--base", b).code) == (0, 0)
    assert fait.lignes_json[-1]["taille"] == len(plan.commandes)


@pytest.mark.parametrize("octets", [0, 100])
@pytest.mark.parametrize(("verbe", "nom"), SORTIES)
def test_une_sortie_qui_ne_tient_pas_laisse_l_ancienne(
    tmp_path: Path, base: Path, verbe: str, nom: str, octets: int
) -> None:
    """Une sortie que le disque ne peut tenir laisse le fichier d'avant, et aucun morceau d'elle."""
    sortie = tmp_path / nom
    sortie.write_bytes(b"avant")
    with limite(octets):
        plein = lancer(verbe, "--base", base, "-o", sortie)
    assert plein.code == 4, plein
    assert "Traceback" not in plein.erreur
    assert "inattendue" not in plein.erreur
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {nom: b"avant"}
    assert lancer(verbe, "--base", base, "-o", sortie).code == 0
    assert sortie.read_bytes() != b"avant"


@pytest.mark.parametrize("octets", [0, 4096, 20_000, 40_000])
def test_un_modele_de_lecture_qui_ne_tient_pas_se_refait(
    tmp_path: Path, base: Path, octets: int
) -> None:
    """Un modèle de lecture que le disque ne peut tenir est une erreur nommée, et se refait."""
    copie = tmp_path / "b.db"
    copie.write_bytes(base.read_bytes())
    with limite(octets):
        plein = lancer("lecture", "--base", copie)
    assert plein.code == 4, plein
    assert "inattendue" not in plein.erreur
    assert lancer("lecture", "--base", copie).code == 0
    assert lancer("rejouer", "--base", copie).code == 0
