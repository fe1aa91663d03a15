"""Units that are not the euro: in a heading, or in the format that shows a number.

An amount under "Montant (k€)", or shown as 50 % or $75,000.00, is not so many euros: reading it as
such would change it silently.
"""

from __future__ import annotations

import re
import unicodedata

_AUTRES = re.compile(
    r"""%|pour[ ]cent|\$|£|¥|₣
    |\b(?:usd|gbp|chf|jpy|xpf|cfp|frf|francs?|dollars?)\b
    |\bcentimes?\b|\bcents\b
    |\b[km][ ]?(?:€|eur(?:os?)?\b)|\bmd?s?[ ]?€|\ben[ ][km]\b
    |\b(?:milliers?|millions?|milliards?|mio)\b""",
    re.VERBOSE,
)
_LITTERAL = re.compile(r'"([^"]*)"|\[\$([^\]-]*)(?:-[^\]]*)?\]|\\(.)|([$£¥€%])')
_EUROS = re.compile(r"[\d\s.,+-]*€?")
_CHIFFRES = re.compile(r"\d+")
_QUANTITE = re.compile(
    r"""(?<!\d)(?!(?:19|20)\d\d\b)\d+(?:[.,\s]\d+)*\s*
    (?:%|[^\W\d]+|[€$£¥])(?:\s*(?:€|d['’]euros?))?""",
    re.VERBOSE,
)
"""An amount in a sentence; a year is none."""
_INTEGRES = {"9": "0%", "10": "0.00%"}
"""Formats that a workbook names by number, without writing them: those in percent."""


def unite_etrangere(texte: str) -> str | None:
    """The unit that the text names and that is not the euro, None when it names none."""
    plat = unicodedata.normalize("NFKD", texte.lower()).replace("_", " ")
    trouve = _AUTRES.search("".join(c for c in plat if not unicodedata.combining(c)))
    return None if trouve is None else trouve[0]


def unite_montree(texte: str) -> str | None:
    """The unit shown beside a number, as a spreadsheet displays it (`75,00 k€`), likewise."""
    if _EUROS.fullmatch(texte):  # nearly every cell: ten times faster than looking for a unit
        return None
    return unite_etrangere(_CHIFFRES.sub(" ", texte))


def unite_annoncee(texte: str) -> str | None:
    """The unit that a line above a table states for it (« en milliers d'euros », « (k€) »).

    A unit that follows a figure is an amount told in passing (« doté de 45 M€ »): None.
    """
    return unite_etrangere(_QUANTITE.sub(" ", texte))


def unite_du_format(numero: str, code: str | None) -> str | None:
    """The unit that a number format of a workbook shows beside the number, likewise."""
    code = _INTEGRES.get(numero, "") if code is None else code
    montre = " ".join("".join(filter(None, morceaux)) for morceaux in _LITTERAL.findall(code))
    return unite_etrangere(montre)
