"""Who ordered and who paid, as sheets: the parts of what is paid, then a line per order used."""

from __future__ import annotations

from datetime import date

from ..fonctions import Fonctions, LigneFonctions
from ..libelles import ROLES
from .attendus import classeur_de_feuilles
from .cartouche import Attendu, Cartouche, somme
from .modele import Classeur, Colonne, Feuille, Formule, Ligne, Tableau

_PARTS = (
    ("Ordonné par un autre que le payeur", "separes_centimes"),
    ("Ordonné et payé sous des noms semblables", "acteurs_semblables_centimes"),
    ("Ordonné et payé par le même acteur", "meme_acteur_centimes"),
    ("Payé par un non-comptable, contre la règle", "payeur_non_comptable_centimes"),
    ("Payé sans ordre enregistré", "sans_ordre_centimes"),
)
_DITS = {
    "separes": "séparés",
    "acteurs_semblables": "semblables",
    "meme_acteur": "même acteur",
    "payeur_non_comptable": "non comptable",
    "sans_ordre": "sans ordre",
}
_COLONNES = (
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("rang", "Rang (0 : bonus)", "entier", 9),
    Colonne("exercice", "Exercice", "entier"),
    Colonne("statut", "Statut", largeur=14),
    Colonne("montant", "Montant", "montant", 15, total=True),
    Colonne("compte", "Compté au payé", "montant", 15, total=True),
    Colonne("ordre_position", "Ordre, position", "entier"),
    Colonne("ordre_date", "Ordre, date", "date"),
    Colonne("ordonnateur", "Ordonnateur", largeur=24, replie=True),
    Colonne("ordonnateur_role", "Rôle de l'ordonnateur", largeur=14),
    Colonne("dp", "N° DP", largeur=16, replie=True),
    Colonne("position", "Versement, position", "entier"),
    Colonne("date_effet", "Versement, date", "date"),
    Colonne("payeur", "Payeur", largeur=24, replie=True),
    Colonne("payeur_role", "Rôle du payeur", largeur=14),
    Colonne("reference", "Référence", largeur=20, replie=True),
    Colonne("requis", "Ordre requis", largeur=8),
    Colonne("annulation", "Annulé par, position", "entier"),
)


def tableau_separation(figure: Fonctions) -> Tableau:
    """`fonctions`: a line per order used by a payment. Of a cancelled one, nothing counts."""
    lignes = [_ligne(ligne) for ligne in figure.lignes]
    return Tableau("separation", "Séparation des fonctions", _COLONNES, lignes, len(lignes))


def classeur_separation(entete: Cartouche, figure: Fonctions, *, ecarts: bool) -> Classeur:
    """`fonctions`. With `ecarts`, the lines are only those that two people did not do."""
    parts = [[nom, getattr(figure, membre)] for nom, membre in _PARTS]
    totaux = Tableau("parts", "Parts du payé", _DES_PARTS, parts, len(parts), "Payé")
    lignes = tableau_separation(figure)
    listes = figure.paye_centimes - (figure.separes_centimes if ecarts else 0)
    attendus: list[Attendu] = [somme("Parts : payé", figure.paye_centimes, totaux.cle, "montant")]
    if lignes.nombre:
        quoi = "écarts comptés au payé" if ecarts else "payé"
        attendus.append(somme(f"Lignes : {quoi}", listes, lignes.cle, "compte"))
    feuilles = (Feuille("Parts", (totaux,)), Feuille("Séparation", (lignes,)))
    return classeur_de_feuilles("Séparation des fonctions", entete, feuilles, attendus)


_DES_PARTS = (
    Colonne("part", "Part", largeur=46),
    Colonne("montant", "Montant", "montant", total=True),
)


def _role(code: str | None) -> str | None:
    return None if code is None else ROLES.get(code, code)


def _ligne(ligne: LigneFonctions) -> Ligne:
    compte = ligne.montant_centimes if ligne.annulation_position is None else 0
    return [
        ligne.structure,
        ligne.rang,
        ligne.exercice,
        _DITS[ligne.statut],
        ligne.montant_centimes,
        Formule("IF(COUNT({annulation})=0;{montant};0)", compte),
        ligne.ordre_position,
        None if ligne.ordre_date is None else date.fromisoformat(ligne.ordre_date),
        ligne.ordonnateur,
        _role(ligne.ordonnateur_role),
        ligne.dp,
        ligne.position,
        date.fromisoformat(ligne.date_effet),
        ligne.payeur,
        _role(ligne.payeur_role),
        ligne.reference,
        ligne.ordonnancement_requis,
        ligne.annulation_position,
    ]
