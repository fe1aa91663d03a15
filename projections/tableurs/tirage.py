"""A draw as sheets: all that redoing it takes, its strata, then the units drawn."""

from __future__ import annotations

import re

from ledger.montants import format_euros

from ..libelles import TERRITOIRES
from ..sondage import Tirage
from .attendus import classeur_de_feuilles
from .cartouche import Cartouche
from .modele import Cellule, Classeur, Colonne, Feuille, Ligne, Nombre, Tableau

METHODES = {"simple": "simple", "stratifie": "stratifiée", "mus": "par unité monétaire (mus)"}
"""Method of a draw -> how people read it."""
_UNITES = (
    Colonne("rang", "Rang", "entier", 7),
    Colonne("position", "Position", "entier"),
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("montant", "Montant", "montant", total=True),
    Colonne("strate", "Strate", largeur=34),
    Colonne("centime", "Centime tiré", "centimes"),
)
_STRATES = (
    Colonne("strate", "Strate", largeur=34),
    Colonne("nombre", "Unités", "entier", total=True),
    Colonne("montant", "Montant", "montant", total=True),
    Colonne("tirees", "Tirées", "entier", total=True),
)
_TIRAGE = (
    Colonne("quoi", "Tirage", largeur=30),
    Colonne("valeur", "Valeur", "montant", 68),
)


def tableau_tirage(tirage: Tirage) -> Tableau:
    """`sonder`: the units drawn, in the order of the draw."""
    lignes: list[Ligne] = [
        [
            u.rang,
            u.position,
            u.structure,
            u.montant_centimes,
            nommer_strate(u.strate) or None,
            u.centime,
        ]
        for u in tirage.unites
    ]
    return Tableau("unites", "Unités tirées", _UNITES, lignes, len(lignes))


def classeur_tirage(entete: Cartouche, tirage: Tirage) -> Classeur:
    """`sonder`: what the draw rests on too. Its root is that of the control sheet."""
    repose = _repose(tirage)
    feuilles = [Feuille("Tirage", (repose,), sous_titre=entete.resume)]
    if tirage.strates:
        lignes: list[Ligne] = [
            [nommer_strate(s.strate), s.nombre, s.total_centimes, s.tirees] for s in tirage.strates
        ]
        strates = Tableau("strates", "Strates", _STRATES, lignes, len(lignes))
        feuilles.append(Feuille("Strates", (strates,)))
    feuilles.append(Feuille("Unités tirées", (tableau_tirage(tirage),)))
    return classeur_de_feuilles("Tirage", entete, feuilles)


_PARTS = {"exhaustive": "exhaustive", "systematique": "systématique", **TERRITOIRES}
_TRANCHE = re.compile("([0-9]+)-([0-9]*)")
"""A range of amounts, in cents; the last one has no end."""


def nommer_strate(code: str | None) -> str:
    """A part of the population by its French name; an exercice is one already."""
    if code is None:
        return ""
    tranche = _TRANCHE.fullmatch(code)
    if tranche is None:
        return _PARTS.get(code, code)
    bas, haut = (format_euros(int(borne)) if borne else "" for borne in tranche.groups())
    return f"de {bas} à {haut}" if haut else f"{bas} et plus"


def _repose(tirage: Tirage) -> Tableau:
    population, demande = tirage.population, tirage.parametres
    valeurs: list[tuple[str, Cellule]] = [
        ("Algorithme", tirage.algorithme),
        ("Méthode", METHODES[tirage.methode]),
        ("Unités demandées", Nombre(demande.nombre, "entier")),
        ("Strates par", demande.strate),
        ("Aléa", tirage.alea),
        ("Racine du journal", tirage.racine),
        ("Graine (SHA-256)", tirage.graine),
        ("Population", population.nature),
        ("Unités de la population", Nombre(population.nombre, "entier")),
        ("Montant de la population", population.total_centimes),
        ("Intervalle", tirage.intervalle_centimes),
        ("Départ (en centimes)", _centimes(tirage.depart_centimes)),
    ]
    lignes = [[quoi, valeur] for quoi, valeur in valeurs if valeur is not None]
    return Tableau("tirage", "Ce sur quoi repose le tirage", _TIRAGE, lignes, len(lignes))


def _centimes(valeur: int | None) -> Nombre | None:
    return None if valeur is None else Nombre(valeur, "centimes")
