"""A reconciliation as a workbook: totals, verdicts, refused lines, control."""

from __future__ import annotations

from datetime import date

from ..tableurs import Classeur, Colonne, Feuille, Tableau
from ..tableurs.attendus import classeur_de_feuilles
from ..tableurs.cartouche import Cartouche
from .bilan import Rapprochement

LIBELLES = {
    "rapproche": "Rapproché",
    "deja_rapproche": "Déjà rapproché",
    "regroupe": "Regroupé",
    "montant_different": "Montant différent",
    "autre_exercice": "Autre exercice",
    "ambigu": "Ambigu",
    "annulation": "Annulation",
    "dp_en_double": "DP en double",
    "dp_incomplete": "DP incomplète",
    "chorus_seul": "Chorus seul",
    "livre_seul": "Livre seul",
}
"""Verdict -> how people read it."""
_VERDICTS = (
    Colonne("verdict", "Verdict", largeur=18),
    Colonne("palier", "Palier", "entier"),
    Colonne("dp", "N° DP", largeur=16),
    Colonne("exercice_dp", "Exercice Chorus", "entier"),
    Colonne("ej", "N° EJ", largeur=16),
    Colonne("fournisseur", "Fournisseur", largeur=30),
    Colonne("identifiant", "SIRET, RIDET ou TAHITI", largeur=18),
    Colonne("chorus", "Montant Chorus", "montant", total=True),
    Colonne("date_chorus", "Date Chorus", "date"),
    Colonne("feuille", "Feuille", largeur=16),
    Colonne("ligne", "Ligne", "entier"),
    Colonne("lignes", "Nombre de lignes", "entier"),
    Colonne("structure", "Structure", largeur=28),
    Colonne("position", "Position", "entier"),
    Colonne("rang", "Rang", "entier"),
    Colonne("livre", "Montant au livre", "montant", total=True),
    Colonne("exercice", "Exercice au livre", "entier"),
    Colonne("reference", "Référence", largeur=18),
    Colonne("ecart", "Écart", "montant", total=True),
    Colonne("explication", "Explication", largeur=60),
    Colonne("candidats", "Candidats", largeur=60),
)
_REFUSEES = (
    Colonne("ligne", "Ligne", "entier"),
    Colonne("feuille", "Feuille"),
    Colonne("colonne", "Colonne"),
    Colonne("valeur", "Valeur"),
    Colonne("raison", "Raison", largeur=60),
    Colonne("remede", "Remède", largeur=40),
)


def classeur(rapport: Rapprochement, entete: Cartouche) -> Classeur:
    """The workbook, its control sheet naming the journal and the file."""
    feuilles = [
        Feuille("Synthèse", (_synthese(rapport), _contexte(rapport)), entete.resume),
        Feuille("Verdicts", (tableau_verdicts(rapport),), figees=3),
    ]
    if rapport.refusees:
        feuilles.append(Feuille("Lignes refusées", (_refusees(rapport),)))
    source = (("Fichier de Chorus", rapport.fichier), ("SHA-256 du fichier", rapport.sha256))
    return classeur_de_feuilles(
        "Rapprochement avec Chorus", entete._replace(autres=source), feuilles
    )


def _synthese(rapport: Rapprochement) -> Tableau:
    colonnes = (
        Colonne("verdict", "Verdict", largeur=24),
        Colonne("nombre", "Nombre", "entier", total=True),
        Colonne("chorus", "Chorus", "montant", total=True),
        Colonne("livre", "Livre", "montant", total=True),
        Colonne("sens", "Sens", largeur=60),
    )
    lignes = [
        (LIBELLES[t.verdict], t.nombre, t.chorus_centimes, t.livre_centimes, t.sens)
        for t in rapport.totaux
    ]
    return Tableau("synthese", "Synthèse", colonnes, lignes, len(lignes))


def _contexte(rapport: Rapprochement) -> Tableau:
    lignes = [
        ("Fichier", rapport.fichier),
        ("SHA-256 du fichier", rapport.sha256),
        ("Feuilles lues", ", ".join(rapport.feuilles)),
        ("Exercices du fichier", ", ".join(map(str, rapport.exercices))),
        ("Racine du journal", rapport.racine),
        *(("Constat", constat) for constat in rapport.constats),
    ]
    colonnes = (Colonne("quoi", "Quoi", largeur=24), Colonne("valeur", "Valeur", largeur=60))
    return Tableau("contexte", "Ce qui est comparé", colonnes, lignes, len(lignes))


def tableau_verdicts(rapport: Rapprochement) -> Tableau:
    """A line a verdict: what the CSV holds too."""
    lignes = [
        (
            LIBELLES[v.verdict],
            v.palier,
            v.dp,
            v.exercice_dp,
            v.ej,
            v.fournisseur,
            v.identifiant,
            v.chorus_centimes,
            None if v.date_chorus is None else date.fromisoformat(v.date_chorus),
            v.feuille,
            v.ligne,
            v.lignes or None,
            v.structure,
            v.position,
            v.rang,
            v.livre_centimes,
            v.exercice,
            v.reference,
            v.ecart_centimes,
            v.explication,
            " ; ".join(v.candidats) or None,
        )
        for v in rapport.verdicts
    ]
    return Tableau("verdicts", "Verdicts", _VERDICTS, lignes, len(lignes))


def _refusees(rapport: Rapprochement) -> Tableau:
    lignes = [
        (r.ligne, r.feuille, r.colonne, r.valeur, r.raison, r.remede) for r in rapport.refusees
    ]
    return Tableau("refusees", "Lignes refusées", _REFUSEES, lignes, len(lignes))
