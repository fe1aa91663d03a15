"""The verb `doctor`: is this installation the one that was published, on a machine that keeps data?

Each check is one function of `controles`; what cannot be checked is said so, never passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .chiffres import publier
from .largeurs import replier
from .options import FICHIER, Demande, option_cliches, option_format, option_sortie
from .rendu import accorder, aplatir
from .sortie import choisir_format
from .terminal import neutraliser

if TYPE_CHECKING:
    from .controles import Controle

_FORMATS = ("table", "json", "csv")
_MARQUES = {"ok": "ok", "constat": "CONSTAT", "ignore": "ignoré"}
_DITS = {
    "dependances": "dépendances",
    "durabilite": "durabilité",
    "proprietaires": "propriétaires",
    "donnees": "données",
}
"""The names of checks that have an accent."""
SORTIE_CONSTAT = 1


@click.command(
    short_help="Contrôle l'installation.",
    epilog="""\b
Exemples :
  fabriques doctor
  fabriques doctor --format json
  fabriques doctor --base postgresql://compte@serveur/base

\b
Code de sortie : 0, ou 1 si au moins un contrôle est en défaut. Un contrôle
« ignoré » n'a pas pu être fait : il n'est pas réussi pour autant.""",
)
@click.option(
    "--base", type=FICHIER, metavar="FICHIER|URL", help="Contrôler aussi cette base et son serveur."
)
@option_cliches("Contrôler aussi les clichés gardés là.", environnement=True)
@option_format(_FORMATS, "table")
@option_sortie
def doctor(
    base: str | None, cliches: str | None, format_demande: str | None, sortie: str | None
) -> None:
    """Contrôle l'installation : versions, SQLite, fichiers, encodage, données.

    Avec --base, ce que promet le serveur PostgreSQL de cette base : durabilité, secours, droits du
    compte, gardes des tables.
    """
    from .controles import tout_controler  # noqa: PLC0415
    from .controles_cliches import controler_cliches  # noqa: PLC0415
    from .controles_serveur import controler_serveur  # noqa: PLC0415

    choisi = choisir_format(format_demande, sortie, defaut="table", admis=_FORMATS)
    controles = tout_controler()
    if base is not None:
        controles += controler_serveur(base)
    controles += controler_cliches(cliches)
    defauts = [c for c in controles if c.statut == "constat"]
    valeur = {"statut": "non_conforme" if defauts else "conforme", "controles": controles}
    publier(
        Demande(base="", format=choisi, sortie=sortie),
        valeur,
        table=lambda largeur: _table(controles, largeur),
        colonnes=("controle", "statut", "detail"),
        lignes=map(aplatir, controles),
    )
    if defauts:
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def _table(controles: tuple[Controle, ...], largeur: int) -> str:
    textes = []
    for c in controles:
        marque = f"{_MARQUES[c.statut]:<8}{_DITS.get(c.controle, c.controle):<14} "
        vide = " " * len(marque)
        textes.append(replier(neutraliser(c.detail), largeur, debut=marque, suite=vide))
    defauts = sum(c.statut == "constat" for c in controles)
    ignores = sum(c.statut == "ignore" for c in controles)
    textes.append(f"\n{accorder(defauts, 'constat')}, {accorder(ignores, 'contrôle ignoré')}.")
    return "\n".join(textes)
