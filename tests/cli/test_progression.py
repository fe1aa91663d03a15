"""La progression d'un long travail : sur un terminal seulement, une ligne, effacée à la fin."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.cli import progression as p
from tests.cli.outils import Resultat, depot, en_lignes, lancer, ouverture
from tests.cli.test_affichage_hostile import bruts


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def ouvrir_un_ecran(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """stderr as a terminal, each count drawn at once (not a fixture: pytest would restore it)."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(p, "PATIENCE", 0)
    monkeypatch.setattr(p, "_CADENCE", 0)
    return terminal


def test_le_compte_est_montre_puis_efface(monkeypatch: pytest.MonkeyPatch) -> None:
    """Le nombre, le total et la part se lisent ; la ligne est vide à la fin, sans séquence."""
    ecran = ouvrir_un_ecran(monkeypatch)
    with p.progression("Faits", 2_000) as montrer:
        montrer(1_000)
        montrer(2_000)
    texte = ecran.getvalue()
    assert "\rFaits : 1 000 sur 2 000, 50 %" in texte
    assert "\rFaits : 2 000 sur 2 000, 100 %" in texte
    assert re.search(r"\r +\r$", texte)
    assert "\x1b" not in texte


def test_un_travail_dans_un_autre_parle_seul(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deux comptes ne s'écrivent jamais l'un sur l'autre : le plus intérieur parle."""
    ecran = ouvrir_un_ecran(monkeypatch)
    with p.progression("Dehors") as dehors:
        with p.progression("Dedans", 10, octets=True) as dedans:
            dehors(1)
            dedans(5)
        dehors(2)
    vus = [m for m in ecran.getvalue().split("\r") if m.strip()]
    assert [m.strip() for m in vus] == ["Dedans : 50 %", "Dehors : 2"]


def test_un_travail_court_ne_montre_rien(monkeypatch: pytest.MonkeyPatch) -> None:
    """Avant que la patience ne soit épuisée, rien ne clignote."""
    ecran = ouvrir_un_ecran(monkeypatch)
    monkeypatch.setattr(p, "PATIENCE", 10**15)
    with p.progression("Faits") as montrer:
        montrer(1)
    assert ecran.getvalue() == ""


def test_rien_hors_d_un_terminal_ni_sur_des_resultats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dans un tuyau, ou quand les résultats sortent sur le même terminal, rien n'est compté."""
    ecran = ouvrir_un_ecran(monkeypatch)
    monkeypatch.setattr("sys.stdout", Terminal())
    with p.progression("Faits", partagee=True) as montrer:
        montrer(1)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with p.progression("Faits") as montrer:
        montrer(1)
    assert ecran.getvalue() == ""


VERBES = {
    "enveloppe": "Lignes lues",
    "verifier": "Faits vérifiés",
    "rejouer --lecture LECTURE": "Faits rejoués",
    "lecture -o NEUF --reconstruire": "Lignes lues",
    "rapport -o NEUF.html": "Lignes mises en page",
    "rapport -o NEUF.ods": "Lignes du classeur",
    "fonctions -o NEUF.xlsx": "Lignes du classeur",
    "prevision -o NEUF.html2 --format ods": "Lignes du classeur",
    "journal -o NEUF.xlsx": "Lignes du classeur",
    "expliquer enveloppe.paye": "Lignes lues",
    "comparer 1 464": "Lignes lues",
    "dossier -o NEUF.zip": "Faits vérifiés",
    "exporter xlsx -o NEUF.xlsx": "Lignes du classeur",
    "exporter ods -o NEUF.ods": "Lignes du classeur",
    "exporter beancount -o NEUF.txt2": "Lignes lues",
    "structures -o NEUF.xlsx": "Lignes du classeur",
    "sauvegarder -o NEUF.db": "Pages copiées",
    "migrer BASE NEUF.db": "Lignes",
    "releve": "Lignes lues",
}


def en_montrant(
    monkeypatch: pytest.MonkeyPatch, *mots: str | Path, entree: bytes = b""
) -> Resultat:
    """A run whose stderr is taken for a terminal."""
    monkeypatch.setattr(p, "visible", lambda: True)
    monkeypatch.setattr(p, "PATIENCE", 0)
    monkeypatch.setattr(p, "_CADENCE", 0)
    monkeypatch.setattr(p, "_LIGNES", 100)
    return lancer(*mots)


@pytest.mark.parametrize("mots", VERBES)
def test_chaque_long_travail_dit_ou_il_en_est(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mots: str
) -> None:
    """Lire, vérifier, rejouer, exporter, copier : un compte sur le terminal, rien dans un tuyau."""
    lecture = tmp_path / "lecture.db"
    if "LECTURE" in mots:
        assert lancer("lecture", "--base", base_golden, "-o", lecture).code == 0
    noms = {"BASE": str(base_golden), "NEUF": str(tmp_path / "neuf"), "LECTURE": str(lecture)}
    demande = mots.split()
    for nom, valeur in noms.items():
        demande = [mot.replace(nom, valeur) for mot in demande]
    if not mots.startswith("migrer"):
        demande += ["--base", str(base_golden)]
    fait = en_montrant(monkeypatch, *demande)
    assert fait.code == 0, fait.erreur
    assert re.search(rf"\r{VERBES[mots]} : [0-9]", fait.erreur)
    assert "\x1b" not in fait.erreur
    assert bruts(fait.sortie) == set()


def test_executer_et_importer_disent_ou_ils_en_sont(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un fichier de commandes, un tableau : la part lue, quand les reçus vont ailleurs."""
    base, commandes, tableau = (tmp_path / nom for nom in ("b.db", "c.jsonl", "t.csv"))
    commandes.write_bytes(en_lignes([ouverture()]))
    lignes = "".join(f"Association {n};Vichy;03200;qpv;non\n" for n in range(201))
    tableau.write_text(f"porteur;ville;code postal;territoire;numerique\n{lignes}", "utf-8")
    b = ("--base", base)
    fait = en_montrant(monkeypatch, "executer", commandes, *b, "-o", tmp_path / "r.jsonl")
    assert (fait.code, "\rExécution : 100 %" in fait.erreur) == (0, True), fait.erreur
    options = ("--date-effet", "2020-02-03", "-o", tmp_path / "r.csv")
    fait = en_montrant(monkeypatch, "importer", "candidatures", tableau, *b, *options)
    assert (fait.code, "\rLignes lues : 200" in fait.erreur) == (0, True), fait.erreur


_ECRIVAIN = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("BEGIN IMMEDIATE")
print(flush=True)
sys.stdin.read()
"""


@contextmanager
def autre_ecrivain(base: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that holds the lock of writers, until its input ends."""
    commande = (sys.executable, "-c", _ECRIVAIN, str(base))
    tube = subprocess.PIPE
    with subprocess.Popen(commande, stdin=tube, stdout=tube, text=True) as autre:
        assert autre.stdout is not None
        autre.stdout.readline()
        yield autre


def test_une_base_tenue_est_dite_avant_d_etre_attendue(
    base_neuve: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tenue une seconde durant par un autre programme, la base est dite ; libre, rien n'est dit."""
    commandes = tmp_path / "c.jsonl"
    commandes.write_bytes(en_lignes([depot("a")]))
    demande = ("executer", commandes, "--base", base_neuve)
    with autre_ecrivain(base_neuve) as autre:
        attentes = []

        def attendre(secondes: float) -> None:
            attentes.append(secondes)
            if len(attentes) == 10:
                autre.communicate("")

        monkeypatch.setattr("commands.cli.base.sleep", attendre)
        fait = en_montrant(monkeypatch, *demande)
    assert (fait.code, "est tenue par un autre programme" in fait.erreur) == (0, True), fait.erreur
    fait = en_montrant(monkeypatch, *demande)
    assert (fait.code, "tenue" in fait.erreur, len(attentes)) == (0, False, 10)
