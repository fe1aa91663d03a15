"""Ce que les trois paquets n'écrivent jamais : flottant, horloge, hasard, instruction morte."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.meta.arbre import PAQUETS, RACINE, fichiers, modules

HORLOGE = "ledger/horloge.py"
LIGNE_DE_COMMANDE = "commands/cli"
IMPREVISIBLES = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
}


def fautes(arbre: ast.Module, chemin: str) -> list[str]:
    """What the module must not contain, as `line: what`, in line order."""
    trouvees = {*_interdits(arbre, chemin), *_sans_effet(arbre)}
    if chemin != HORLOGE:
        trouvees |= set(_imprevisibles(arbre))
    return [f"{chemin}:{ligne}: {quoi}" for ligne, quoi in sorted(trouvees)]


def _interdits(arbre: ast.Module, chemin: str) -> Iterator[tuple[int, str]]:
    for noeud in ast.walk(arbre):
        match noeud:
            case ast.Constant(value=float() | complex()) if not _est_un_outil_de_test(chemin):
                yield noeud.lineno, "littéral flottant"
            case ast.Call(func=ast.Name(id="float")):
                yield noeud.lineno, "conversion en flottant"
            case ast.Call(func=ast.Name(id="print")) if not chemin.startswith(LIGNE_DE_COMMANDE):
                yield noeud.lineno, "print hors de la ligne de commande"
            case ast.Assert() if not _est_un_outil_de_test(chemin):
                yield noeud.lineno, "assert (disparaît avec python -O)"
            case ast.ExceptHandler(type=None):
                yield noeud.lineno, "except sans type"
            case _:
                pass


def _est_un_outil_de_test(chemin: str) -> bool:
    """A test kit asserts, and sends floats to see them refused."""
    return "testing" in chemin.split("/")


def _imprevisibles(arbre: ast.Module) -> Iterator[tuple[int, str]]:
    origines = dict(_origines(arbre))
    for noeud in ast.walk(arbre):
        match noeud:
            case ast.Import(names=noms):
                candidats = [alias.name for alias in noms]
            case ast.ImportFrom(module=str(module), names=noms, level=0):
                candidats = [f"{module}.{alias.name}" for alias in noms]
            case ast.Name() | ast.Attribute():
                candidats = [_nom_complet(noeud, origines)]
            case _:
                continue
        for candidat in candidats:
            if candidat in IMPREVISIBLES or candidat.split(".")[0] == "random":
                yield noeud.lineno, f"horloge ou hasard ({candidat})"


def _origines(arbre: ast.Module) -> Iterator[tuple[str, str]]:
    """Local names bound by imports, with the dotted name each stands for."""
    for noeud in ast.walk(arbre):
        match noeud:
            case ast.Import(names=noms):
                for alias in noms:
                    racine = alias.name.split(".")[0]
                    yield (alias.asname or racine), (alias.name if alias.asname else racine)
            case ast.ImportFrom(module=str(module), names=noms, level=0):
                for alias in noms:
                    yield (alias.asname or alias.name), f"{module}.{alias.name}"
            case _:
                pass


def _nom_complet(noeud: ast.expr, origines: dict[str, str]) -> str:
    match noeud:
        case ast.Name(id=nom):
            return origines.get(nom, "")
        case ast.Attribute(value=valeur, attr=attribut):
            base = _nom_complet(valeur, origines)
            return f"{base}.{attribut}" if base else ""
        case _:
            return ""


def _sans_effet(arbre: ast.Module) -> Iterator[tuple[int, str]]:
    for noeud in ast.walk(arbre):
        for champ in ("body", "orelse", "finalbody"):
            bloc = getattr(noeud, champ, None)
            if isinstance(bloc, list):
                yield from _sans_effet_dans(noeud, bloc)


def _sans_effet_dans(parent: ast.AST, bloc: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    for rang, instruction in enumerate(bloc):
        if not isinstance(instruction, ast.Expr):
            continue
        match instruction.value:
            case ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom():
                continue
            case ast.Constant(value=value) if value is ...:
                continue
            case ast.Constant(value=str()) if _documente(parent, bloc, rang):
                continue
            case _:
                yield instruction.lineno, "expression sans effet"


def _documente(parent: ast.AST, bloc: list[ast.stmt], rang: int) -> bool:
    """Whether a string statement documents its parent, or the attribute written just above it."""
    documentables = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(parent, documentables):
        return False
    if rang == 0:
        return True
    return isinstance(parent, ast.Module | ast.ClassDef) and isinstance(
        bloc[rang - 1], ast.Assign | ast.AnnAssign
    )


def test_les_trois_paquets_sont_lus() -> None:
    """Le contrôle lit au moins un module de chacun des trois paquets."""
    assert {chemin.split("/", 1)[0] for chemin in modules()} == set(PAQUETS)


def test_aucun_module_n_est_impur() -> None:
    """Les trois paquets n'ont ni flottant, ni horloge cachée, ni hasard, ni instruction morte."""
    assert [faute for chemin, arbre in modules().items() for faute in fautes(arbre, chemin)] == []


@pytest.mark.parametrize(
    ("source", "quoi"),
    [
        ("x = 1.0", "littéral flottant"),
        ("x = [2 * 1e3]", "littéral flottant"),
        ("x = float('1')", "conversion en flottant"),
        ("print('a')", "print hors de la ligne de commande"),
        ("assert x", "assert (disparaît avec python -O)"),
        ("try:\n    f()\nexcept:\n    g()", "except sans type"),
        ("import datetime\ndatetime.datetime.now()", "horloge ou hasard (datetime.datetime.now)"),
        ("from datetime import date as d\nd.today()", "horloge ou hasard (datetime.date.today)"),
        ("import datetime as h\nh.datetime.today", "horloge ou hasard (datetime.datetime.today)"),
        ("import time\ntime.time()", "horloge ou hasard (time.time)"),
        ("from uuid import uuid4", "horloge ou hasard (uuid.uuid4)"),
        ("import random", "horloge ou hasard (random)"),
        ("from random import choice as tirer", "horloge ou hasard (random.choice)"),
        ("x == 1", "expression sans effet"),
        ("if x:\n    pass\nelse:\n    x.y", "expression sans effet"),
        ("f()\n'texte perdu'", "expression sans effet"),
        ("def f():\n    x = 1\n    'texte perdu'", "expression sans effet"),
        ("match x:\n    case 1:\n        x", "expression sans effet"),
    ],
)
def test_une_impurete_est_vue(source: str, quoi: str) -> None:
    """Chaque impureté interdite est vue par le contrôle."""
    assert quoi in {faute.split(": ", 1)[1] for faute in fautes(ast.parse(source), "ledger/x.py")}


@pytest.mark.parametrize(
    ("source", "chemin"),
    [
        ('"""Module."""\nX = 1\n"""Attribut."""\nclass A:\n    """Classe."""', "ledger/x.py"),
        ("def f():\n    ...", "ledger/x.py"),
        ("async def f():\n    await g()\n    yield\n    h()", "ledger/x.py"),
        ("def now():\n    return x.now()\nnow()", "ledger/x.py"),
        ("from datetime import UTC, datetime\ndatetime.now(UTC)", HORLOGE),
        ("print('a')", "commands/cli/sortie.py"),
        ("assert x == 1.0", "ledger/testing/contrat.py"),
    ],
)
def test_un_module_honnete_passe(source: str, chemin: str) -> None:
    """Un module sans faute passe le contrôle."""
    assert fautes(ast.parse(source), chemin) == []


def test_chaque_test_dit_sa_promesse() -> None:
    """Chaque test a une phrase : sa promesse, en français."""
    muets = [
        f"{nom}:{noeud.name}"
        for nom in fichiers()
        if nom.startswith("tests/") and nom.endswith(".py")
        for noeud in ast.walk(ast.parse((RACINE / nom).read_text("utf-8")))
        if isinstance(noeud, ast.FunctionDef)
        and noeud.name.startswith("test_")
        and not ast.get_docstring(noeud)
    ]
    assert muets == []
