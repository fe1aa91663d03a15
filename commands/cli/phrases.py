"""The sentences of the tables: harmless, folded to the width, amounts and dates as people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .largeurs import replier
from .rendu import date_iso
from .terminal import neutraliser

if TYPE_CHECKING:
    from projections import Vue


def euros(centimes: int) -> str:
    """Cents for people: `45 000 000,00 €`."""
    from ledger.montants import format_euros  # noqa: PLC0415

    return format_euros(centimes)


def libelle_du_fait(topic: str) -> str:
    """The type of a fact for people: `tranche versée`."""
    from projections.libelles import libelle_du_type  # noqa: PLC0415

    libelle = libelle_du_type(topic)
    return libelle[:1].lower() + libelle[1:]


def entete(vue: Vue, titre: str, largeur: int) -> str:
    """What is shown, of which programme, at which dates."""
    jour = vue.date_de_vue
    if vue.au is not None:
        quand = f"jusqu'au {date_iso(vue.au.isoformat())}"
    elif jour is not None:
        quand = f"tous, jusqu'au {date_iso(jour.isoformat())}"
    else:
        quand = "aucun"
    phrases = (
        f"{titre} · {vue.programme}",
        f"Faits comptés : {quand} · connu à la position {vue.situation.position}",
    )
    return "".join(f"{phrase(texte, largeur)}\n" for texte in phrases)


def phrase(texte: str, largeur: int) -> str:
    """A sentence, harmless, folded."""
    return replier(neutraliser(texte), largeur, suite="  ")


def en_retrait(texte: str, largeur: int) -> str:
    """A sentence folded and indented."""
    return replier(neutraliser(texte), largeur, debut="  ", suite="  ")


def en_liste(texte: str, largeur: int) -> str:
    """A sentence folded, an item of a list."""
    return replier(neutraliser(texte), largeur, debut="- ", suite="  ")
