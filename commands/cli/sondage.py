"""The verb `sonder`: a sample of payments or labels that another person can draw again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .base import regarder_base
from .chiffres import publier
from .classeurs import EnTableur, tableurs
from .options import FORMATS_DE_TABLEUR, Demande, Rappel, avec_demande
from .phrases import entete, euros, phrase
from .rendu import Colonne, accorder, aplatir, tableau

if TYPE_CHECKING:
    from projections import Tirage

_METHODES = ("simple", "stratifie", "mus")
_POPULATIONS = ("versements", "labels")
_STRATES = ("exercice", "territoire", "montant")
_COLONNES = ("rang", "position", "structure", "montant_centimes", "strate", "centime")


def _choix(
    nom: str, valeurs: tuple[str, ...], aide: str, **autres: Any
) -> Callable[[Rappel], Rappel]:
    choix = click.Choice(valeurs)
    return click.option(nom, type=choix, metavar="|".join(valeurs), help=aide, **autres)


@click.command(
    short_help="Tire un échantillon que chacun peut refaire.",
    epilog="""\b
Exemples :
  fabriques sonder --methode simple --nombre 20 --alea "contrôle 2024, dé : 4 1 6"
  fabriques sonder --methode mus --nombre 30 --alea 271828 --au 2021-12-31
  fabriques sonder --methode stratifie --strate territoire --nombre 12 --alea 271828 \\
    --population labels -o tirage.json
  fabriques sonder --methode mus --nombre 30 --alea 271828 -o tirage.ods""",
)
@_choix(
    "--methode",
    _METHODES,
    "simple : à chances égales ; stratifie : à proportion dans chaque strate ; mus : une chance "
    "par centime, les plus gros montants d'office.",
    required=True,
)
@click.option("--nombre", type=int, metavar="N", required=True, help="Combien d'unités tirer.")
@click.option(
    "--alea",
    metavar="TEXTE",
    required=True,
    help="Un texte que le contrôleur choisit seul (200 signes au plus).",
)
@_choix("--population", _POPULATIONS, "De quoi tirer.", default="versements", show_default=True)
@_choix("--strate", _STRATES, "Par quoi stratifier, avec --methode stratifie.")
@avec_demande(formats=("table", "json", "csv", *FORMATS_DE_TABLEUR))
def sonder(
    demande: Demande, methode: Any, nombre: int, alea: str, population: Any, strate: Any
) -> None:
    """Tire un échantillon de versements ou de labels, à refaire par quiconque.

    La graine est l'empreinte SHA-256 de la racine du journal suivie de l'aléa : ni le gestionnaire
    ni le contrôleur ne choisit seul. Le JSON donne tout ce qu'il faut pour refaire le tirage. Les
    versements annulés n'en sont pas ; les labels retirés en sont.
    """
    from projections import tirer  # noqa: PLC0415

    vue = regarder_base(demande)
    tirage = tirer(
        vue, methode=methode, nombre=nombre, alea=alea, population=population, strate=strate
    )

    def table(taille: int) -> str:
        return f"{entete(vue, 'Tirage', taille)}\n{_table(tirage, largeur=taille)}"

    publier(
        demande,
        tirage,
        table=table,
        colonnes=_COLONNES,
        lignes=map(aplatir, tirage.unites),
        tableur=EnTableur(
            tableau=lambda: tableurs("tirage").tableau_tirage(tirage),
            classeur=lambda: tableurs("tirage").classeur_tirage(
                tableurs("cartouche").cartouche(vue), tirage
            ),
        ),
    )


def _table(tirage: Tirage, *, largeur: int) -> str:
    """What the draw rests on, its strata, then its units in order."""
    from projections.tableurs.tirage import METHODES, nommer_strate  # noqa: PLC0415

    population = tirage.population
    phrases = [
        f"Méthode : {METHODES[tirage.methode]} · aléa : {tirage.alea}",
        f"Racine : {tirage.racine}",
        f"Graine : {tirage.graine}",
        f"Population : {accorder(population.nombre, population.nature.removesuffix('s'))}, "
        f"{euros(population.total_centimes)}",
    ]
    if tirage.intervalle_centimes is not None:
        phrases.append(f"Intervalle : {euros(tirage.intervalle_centimes)}")
    strates = [
        (nommer_strate(s.strate), str(s.nombre), euros(s.total_centimes), str(s.tirees))
        for s in tirage.strates
    ]
    en_tete = (
        Colonne("Strate", souple="libelle"),
        Colonne("Unités", True),
        Colonne("Montant", True),
        Colonne("Tirées", True),
    )
    unites = [
        (
            str(u.rang),
            str(u.position),
            u.structure,
            euros(u.montant_centimes),
            nommer_strate(u.strate),
        )
        for u in tirage.unites
    ]
    colonnes = (
        Colonne("Rang", True),
        Colonne("Position", True),
        Colonne("Structure", souple="cle"),
        Colonne("Montant", True),
        *([Colonne("Strate", souple="libelle")] if strates else []),
    )
    blocs = [
        "\n".join(phrase(texte, largeur) for texte in phrases),
        *([tableau(en_tete, strates, largeur=largeur)] if strates else []),
        tableau(colonnes, [u[: len(colonnes)] for u in unites], largeur=largeur),
        accorder(len(unites), "unité tirée"),
    ]
    return "\n\n".join(blocs)
