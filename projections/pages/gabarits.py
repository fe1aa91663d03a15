"""The environment of the templates: autoescape, French formats, nothing obeyed nor hidden."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from ledger.montants import format_euros
from ledger.temps import format_date

from ..libelles import ETATS, STATUTS, TERRITOIRES, libelle_du_type
from ..rapport.ecriture import visible
from . import graphes, postes

_FINE, _INSECABLE = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
_GROUPES = re.compile(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)")
_UNITES = re.compile(r"(?<=\d) (?=[€%])")
_DOUBLES = re.compile(r"(?<=\S) (?=[:;?!»](?:\s|[<\"]|$))|(?<=«) (?=\S)", re.MULTILINE)
"""The ordinary spaces before a double sign and inside French quotes."""
_MILLION = 100_000_000
_MILLIER = 100_000


@cache
def environnement() -> Environment:
    """The one environment. Every expression is made visible (`visible`), then escaped."""
    environnement = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda nom: ponctuer(fichier(nom))),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_montrer,
    )
    environnement.filters.update(
        euros=lambda centimes: insecable(format_euros(centimes)),
        insecable=insecable,
        abrege=abrege,
        au_fil=au_fil,
        entier=entier,
        jour=jour,
        instant=instant,
        points=points,
        pour_cent=pour_cent,
        etat=lambda code: ETATS.get(code, code),
        statut=lambda code: STATUTS.get(code, code),
        territoire=lambda code: TERRITOIRES.get(code, code),
        type=libelle_du_type,
    )
    environnement.globals.update(graphes=graphes, postes=postes, zip=zip)
    return environnement


def gabarit(nom: str) -> Template:
    """One template, by the name of its file."""
    return environnement().get_template(nom)


def compiler() -> None:
    """Compile every template: the first use of one costs more than a page."""
    for chemin in files("projections.pages").joinpath("templates").iterdir():
        if chemin.name.endswith(".html"):
            gabarit(chemin.name)


def fichier(nom: str) -> str:
    """The text of a file shipped with the templates."""
    return files("projections.pages").joinpath("templates", nom).read_text("utf-8")


def au_fil(nom: str) -> str:
    """A heading within a sentence: its first letter small, unless it begins an acronym."""
    return nom if nom[1:2].isupper() else nom[:1].lower() + nom[1:]


def sur(texte: str) -> Markup:
    """A text of this package, put in a page as it is. Never for data."""
    return Markup(texte)  # noqa: S704 - only files of this package and what `rapport` escaped


def abrege(centimes: int) -> str:
    """An amount for a chart, rounded half up: `12,5 M€`, `50 k€`, `120 €`."""
    signe, valeur = "-" if centimes < 0 else "", abs(centimes)
    if valeur >= _MILLION:
        dixiemes = (valeur + _MILLION // 20) // (_MILLION // 10)
        entiers, reste = divmod(dixiemes, 10)
        virgule = f",{reste}" if reste else ""
        return f"{signe}{entier(entiers)}{virgule}{_INSECABLE}M€"
    if valeur >= _MILLIER:
        return f"{signe}{(valeur + _MILLIER // 2) // _MILLIER}{_INSECABLE}k€"
    return f"{signe}{(valeur + 50) // 100}{_INSECABLE}€"


def insecable(phrase: str) -> str:
    """A sentence whose figures never break at the end of a line, nor from their unit.

    Browsers find `45 000 000,00 €` typed with ordinary spaces.
    """
    groupee = _GROUPES.sub(lambda nombre: nombre[0].replace(" ", _FINE), phrase)
    return ponctuer(_UNITES.sub(_INSECABLE, groupee))


def ponctuer(phrase: str) -> str:
    """A French sentence of which no line begins with a double sign: `Payé :`, `« lu »`."""
    return _DOUBLES.sub(_INSECABLE, phrase)


def entier(nombre: int) -> str:
    """A count for a person: `1 000 000`."""
    return f"{nombre:,}".replace(",", _FINE)


def jour(iso: str | date) -> str:
    """A date for a person: `31/12/2020`."""
    return format_date(date.fromisoformat(iso) if isinstance(iso, str) else iso)


def instant(stocke: str) -> str:
    """A recorded instant for a person."""
    return f"{jour(stocke[:10])} à {stocke[11:19]} UTC"


def pour_cent(dix_milliemes: int) -> str:
    """A rate for a person: `33,33 %`."""
    entiers, reste = divmod(abs(dix_milliemes), 100)
    return f"{'-' if dix_milliemes < 0 else ''}{entiers},{reste:02d}{_INSECABLE}%"


def points(dix_milliemes: int) -> str:
    """The difference of two rates for a person: `-0,50 point`."""
    mot = "point" if abs(dix_milliemes) < 200 else "points"  # noqa: PLR2004 - French: from 2 on
    return f"{pour_cent(dix_milliemes).removesuffix('%')}{mot}"


def _montrer(valeur: object) -> object:
    """What every expression of a template goes through before it is escaped."""
    return visible(valeur) if type(valeur) is str else valeur
