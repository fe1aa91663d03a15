"""Qui importe qui : les contrats de pyproject.toml, vérifiés même sans import-linter.

import-linter suit aussi les imports indirects ; le contrôle d'ici ne lit que les imports directs,
mais il ne demande rien à installer.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.meta.arbre import PAQUETS, RACINE, modules

COUCHES = {
    ("ledger-est-le-socle", "ledger", "commands"),
    ("ledger-est-le-socle", "ledger", "projections"),
    ("projections-ignore-commands", "projections", "commands"),
    ("commands-ignore-projections", "commands", "projections"),
}


def contrats() -> list[dict[str, Any]]:
    """The import contracts, as pyproject.toml gives them to import-linter."""
    outils = tomllib.loads((RACINE / "pyproject.toml").read_text("utf-8"))["tool"]
    lus: list[dict[str, Any]] = outils["importlinter"]["contracts"]
    return lus


def imports(arbre: ast.Module, chemin: str) -> Iterator[tuple[str, str]]:
    """Every (importing module, imported name); an outside name is reduced to its distribution."""
    parties = chemin.removesuffix(".py").split("/")
    est_paquet = parties[-1] == "__init__"
    module = ".".join(parties[:-1] if est_paquet else parties)
    for noeud in ast.walk(arbre):
        match noeud:
            case ast.Import(names=noms):
                cibles = [alias.name for alias in noms]
            case ast.ImportFrom(module=nom, names=noms, level=niveau):
                base = parties[: len(parties) - niveau] if niveau else []
                origine = ".".join([*base, *([nom] if nom else [])])
                cibles = [origine, *(f"{origine}.{alias.name}" for alias in noms)]
            case _:
                continue
        for cible in cibles:
            racine = cible.split(".")[0]
            yield module, cible if racine in PAQUETS else racine


def ruptures(arete: tuple[str, str]) -> set[str]:
    """The contracts that one direct import breaks."""
    return {contrat["id"] for contrat in contrats() if _rompt(arete, contrat)}


def _rompt(arete: tuple[str, str], contrat: dict[str, Any]) -> bool:
    importeur, importe = arete
    tolerances = (regle.split(" -> ") for regle in contrat.get("ignore_imports", []))
    return (
        any(_dans(importeur, source) for source in contrat["source_modules"])
        and any(_dans(importe, interdit) for interdit in contrat["forbidden_modules"])
        and not any(_egale(importeur, a) and _egale(importe, b) for a, b in tolerances)
    )


def _dans(module: str, paquet: str) -> bool:
    return module == paquet or module.startswith(f"{paquet}.")


def _egale(module: str, expression: str) -> bool:
    motif = re.escape(expression).replace(r"\*\*", ".+").replace(r"\*", "[^.]+")
    return re.fullmatch(motif, module) is not None


def test_les_contrats_de_couches_sont_declares() -> None:
    """Les trois paquets ont leurs contrats de couches, tous du genre que ce contrôle sait lire."""
    declares = {
        (contrat["id"], source, interdit)
        for contrat in contrats()
        for source in contrat["source_modules"]
        for interdit in contrat["forbidden_modules"]
    }
    assert {contrat["type"] for contrat in contrats()} == {"forbidden"}
    assert declares >= COUCHES


def test_aucun_import_direct_ne_rompt_un_contrat() -> None:
    """Aucun module n'importe directement ce que son contrat lui interdit."""
    aretes = {a for chemin, arbre in modules().items() for a in imports(arbre, chemin)}
    assert {arete: rompus for arete in sorted(aretes) if (rompus := ruptures(arete))} == {}


@pytest.mark.parametrize(
    ("chemin", "source", "contrat"),
    [
        ("ledger/a.py", "import commands.refus", "ledger-est-le-socle"),
        ("ledger/a/b.py", "def f():\n    from projections import x", "ledger-est-le-socle"),
        ("projections/__init__.py", "from commands import x", "projections-ignore-commands"),
        ("commands/executer.py", "import projections.lecture", "commands-ignore-projections"),
        ("ledger/audit/a.py", "import eventsourcing.sqlite", "eventsourcing-dans-stockage"),
        ("ledger/stockage/a.py", "import sqlite_utils", "sqlite-utils-dans-projections"),
        ("commands/a.py", "from hypothesis import given", "outils-de-test-dans-testing"),
        ("commands/verbes/a.py", "import time", "coeur-pur"),
        ("ledger/programme.py", "from os import environ", "coeur-pur"),
    ],
)
def test_un_import_interdit_est_vu(chemin: str, source: str, contrat: str) -> None:
    """Un import interdit est vu, sous le nom du contrat qu'il rompt."""
    aretes = set(imports(ast.parse(source), chemin))
    assert set().union(*map(ruptures, aretes)) == {contrat}


@pytest.mark.parametrize(
    ("chemin", "source"),
    [
        ("commands/cli/__init__.py", "from projections import enveloppe"),
        ("commands/cli/a.py", "import projections.lecture"),
        ("commands/verbes/a.py", "from .. import refus\nfrom ..refus import Refus"),
        ("ledger/stockage/__init__.py", "import eventsourcing"),
        ("ledger/stockage/a.py", "from eventsourcing.sqlite import X"),
        ("ledger/testing/a.py", "import hypothesis"),
        ("projections/testing.py", "import hypothesis"),
        ("projections/lecture.py", "import sqlite_utils, os"),
    ],
)
def test_un_import_permis_passe(chemin: str, source: str) -> None:
    """Un import que les contrats permettent passe le contrôle."""
    aretes = set(imports(ast.parse(source), chemin))
    assert set().union(*map(ruptures, aretes)) == set()


def test_import_linter_tient_tous_les_contrats() -> None:
    """import-linter, qui suit aussi les imports indirects, tient tous les contrats."""
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter absent (make lint l'installe) : imports directs seuls vérifiés")
    programme = "from importlinter.cli import lint_imports; exit(lint_imports(no_cache=True))"
    fait = subprocess.run(
        [sys.executable, "-c", programme],
        cwd=RACINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fait.returncode == 0, fait.stdout + fait.stderr
