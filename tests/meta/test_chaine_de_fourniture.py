"""Ce que `make` installe, et rien que cela : chaque paquet a sa version figée."""

from __future__ import annotations

import ast
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.meta.arbre import RACINE, modules

INTERDITS = {
    "pickle",
    "marshal",
    "shelve",
    "yaml",
    "tarfile",
    "ctypes",
    "runpy",
    "pty",
    "code",
    "dill",
    "cloudpickle",
    "joblib",
}
APPELS = {"eval", "exec", "compile", "__import__", "resolve_topic", "extract", "extractall"}
APPELS |= {"import_module", "exec_module", "load_module", "unpack_archive"}
APPELS |= {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
ADMIS = {"ledger/stockage/usage.py": {"ctypes"}}
"""One call, on an object of ours: a connection inherited by a child is never closed there."""
IMPORTEURS = {"commands/cli/controles.py"}
"""`doctor` imports our three packages by their names, written in the code."""


def figees() -> dict[str, str]:
    """Name -> exact version, of constraints.txt."""
    lignes = (RACINE / "constraints.txt").read_text("utf-8").splitlines()
    couples = (ligne.split(" ;")[0].split("==") for ligne in lignes)
    return {canonicalize_name(nom): version.strip() for nom, version in couples}


def requises(exigence: str) -> set[str]:
    """Every distribution that a requirement brings here, itself included, extras followed."""
    trouvees: set[str] = set()
    restantes: list[tuple[str, frozenset[str]]] = [_lire(exigence)]
    vues: set[tuple[str, frozenset[str]]] = set()
    while restantes:
        nom, extras = restantes.pop()
        if (nom, extras) in vues:
            continue
        vues.add((nom, extras))
        trouvees.add(nom)
        for texte in metadata.requires(nom) or []:
            suivante = Requirement(texte)
            marque = suivante.marker
            if marque is None or any(marque.evaluate({"extra": e}) for e in ("", *extras)):
                restantes.append(_lire(texte))
    return trouvees


def _lire(exigence: str) -> tuple[str, frozenset[str]]:
    lue = Requirement(exigence)
    return canonicalize_name(lue.name), frozenset(lue.extras)


def test_tout_ce_qu_une_installation_apporte_est_fige() -> None:
    """Chaque paquet, direct ou non, dont l'exécution ou les tests ont besoin a sa version figée."""
    # pip installs the others: neither it nor setuptools, which Datasette asks for, can be held by
    # the constraints that they read
    voulues = requises("fabriques-ledger[test]") - {"fabriques-ledger", "pip", "setuptools"}
    assert len(voulues) > 25
    assert {"pydantic-core", "markupsafe", "pytest", "cffi"} <= voulues
    assert voulues - set(figees()) == set()


def code_appele(arbre: ast.Module) -> set[str]:
    """What a module imports or calls that would run, or unpack, what data name."""
    trouve: set[str] = set()
    for noeud in ast.walk(arbre):
        match noeud:
            case ast.Import(names=noms):
                trouve |= {a.name.split(".")[0] for a in noms} & INTERDITS
            case ast.ImportFrom(module=str(module), names=noms):
                trouve |= {module.split(".")[0]} & INTERDITS
                if module != "re":  # under another name, its calls would not be seen
                    trouve |= {a.name for a in noms if a.name in APPELS and a.asname}
            case ast.Call(func=ast.Name(id=nom)) if nom in APPELS:
                trouve.add(nom)
            case ast.Call(func=ast.Attribute(attr=nom, value=valeur)) if nom in APPELS and not (
                isinstance(valeur, ast.Name) and valeur.id == "re"
            ):
                trouve.add(nom)
            case ast.Call(keywords=nommes):
                trouve |= {
                    f"{k.arg}=True"
                    for k in nommes
                    if k.arg in ("shell", "allow_pickle", "enable_load_extension")
                }
            case _:
                pass
    return trouve


def test_rien_n_execute_ni_ne_deballe_ce_que_disent_des_donnees() -> None:
    """Ni pickle, ni eval, ni YAML, ni import par nom, ni extraction d'archive, ni shell."""
    trouves = {c: code_appele(arbre) - ADMIS.get(c, set()) for c, arbre in modules().items()}
    assert {c: t for c, t in trouves.items() if t and c not in IMPORTEURS} == {}
    assert [trouves[c] for c in sorted(IMPORTEURS)] == [{"import_module"}]


@pytest.mark.parametrize(
    ("source", "attendu"),
    [
        ("import pickle", {"pickle"}),
        ("from yaml import safe_load", {"yaml"}),
        ("eval(x)", {"eval"}),
        ("a.extractall(x)", {"extractall"}),
        ("importlib.import_module(x)", {"import_module"}),
        ("resolve_topic(x)", {"resolve_topic"}),
        ("subprocess.run(x, shell=True)", {"shell=True"}),
        ("import os\nos.system(x)", {"system"}),
        ("from os import popen\npopen(x)", {"popen"}),
        ("subprocess.getoutput(x)", {"getoutput"}),
        ("from importlib import import_module as lire", {"import_module"}),
        ("from builtins import eval as lire", {"eval"}),
        ("shutil.unpack_archive(x)", {"unpack_archive"}),
        ("chargeur.exec_module(x)", {"exec_module"}),
        ("import dill", {"dill"}),
        ("import re\nre.compile(x)", set()),
    ],
)
def test_une_execution_cachee_est_vue(source: str, attendu: set[str]) -> None:
    """Chaque façon d'exécuter une donnée est vue par le contrôle."""
    assert code_appele(ast.parse(source)) == attendu
