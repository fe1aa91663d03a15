"""SECURITY.md tient ce qu'il dit : chaque promesse a son test, chaque test nommé existe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.meta.arbre import RACINE

TITRES = ("Assets", "Actors", "Boundaries", "Promises", "What is not promised")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")
CHEMIN = re.compile(r"`((?:tests|ledger|commands|projections)/[a-z0-9_/]+(?:\.py)?)`")


def promesses(texte: str) -> Iterator[tuple[str, str]]:
    """(promise, what is said of its test), for each row of the tables of promises."""
    section = texte.partition("\n## Promises\n")[2].partition("\n## ")[0]
    for ligne in section.splitlines():
        if ligne.startswith("|") and not ligne.startswith(("|---", "| Promise |")):
            promesse, _, reste = ligne.strip("| ").rpartition(" | ")
            yield promesse, reste


def defauts(texte: str) -> list[str]:
    """Promises without a test, and tests that are not there or are skipped outright."""
    trouves = []
    for promesse, dit in promesses(texte):
        nommes = TEST.findall(dit)
        if not promesse or not nommes or TEST.sub("", dit).strip(" ,"):
            trouves.append(f"sans test exact : {promesse or dit}")
        trouves += [f"absent : {f}::{n}" for f, n in nommes if n not in definis_dans(f)]
    return trouves


def definis_dans(fichier: str) -> set[str]:
    """The tests that pytest collects in a file: functions at its top, or methods of a class."""
    chemin = RACINE / fichier
    if not chemin.is_file():
        return set()
    corps = ast.parse(chemin.read_text("utf-8")).body
    corps += [n for c in corps if isinstance(c, ast.ClassDef) for n in c.body]
    return {n.name for n in corps if isinstance(n, ast.FunctionDef) and not _ecarte(n)}


def _ecarte(fonction: ast.FunctionDef) -> bool:
    """Whether `make test` never runs it (`skip`, `xfail`, `lourd`): no promise rests on it."""
    marques = " ".join(ast.unparse(d) for d in fonction.decorator_list)
    return re.search(r"mark\.(skip\b|xfail|lourd)", marques) is not None


def test_chaque_promesse_nomme_un_test_qui_existe() -> None:
    """Chaque ligne des promesses nomme au moins un test, et il est là, lancé par make test."""
    texte = (RACINE / "SECURITY.md").read_text("utf-8")
    assert len(list(promesses(texte))) >= 30
    assert defauts(texte) == []


def test_le_modele_de_menaces_a_ses_parties_et_ses_lieux() -> None:
    """Biens, acteurs, frontières, promesses, limites : là, et chaque fichier nommé existe."""
    texte = (RACINE / "SECURITY.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", texte, re.MULTILINE) == [*TITRES]
    assert [c for c in CHEMIN.findall(texte) if not (RACINE / c).exists()] == []


@pytest.mark.parametrize(
    ("ligne", "attendu"),
    [
        ("| Rien | `tests/unit` |", "sans test exact : Rien"),
        ("| Rien | `tests/meta/test_securite.py` |", "sans test exact : Rien"),
        ("| Rien | |", "sans test exact"),
        (
            "| Rien | `tests/meta/test_securite.py::test_absent` |",
            "absent : tests/meta/test_securite.py::test_absent",
        ),
        ("| Rien | `tests/meta/absent.py::test_a` |", "absent : tests/meta/absent.py::test_a"),
    ],
)
def test_une_promesse_sans_preuve_est_vue(ligne: str, attendu: str) -> None:
    """Une promesse sans test, ou dont le test manque, est vue."""
    entete = "# S\n\n## Promises\n\n| Promise | Test |\n|---|---|\n"
    trouves = defauts(f"{entete}{ligne}\n\n## What is not promised\n")
    assert [t for t in trouves if t.startswith(attendu)] != []


def test_un_test_ecarte_ne_prouve_rien() -> None:
    """Un test sauté, attendu en échec ou lourd ne compte pas comme preuve."""
    source = "@pytest.mark.{}\ndef test_a() -> None: ..."
    for marque, ecarte in (("skip", True), ("xfail", True), ("lourd", True), ("skipif(x)", False)):
        (fonction,) = ast.parse(source.format(marque)).body
        assert isinstance(fonction, ast.FunctionDef)
        assert _ecarte(fonction) is ecarte
