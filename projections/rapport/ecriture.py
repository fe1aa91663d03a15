"""The bytes of a report, JSON or self-contained HTML: a function of its value alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, get_args

import msgspec

from ledger.erreurs import UsageError
from ledger.preuve.canonique import json_canonique

from .contenu import Rapport

Format = Literal["json", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)
OCTETS_MAX = 64_000_000
"""Greatest length of a report that is written or read, in bytes."""
BALISE = '<script type="application/json" id="rapport">'
"""What precedes the JSON of a report inside its HTML; `</script>` follows it."""

# what JSON lets through and a terminal or a reader would obey; escaped, the value is the same
_INVISIBLES = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
_A_ECHAPPER = re.compile(f"[{_INVISIBLES}]")
_A_ECHAPPER_EN_HTML = re.compile(f"[<>&{_INVISIBLES}]")
_A_MONTRER = re.compile(f"[\x00-\x1f\ud800-\udfff{_INVISIBLES}]")


def ecrire(
    rapport: Rapport,
    format: Format,  # noqa: A002 - the word of the command line
    *,
    progres: Callable[[int], object] | None = None,
) -> bytes:
    """The file of a report: the same value gives the same bytes, on any machine, in any year.

    `json`: one value, members sorted, indented, line feed. `html`: one page that needs nothing else
    and embeds the same JSON; `progres` is told how many lines of it are laid out.
    Raises: UsageError for another format, a report whose figures are not of this engine, or one
    longer than `OCTETS_MAX`.
    """
    if format == "json":
        octets = _json(rapport)
    elif format == "html":
        from .page import page  # noqa: PLC0415 - jinja2

        octets = page(rapport, json_incorpore(rapport), progres).encode("utf-8")
    else:
        raise UsageError(f"Un rapport s'écrit en {' ou '.join(FORMATS)}, pas en {format!r}.")
    if len(octets) > OCTETS_MAX:
        raise UsageError(
            f"Le rapport ferait {len(octets)} octets, {OCTETS_MAX} au plus : il ne pourrait pas "
            "être relu.",
            remede="Le format json est le plus court ; sinon, exporter les tableaux.",
        )
    return octets


def _json(rapport: Rapport) -> bytes:
    texte = msgspec.json.format(json_canonique(rapport.en_json()), indent=2).decode("utf-8")
    return f"{_echapper(_A_ECHAPPER, texte)}\n".encode()


def json_incorpore(rapport: Rapport) -> str:
    """The JSON of a report as it stands inside HTML: no character of it can end its element."""
    return _echapper(_A_ECHAPPER_EN_HTML, json_canonique(rapport.en_json()).decode("utf-8"))


def visible(texte: str) -> str:
    """A text for people: every control, bidirectional or invisible character shown as an escape."""
    return _echapper(_A_MONTRER, texte)


def _echapper(motif: re.Pattern[str], texte: str) -> str:
    return motif.sub(lambda c: f"\\u{ord(c[0]):04x}", texte)
