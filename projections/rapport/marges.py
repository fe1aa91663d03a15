"""What each printed page of a report says in its margins: a page alone still says where it is from.

Margin boxes of CSS (Chromium and Edge 131 or newer). Other browsers print the title of the page in
their own header: it says the same.
"""

from __future__ import annotations

from datetime import date

from ledger.temps import format_date

from .contenu import Entete
from .ecriture import visible

_NOM_MAX = 80
_RACINE = 12
"""Characters of the root (base64) in a margin: 72 bits; the first page has it whole."""


def reperes(entete: Entete) -> tuple[str, str, str]:
    """The view, the position and the beginning of the root, as short phrases."""
    if entete.au is None:
        etat = "tous les faits connus"
    else:
        etat = f"état au {format_date(date.fromisoformat(entete.au))}"
    return etat, f"position {entete.position}", f"racine {entete.racine[:_RACINE]}…"


def marges(entete: Entete) -> str:
    """The CSS rule of the margins. The page numbers are in the style."""
    nom = visible(entete.intitule or entete.programme)
    nom = nom if len(nom) <= _NOM_MAX else f"{nom[: _NOM_MAX - 1]}…"
    etat, position, racine = reperes(entete)
    police = 'font: 8pt "Liberation Sans", Arial, sans-serif; white-space: nowrap;'
    boites = (
        ("top-left", f"{nom} · {entete.programme}"),
        ("top-right", etat[0].upper() + etat[1:]),
        ("bottom-left", f"{position[0].upper()}{position[1:]} · {racine}"),
    )
    return "".join(
        f'@page {{ @{ou} {{ content: "{_en_css(texte)}"; {police} }} }}\n' for ou, texte in boites
    )


def _en_css(texte: str) -> str:
    """The inside of a CSS string: whatever is not a letter, a figure or a space is escaped."""
    return "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in texte)
