"""The pages of figures: situation, exercices, outstanding; and the facts behind one figure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ...matrice import Cohortes, LigneMatrice
from ...pages import graphes
from ...pages.matrices import rectangle
from ...pages.postes import structure_de
from ..calculs import CALCULS
from ..contributions import Apports, au_terminal, expliquer, lire_nom
from ..demande import Demande
from ..noms import nom_francais
from ..recherche import Recherche
from ..sources import Sources
from ..taches import Avancement
from .registre import lire_recherche, retenues

_PAR_PAGE = 100


def situation(demande: Demande) -> dict[str, Any]:
    """The envelope, the quotas, the waves and the pace."""
    regard = demande.regard
    etapes = regard.etapes
    rythme = graphes.colonnes(
        [(e.nom, (("paye", e.consomme_centimes),)) for e in etapes],
        largeur=38,
    )
    return {
        "e": regard.enveloppe,
        "c": regard.complements,
        "parts": graphes.parts(regard.enveloppe),
        "etapes": etapes,
        "rythme": rythme,
        "nombre": len(regard.vue.situation.fiches),
    }


def exercices(demande: Demande) -> dict[str, Any]:
    """AE and CP by exercice."""
    lignes = demande.regard.credits
    return {
        "lignes": lignes,
        "graphe": graphes.credits(lignes),
        "saisis": any(c.ae_ouvertes_centimes or c.cp_ouverts_centimes for c in lignes),
    }


def restes(demande: Demande) -> dict[str, Any]:
    """The outstanding, year after year, and the matrix."""
    regard, tete = demande.regard, demande.tete

    def calculer(pas: Avancement) -> tuple[LigneMatrice, ...]:
        pas.total = regard.position
        cohortes = Cohortes()
        for _, fait in tete.faits(regard.position, au=regard.vue.au, pas=pas):
            cohortes.compter(fait)
        return cohortes.lignes()

    cle = ("matrice", regard.position, regard.vue.au)
    lignes = tete.calculs.obtenir(cle, calculer)
    return {"lignes": regard.credits, "matrice": rectangle(lignes)}


class Parente(NamedTuple):
    """The page where a figure stands: its address, its words, its entry of the menu."""

    chemin: str
    mots: str
    page: str
    parametres: Mapping[str, str] = MappingProxyType({})
    """What that page searched for."""


_TABLES = {
    "credits": Parente("exercices", "AE et CP", "exercices"),
    "matrice": Parente("restes", "Restes à payer", "restes"),
    "registre": Parente("structures", "Structures", "structures"),
}


def _parente(nom: str, demande: Demande) -> Parente:
    table, _, suite = nom.partition(".")
    if table in ("structures", "echeancier"):
        slug = suite.partition(".")[0]
        fiche = demande.regard.vue.situation.fiches.get(slug)
        mots = slug if fiche is None else fiche.porteur or slug
        return Parente("structures" if fiche is None else f"structures/{slug}", mots, "structures")
    if table == "registre":
        return _TABLES[table]._replace(parametres=lire_recherche(demande).parametres())
    if ".rap_" in nom:
        return _TABLES["matrice"]
    return _TABLES.get(table, Parente("situation", "Situation", "situation"))


class Explique(NamedTuple):
    """A figure that is a sum of facts: its one name, the search that it is of, its facts."""

    nom: str
    recherche: Recherche
    apports: Apports


def expliquer_le_chiffre(demande: Demande, nom: str) -> Explique:
    """The facts behind a figure. Raises: UsageError, EnAttente, Occupee."""
    regard, tete = demande.regard, demande.tete
    nom = lire_nom(nom)
    recherche = lire_recherche(demande) if nom.startswith("registre.") else Recherche()
    fiches = retenues(demande, recherche).fiches if nom.startswith("registre.") else ()
    cle = ("chiffre", nom, regard.position, regard.vue.au, recherche)
    apports = tete.calculs.obtenir(cle, lambda pas: expliquer(tete, regard, nom, pas, fiches))
    return Explique(nom, recherche, apports)


def chiffre(demande: Demande, nom: str) -> dict[str, Any]:
    """One figure: the facts that sum to it, or the figures that it is computed from."""
    if nom in CALCULS:
        return {
            "x": None,
            "nom": nom_francais(nom),
            "calcul": CALCULS[nom](demande.regard),
            "parente": _parente(nom, demande),
        }
    cellule, recherche, apports = expliquer_le_chiffre(demande, nom)
    regard = demande.regard
    positions, pagination = demande.page(apports.positions, _PAR_PAGE)
    gains = apports.gains[pagination.debut - 1 : pagination.fin]
    faits = list(demande.tete.lire(positions))
    fiches = regard.vue.situation.fiches
    return {
        "x": apports,
        "cellule": cellule,
        "parente": _parente(cellule, demande),
        "au_terminal": au_terminal(cellule),
        "nom": nom_francais(cellule, regard),
        "recherche": recherche,
        "lignes": [
            (position, fait, gain, fiches.get(structure_de(fait) or ""))
            for (position, fait), gain in zip(faits, gains, strict=True)
        ],
        "sources": Sources(fait for _, fait in faits),
        "pagination": pagination,
        "somme_page": sum(gains),
    }
