"""Cells of a CSV that a spreadsheet may open: nothing in a text is run, nothing moves a terminal.

Amounts are integers, and stay numbers, also when negative. A text keeps its letters; before what a
spreadsheet would take for a formula it gets an apostrophe. A French spreadsheet splits on `;`, also
inside quotes that do not open what it takes for a cell: what follows one is treated as a beginning.
"""

from __future__ import annotations

import re

Cellule = str | int | bool | None

CACHES = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"
)
"""What a terminal obeys or a reader does not see, the line feed excepted (inside a `[...]`)."""
_CACHES = re.compile(f"[{CACHES}]")
_AMORCE = re.compile("(^|[;|\n])(?=(?:[^\\S\n]|[\"'])*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_BLANCS = ("\t", "\r", "\n")
"""At the head of a cell, some spreadsheets skip them, then see a formula."""


def visible(texte: str) -> str:
    """The text, line feeds kept, with a mark in place of what would be obeyed or not seen."""
    return _CACHES.sub("\N{REPLACEMENT CHARACTER}", texte)


def cellule(valeur: Cellule) -> str | int:
    """The value as a CSV writer takes it; a text is harmless in a spreadsheet and on a terminal."""
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    if valeur is None:
        return ""
    if isinstance(valeur, str):
        # a lone CR ends a line for many readers, and the csv module does not quote it
        desamorce = _AMORCE.sub(r"\1'", visible(valeur.replace("\r", "\n")))
        return f"'{desamorce}" if valeur.startswith(_BLANCS) else desamorce
    return valeur
