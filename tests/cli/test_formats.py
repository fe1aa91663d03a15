"""`--format` et `-o` : chaque verbe, chacun de ses formats, chaque suffixe."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from commands.cli.options import FORMATS
from commands.cli.sortie import SUFFIXES
from tests.cli.essais import APPELS, Essai, formats, tous_les_essais, verbes
from tests.cli.outils import lancer

SIMPLES = [
    e for e in {e.verbe: e for e in reversed(tous_les_essais())}.values()
    if not {"SCENARIO", "CHORUS", "TABLEAU", "RELEVES", "COMMANDES", "LECTURE", "RAPPORT"}
    & set(e.arguments)
    and e.verbe not in ("demo", "doctor", "migrer", "sauvegarder", "dossier", "lecture")
]  # fmt: skip
"""The reports that a base alone gives: `-o` is where they go."""
PRODUITS = {"dossier", "explorer", "lecture", "reproduire", "sauvegarder"}
"""Verbs whose `-o` names what they make; `--format` is that of what they say of it."""
SANS_CSV = {"demo", "dossier", "rapport", "releve"}
"""Several tables in one, a zip, a note: no single table to put in a CSV."""

SANS_CLASSEUR = {
    *("executer", "importer", "migrer", "reprendre", "sauvegarder", "lecture"),  # what was done
    *("verifier", "rejouer", "reproduire", "releve", "dossier", "doctor"),  # findings and proofs
}


def sans_format(essai: Essai) -> list[str]:
    """The words of an attempt, its own --format left out."""
    mots = list(essai.arguments)
    if "--format" in mots:
        rang = mots.index("--format")
        del mots[rang : rang + 2]
    return [m.replace("STRUCTURE", "lab01-01500").replace("FIN", "3").replace("1 RACINE", "")
            for m in mots if m != "jsonl"]  # fmt: skip


def test_chaque_verbe_dit_ses_formats() -> None:
    """Chaque verbe de lecture ou d'écriture a --format, avec un tableau et, sauf dits, un CSV."""
    for nom, verbe in verbes().items():
        if nom in ("exporter", "dossier"):
            continue
        admis = formats(verbe)
        assert "json" in admis, nom
        assert ("csv" in admis) is (nom not in SANS_CSV), nom
        assert "table" in admis or nom == "releve", nom


def test_chaque_verbe_de_chiffres_a_ses_classeurs() -> None:
    """Qui montre des chiffres les donne en xlsx et en ods ; les autres sont nommés."""
    for nom, verbe in verbes().items():
        sans = nom in SANS_CLASSEUR
        assert ("xlsx" in formats(verbe), "ods" in formats(verbe)) == (not sans, not sans), nom


def test_chaque_verbe_ecrit_dans_un_fichier() -> None:
    """Chaque verbe a -o, sauf migrer, dont la cible est un argument."""
    for nom, verbe in verbes().items():
        options = {o for p in verbe.params for o in p.opts}
        assert ("-o" in options) is (nom != "migrer"), nom


def attendu(format_: str) -> str:
    """The suffix that names a format by itself."""
    return next(s for s, possibles in SUFFIXES.items() if possibles[0] == format_)


@pytest.mark.parametrize("essai", SIMPLES, ids=lambda e: e.verbe)
def test_le_suffixe_du_fichier_choisit_le_format(
    base_golden: Path, tmp_path: Path, essai: Essai
) -> None:
    """-o FICHIER.SUFFIXE écrit les octets de --format ; -o - les envoie à la sortie standard."""
    b = ("--base", base_golden)
    mots = sans_format(essai)
    admis = formats(verbes()[essai.verbe])
    if essai.verbe == "exporter":
        admis = ("xlsx", "ods", "beancount", "hledger", "jsonl")
    for format_ in admis:
        if not any(format_ == possibles[0] for possibles in SUFFIXES.values()):
            continue  # csv-fr, cloudevents: asked for by name
        dit = lancer(essai.verbe, *mots, *b, "--format", format_, "-o", "-")
        fichier = tmp_path / f"r{attendu(format_)}"
        fichier.write_bytes(b"ancien")
        fait = lancer(essai.verbe, *mots, *b, "-o", fichier)
        assert (fait.code, fait.octets) == (dit.code, b""), fait.erreur
        assert fichier.read_bytes() == dit.octets, format_
        assert len(dit.octets) > 6 or essai.verbe == "anomalies"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("essai", SIMPLES, ids=lambda e: e.verbe)
def test_un_suffixe_inconnu_ou_contraire_est_refuse(
    base_golden: Path, tmp_path: Path, essai: Essai
) -> None:
    """Un suffixe inconnu, étranger au verbe ou contraire à --format : refusé, rien n'est écrit."""
    b = ("--base", base_golden)
    mots = sans_format(essai)
    premier = "beancount" if essai.verbe == "exporter" else formats(verbes()[essai.verbe])[0]
    for options, dit in (
        (("-o", tmp_path / "r.xyz"), "Le suffixe .xyz ne dit pas de format"),
        (("-o", tmp_path / "r.zip"), "n'écrit pas de .zip"),
        (("-o", tmp_path / "r.zip", "--format", premier), f"le format demandé est {premier}"),
    ):
        fait = lancer(essai.verbe, *mots, *b, *options)
        assert (fait.code, fait.octets, dit in fait.erreur) == (2, b"", True), fait.erreur
    fait = lancer(essai.verbe, *mots, *b, "--format", premier, "-o", tmp_path / "r.xyz")
    assert (fait.code, [p.name for p in tmp_path.iterdir()]) == (0, ["r.xyz"])


@pytest.mark.parametrize(
    ("mots", "dit"),
    [
        ("exporter", "Il manque le format"),
        ("exporter jsonl --format ods", "Deux formats demandés"),
        ("exporter xlsx -o r.csv", "le format demandé est xlsx"),
        ("exporter -o r.csv", "--feuille"),
        ("releve --carte -o r.json", "n'écrit pas de .json"),
        ("releve --depuis 3 -o r.csv", "n'écrit pas de .csv"),
        ("dossier -o r.xlsx", "n'écrit pas de .xlsx"),
        ("rapport -o r.csv", "n'écrit pas de .csv"),
        ("schemas -o r.csv", "n'écrit pas de .csv"),
        ("preparer-base --sql -o r.csv", "n'écrit pas de .csv"),
    ],
)
def test_un_produit_ne_prend_pas_un_autre_nom(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mots: str, dit: str
) -> None:
    """Carte, preuve, dossier, schémas, exports : un nom qui dit autre chose est refusé."""
    monkeypatch.chdir(tmp_path)
    base = () if mots.startswith("schemas") else ("--base", base_golden)
    fait = lancer(*mots.split(), *base)
    assert (fait.code, fait.octets, dit in fait.erreur) == (2, b"", True), fait.erreur
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffixe", [".xlsx", ".ods", ".html", ".CSV", ".json", ".txt"])
@pytest.mark.parametrize("verbe", ["lecture", "explorer --copie-seule", "sauvegarder"])
def test_une_base_ne_prend_pas_le_nom_d_un_rapport(
    base_golden: Path, tmp_path: Path, verbe: str, suffixe: str
) -> None:
    """Un fichier SQLite n'est pas écrit sous un suffixe de rapport : code 2, rien d'écrit."""
    cible = tmp_path / f"x{suffixe}"
    fait = lancer(*verbe.split(), "--base", base_golden, "-o", cible)
    assert (fait.code, "finir le nom en .db" in fait.erreur) == (2, True), fait
    assert list(tmp_path.iterdir()) == []


def test_sans_suffixe_le_format_est_celui_du_verbe(base_golden: Path, tmp_path: Path) -> None:
    """Un fichier sans suffixe reçoit le format par défaut du verbe."""
    for verbe in ("enveloppe", "journal", "releve"):
        fichier = tmp_path / verbe
        assert lancer(verbe, "--base", base_golden, "-o", fichier).code == 0
        assert fichier.read_bytes() == lancer(verbe, "--base", base_golden).octets


def test_un_fichier_a_la_largeur_d_un_tuyau(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un tableau écrit dans un fichier ne dépend pas de la fenêtre d'où il est demandé."""
    fichier = tmp_path / "r.txt"
    attendus = lancer("structures", "--base", base_golden).octets
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((200, 24)))
    assert lancer("structures", "--base", base_golden, "-o", fichier).code == 0
    assert fichier.read_bytes() == attendus


def test_les_verbes_a_produit_sont_connus() -> None:
    """La liste des verbes dont -o nomme un produit est celle de la documentation."""
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "terminal.md").read_text("utf-8")
    assert all(f"`{verbe}`" in guide for verbe in PRODUITS)
    assert set(APPELS) <= set(verbes())
    assert set(FORMATS) == {"table", "json", "jsonl", "csv"}
