"""The journal lines counted by a view, byte for byte: what `fabriques journal` prints."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct
from msgspec.json import Decoder

from ledger.erreurs import ChainBrokenError
from ledger.journal import Journal

from ..situation import Vue


class _Etat(Struct):
    date_effet: str


class _Ligne(Struct):
    state: _Etat


_lire = Decoder(_Ligne).decode


def ecrire_jsonl(journal: Journal, vue: Vue) -> Iterator[str]:
    """One line a fact, each the very one that the view verified, in the order of positions.

    Raises: ChainBrokenError when the journal is not the one the view was read from; StoreError.
    """
    derniere, lue = vue.situation.position, 0
    au = None if vue.au is None else vue.au.isoformat()
    lignes = journal.lignes(jusqua=derniere) if derniere else iter(())
    for lue, octets in enumerate(lignes, start=1):
        if sha256(b"\x00" + octets).digest() != vue.arbre.feuille(lue):
            raise _change(vue, lue)
        if au is None or _lire(octets).state.date_effet <= au:
            yield f"{octets.decode('utf-8')}\n"
    if lue != derniere:
        raise _change(vue, lue + 1)


def _change(vue: Vue, position: int) -> ChainBrokenError:
    return ChainBrokenError(
        f"Le journal {vue.programme} a changé pendant l'export.", position=position
    )
