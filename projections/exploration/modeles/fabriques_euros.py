"""Datasette plugin: amounts read as French euros, rates as %, hostile texts made harmless.

It stands alone: Datasette loads it with `--plugins-dir`, nothing else has to be installed. The SQL
and the JSON keep the integers; only what a person reads changes.
"""

import re

from datasette import hookimpl
from markupsafe import Markup, escape

_CACHES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_DECIMAL = re.compile("-?[0-9]{1,15}[.][0-9]{2}")
_ADRESSE = re.compile("https?://", re.IGNORECASE)


def euros(centimes: int) -> str:
    """Cents as a person reads them: `45 000 000,00 €`, spaces that do not break."""
    unites, reste = divmod(abs(centimes), 100)
    groupes = f"{unites:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    signe = "-" if centimes < 0 else ""
    return f"{signe}{groupes},{reste:02d}\N{NO-BREAK SPACE}€"


def taux(dix_milliemes: int) -> str:
    """Ten-thousandths as a person reads them: `33,78 %`."""
    entiers, reste = divmod(abs(dix_milliemes), 100)
    return f"{'-' if dix_milliemes < 0 else ''}{entiers},{reste:02d}\N{NO-BREAK SPACE}%"


def _a_droite(texte: str) -> Markup:
    # a block, not a float: on a phone cells are stacked, and floats slip beside the next name
    return Markup(
        '<span style="display: block; text-align: right; white-space: nowrap">{}</span>'
    ).format(texte)


def render_cell(value: object, column: str) -> Markup | None:
    """Euros for cents; a text without what is not seen, nor a link that its author chose."""
    if isinstance(value, int) and column.endswith("_centimes"):
        return _a_droite(euros(value))
    if isinstance(value, int) and column.endswith("_dix_milliemes"):
        return _a_droite(taux(value))
    if isinstance(value, str) and column.endswith("_euros") and _DECIMAL.fullmatch(value):
        return _a_droite(euros(int(value.replace(".", ""))))
    if isinstance(value, str) and (_CACHES.search(value) or _ADRESSE.search(value)):
        return escape(_CACHES.sub("\N{REPLACEMENT CHARACTER}", value))
    return None


hookimpl(render_cell)  # marks it for Datasette
