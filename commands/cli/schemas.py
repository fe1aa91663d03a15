"""The verb `schemas`: the JSON Schemas of what goes in and of what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .completion import completer_schema
from .options import option_format, option_sortie
from .rendu import json_indente
from .sortie import choisir_format, ouvrir_sortie

if TYPE_CHECKING:
    from ledger.schema_json import Schema

_FORMATS = ("json",)
GENRES = ("commandes", "evenements", "chiffres", "tout")


@click.command(
    short_help="Les schémas JSON des commandes, des faits et des chiffres.",
    epilog="""\b
Exemples :
  fabriques schemas commandes DeposerCandidature
  fabriques schemas commandes scenario
  fabriques schemas evenements tranche-versee
  fabriques schemas evenements cloudevent -o cloudevent.schema.json
  fabriques schemas chiffres enveloppe
  fabriques schemas -o schemas.json

\b
NOM est un verbe, ligne (de executer) ou scenario (une ligne de simuler) pour
commandes ; un type de fait, ligne ou cloudevent pour evenements ; un verbe de
lecture ou recu pour chiffres. Sans NOM : commandes donne le schéma de n'importe
quelle commande, evenements celui d'une ligne du journal, chiffres un objet d'un
schéma par chiffre.""",
)
@click.argument("genre", type=click.Choice(GENRES), metavar="|".join(GENRES), default="tout")
@click.argument("nom", required=False, metavar="[NOM]", shell_complete=completer_schema)
@option_format(_FORMATS, "json")
@option_sortie
def schemas(genre: str, nom: str | None, format_demande: str | None, sortie: str | None) -> None:
    """Les schémas JSON (2020-12) de ce qui entre et de ce qui sort, en JSON.

    Une commande que son schéma refuse est refusée par le grand livre. L'inverse n'est pas promis :
    ce qu'un schéma ne peut pas dire est écrit dans le guide « integrer ».
    """
    choisir_format(format_demande, sortie, defaut="json", admis=_FORMATS)
    if genre == "tout":
        if nom is not None:
            raise click.UsageError("« tout » n'a pas de NOM : donner commandes ou evenements.")
        valeur: Any = {g: _TOUS[g]() for g in GENRES[:-1]}
    else:
        valeur = _TOUS[genre]() if nom is None else _UN[genre](nom)
    with ouvrir_sortie(sortie) as flux:
        flux.write(json_indente(valeur))


def _commande(nom: str) -> Schema:
    from commands.schemas import schema, schema_ligne, schema_scenario  # noqa: PLC0415

    autres = {"ligne": schema_ligne, "scenario": schema_scenario}
    return autres[nom]() if nom in autres else schema(nom)


def _commandes() -> Schema:
    from commands.schemas import schemas as tous  # noqa: PLC0415

    return tous()


def _evenement(nom: str) -> Schema:
    from ledger.schemas import schema  # noqa: PLC0415

    return schema(nom)


def _evenements() -> Schema:
    from ledger.schemas import LIGNE  # noqa: PLC0415

    return _evenement(LIGNE)


def _chiffre(nom: str) -> Schema:
    from commands.schemas import RECU, schema_recu  # noqa: PLC0415
    from projections.schemas import schema  # noqa: PLC0415

    return schema_recu() if nom == RECU else schema(nom)


def _chiffres() -> dict[str, Schema]:
    from commands.schemas import RECU, schema_recu  # noqa: PLC0415
    from projections.schemas import schemas as tous  # noqa: PLC0415

    return {RECU: schema_recu(), **tous()}


_UN: dict[str, Callable[[str], Schema]] = {
    "commandes": _commande,
    "evenements": _evenement,
    "chiffres": _chiffre,
}
_TOUS: dict[str, Callable[[], Any]] = {
    "commandes": _commandes,
    "evenements": _evenements,
    "chiffres": _chiffres,
}
