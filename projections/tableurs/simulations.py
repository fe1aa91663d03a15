"""A simulation as sheets: each cell real and simulated, its lines, its refusals, anomalies."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.simulation import EtapeJouee, RefusSimule

from ..anomalies import CODES
from ..noms import nom_du_chiffre
from ..simulation import AnomaliesComparees, LigneComparee
from .attendus import classeur_de_feuilles
from .cartouche import Cartouche
from .modele import Classeur, Colonne, Feuille, Formule, Ligne, Tableau
from .unites import CELLULE, NOM, UNITE, difference, dite, en_unite

_LIGNES = (
    NOM,
    CELLULE,
    UNITE,
    Colonne("reel", "Réel", "montant"),
    Colonne("simule", "Simulé", "montant"),
    Colonne("ecart", "Écart", "montant"),
)
_HYPOTHESES = (
    Colonne("ligne", "Ligne du scénario", "entier"),
    Colonne("hypothese", "Hypothèse", largeur=80, replie=True),
    Colonne("groupes_acceptes", "Acceptés", "entier", total=True),
    Colonne("groupes_refuses", "Refusés", "entier", total=True),
    Colonne("commandes_acceptees", "Commandes acceptées", "entier", 12, total=True),
    Colonne("deja_executees", "Déjà dans la base", "entier", total=True),
)
_REFUS = (
    Colonne("ligne", "Ligne du scénario", "entier"),
    Colonne("date_effet", "Date d'effet", "date"),
    Colonne("exercice", "Exercice", "entier"),
    Colonne("code", "Règle", largeur=26),
    Colonne("commande", "Commande", largeur=26, replie=True),
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("message", "Ce qui s'oppose", largeur=60, replie=True),
    Colonne("remede", "Remède", largeur=50, replie=True),
    Colonne("cherche", "Cherché par le scénario", largeur=12),
)
_ANOMALIES = (
    Colonne("code", "Code", largeur=26),
    Colonne("sens", "Sens", largeur=60, replie=True),
    Colonne("reel", "Réel", "entier", total=True),
    Colonne("simule", "Simulé", "entier", total=True),
    Colonne("ecart", "Écart", "entier", total=True),
)


def tableau_simulation(lignes: Sequence[LigneComparee]) -> Tableau:
    """`simuler`: every cell of the tables, on both sides."""
    rangs: list[Ligne] = [
        [
            nom_du_chiffre(ligne.cellule),
            ligne.cellule,
            dite(ligne.unite),
            en_unite(ligne.reel_centimes, ligne.unite),
            en_unite(ligne.simule_centimes, ligne.unite),
            difference("reel", "simule", ligne.difference_centimes, ligne.unite),
        ]
        for ligne in lignes
    ]
    return Tableau("simulation", "Simulation", _LIGNES, rangs, len(rangs))


def classeur_simulation(
    entete: Cartouche,
    lignes: Sequence[LigneComparee],
    etapes: Sequence[EtapeJouee],
    refus: Sequence[RefusSimule],
    anomalies: Sequence[AnomaliesComparees],
) -> Classeur:
    """`simuler`: nothing of it is in the journal, whose root is that of the control sheet."""
    feuilles = (
        Feuille("Simulation", (tableau_simulation(lignes),)),
        Feuille("Hypothèses", (_hypotheses(etapes),)),
        Feuille("Refus", (_refus(refus),)),
        Feuille("Anomalies", (_anomalies(anomalies),)),
    )
    return classeur_de_feuilles("Simulation", entete, feuilles)


def _hypotheses(etapes: Sequence[EtapeJouee]) -> Tableau:
    lignes: list[Ligne] = [
        [
            e.ligne,
            e.phrase,
            e.groupes_acceptes,
            e.groupes_refuses,
            e.commandes_acceptees,
            e.deja_executees,
        ]
        for e in etapes
    ]
    return Tableau("hypotheses", "Hypothèses", _HYPOTHESES, lignes, len(lignes))


def _refus(refus: Sequence[RefusSimule]) -> Tableau:
    lignes: list[Ligne] = [
        [
            r.ligne,
            r.date_effet,
            r.exercice,
            r.code,
            r.commande,
            r.structure,
            r.message,
            r.remede,
            r.cherche,
        ]
        for r in refus
    ]
    return Tableau("refus", "Refus", _REFUS, lignes, len(lignes))


def _anomalies(anomalies: Sequence[AnomaliesComparees]) -> Tableau:
    lignes: list[Ligne] = [
        [a.code, CODES.get(a.code, ""), a.reel, a.simule, Formule("{simule}-{reel}", a.difference)]
        for a in anomalies
    ]
    return Tableau("anomalies", "Anomalies", _ANOMALIES, lignes, len(lignes))
