"""The HTML page of a reconciliation: self-contained, printable, every text escaped."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from ledger.montants import format_euros
from ledger.temps import format_date

from ..rapprochement.bilan import Rapprochement
from ..rapprochement.classeur import LIBELLES
from .ecriture import visible


def page_rapprochement(rapport: Rapprochement) -> bytes:
    """The page, in UTF-8."""
    groupes = [
        (total, [v for v in rapport.verdicts if v.verdict == total.verdict])
        for total in rapport.totaux
    ]
    texte = _modele().render(
        r=rapport,
        groupes=groupes,
        libelles=LIBELLES,
        style=Markup(_fichier("style.css")),  # noqa: S704 - a file of this package
    )
    return texte.encode("utf-8")


@cache
def _modele() -> Template:
    environnement = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_fichier),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_montrer,
    )
    environnement.filters.update(euros=format_euros, jour=_jour)
    return environnement.get_template("rapprochement.html")


def _fichier(nom: str) -> str:
    return files("projections.rapport").joinpath("templates", nom).read_text("utf-8")


def _montrer(valeur: object) -> object:
    return visible(valeur) if type(valeur) is str else valeur


def _jour(iso: str) -> str:
    return format_date(date.fromisoformat(iso))
