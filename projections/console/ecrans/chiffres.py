"""The pages of figures: situation, exercices, outstanding; and the facts behind one figure."""

from __future__ import annotations

from typing import Any

from ...cellules import lire_cellule
from ...matrice import Cohortes, LigneMatrice
from ...pages import graphes
from ...pages.matrices import rectangle
from ..contributions import exiger_structure, expliquer, nom_francais
from ..demande import Demande
from ..taches import Avancement

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


def chiffre(demande: Demande, cellule: str) -> dict[str, Any]:
    """One figure, and the facts that sum to it."""
    regard, tete = demande.regard, demande.tete
    if not cellule.startswith("matrice."):
        lue = lire_cellule(cellule)
        cellule = str(lue)
        if lue.structure is not None:
            exiger_structure(regard, lue.structure)
    cle = ("chiffre", cellule, regard.position, regard.vue.au)
    explication = tete.calculs.obtenir(cle, lambda pas: expliquer(tete, regard, cellule, pas))
    lignes, pagination = demande.page(explication.contributions, _PAR_PAGE)
    fiches = regard.vue.situation.fiches
    return {
        "x": explication,
        "nom": nom_francais(cellule, regard),
        "lignes": [(c, fiches.get(c.structure or "")) for c in lignes],
        "pagination": pagination,
        "somme_page": sum(c.centimes for c in lignes),
    }
