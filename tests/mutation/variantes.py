"""What may stand in the place of an expression, and of an operator: the tables of faults."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_CODE = re.compile(r"[A-Za-z0-9_.-]*")
NEGATIONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALCULS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_FONCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_TRANSPARENTES = {"sorted", "reversed", "abs"}


def variantes(noeud: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What may stand in the place of a whole expression."""
    match noeud:
        case ast.Constant(value=bool() as valeur):
            yield f"constante {valeur} -> {not valeur}", ast.Constant(not valeur)
        case ast.Constant(value=int() as valeur):
            for autre in (valeur + 1, valeur - 1):
                yield f"constante {valeur} -> {autre}", ast.Constant(autre)
        case ast.Constant(value=bytes() as valeur):
            yield f"octets {valeur!r}", ast.Constant(valeur + b"_")
        case ast.Constant(value=str() as valeur) if _CODE.fullmatch(valeur):
            yield f"code {valeur!r}", ast.Constant(f"{valeur}x")
        case ast.BoolOp(values=valeurs):
            nom = "or" if isinstance(noeud.op, ast.And) else "and"
            autre_op = ast.Or() if isinstance(noeud.op, ast.And) else ast.And()
            yield f"logique {nom}", ast.BoolOp(autre_op, valeurs)
            for rang in range(len(valeurs)):
                reste = [v for k, v in enumerate(valeurs) if k != rang]
                garde = reste[0] if len(reste) == 1 else ast.BoolOp(noeud.op, reste)
                yield f"logique sans terme {rang + 1}", garde
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operande):
            yield f"signe {type(noeud.op).__name__} effacé", operande
        case ast.Call(func=ast.Name(id=nom) as fonction, args=args, keywords=mots):
            if nom in _FONCTIONS:
                inverse = ast.copy_location(ast.Name(_FONCTIONS[nom], ast.Load()), fonction)
                yield f"fonction {nom} -> {inverse.id}", ast.Call(inverse, args, mots)
            if nom in _TRANSPARENTES and args:
                yield f"fonction {nom} effacée", args[0]
        case ast.Slice(lower=bas, upper=haut, step=pas):
            if bas is not None:
                yield "borne basse effacée", ast.Slice(None, haut, pas)
            if haut is not None:
                yield "borne haute effacée", ast.Slice(bas, None, pas)
        case _:
            pass
