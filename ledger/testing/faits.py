"""Strategies of facts, derived from the types that the ledger declares: bounds, choices, texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from ..evenements import Fait
from ..registre import TYPES
from .regles import regles
from .valeurs import Json

ENTIER_MAX = 2**53 - 1
LETTRES = st.characters(codec="utf-8")
TEXTES = st.text(LETTRES)
"""Any text that UTF-8 can write."""
CLES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


def json_du_sous_ensemble() -> st.SearchStrategy[Any]:
    """JSON as the ledger writes it: ASCII keys, integers below 2**53, no float."""
    entiers = st.integers(-ENTIER_MAX, ENTIER_MAX)
    return st.recursive(
        st.none() | st.booleans() | entiers | TEXTES,
        lambda enfants: st.lists(enfants, max_size=4) | st.dictionaries(CLES, enfants, max_size=4),
        max_leaves=12,
    )


@st.composite
def faits(draw: st.DrawFn, *, classes: Sequence[type[Fait]] = tuple(TYPES.values())) -> Fait:
    """A fact of one of the classes, every member within its declared bounds."""
    classe = draw(st.sampled_from(classes))
    membres: Json = {}
    for membre in inspect.type_info(classe).fields:  # type: ignore[attr-defined]
        if membre.name == "regles":
            complet = draw(regles())
            if classe is TYPES["regles-revisees"]:
                del complet["enveloppe_centimes"]
            membres[membre.name] = complet
        elif membre.required or draw(st.booleans()):
            membres[membre.name] = draw(_du_type(membre.type))
    return classe(**membres)


def _du_type(genre: Any) -> st.SearchStrategy[Any]:
    match genre:
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            bas = genre.ge if genre.ge is not None else -ENTIER_MAX
            bas = genre.gt + 1 if genre.gt is not None else bas
            return st.integers(bas, genre.le if genre.le is not None else ENTIER_MAX)
        case inspect.StrType() if genre.pattern is not None:
            return st.from_regex(genre.pattern, fullmatch=True)
        case inspect.StrType():
            bas, haut = genre.min_length or 0, genre.max_length
            return st.text(LETTRES, min_size=bas, max_size=min(haut or 20, max(bas, 20)))
        case inspect.DateType():
            return st.dates()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(genre.values)
        case inspect.UnionType():
            return st.one_of([_du_type(t) for t in genre.types])
        case inspect.VarTupleType():
            return st.lists(_du_type(genre.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(CLES, _du_type(genre.value_type), max_size=3)
        case inspect.StructType():
            champs = {m.name: _du_type(m.type) for m in genre.fields}
            return st.fixed_dictionaries(champs).map(lambda c: genre.cls(**c))
        case _:
            raise AssertionError(genre)


def brut(fait: Fait) -> Json:
    """A fact as plain JSON data, absent members left out."""
    donnees: Json = msgspec.to_builtins(fait)
    return donnees
