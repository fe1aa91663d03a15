"""Tables by year: AE and CP, then what each year committed and when it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .largeurs import mesurer
from .phrases import euros
from .rendu import Colonne, tableau

if TYPE_CHECKING:
    from ledger.budget import LigneCredits
    from projections.matrice import LigneMatrice

_POSTES_CREDITS = (
    ("AE ouvertes", "ae_ouvertes_centimes"),
    ("AE gelées", "ae_gelees_centimes"),
    ("AE engagées", "ae_engagees_centimes"),
    ("Retraits même exercice", "retraits_meme_exercice_centimes"),
    ("Rendu, retraits antérieurs", "ae_rendues_centimes"),
    ("AE disponibles", "ae_disponibles_centimes"),
    ("Retraits antérieurs (p.m.)", "retraits_anterieurs_centimes"),
    ("CP ouverts", "cp_ouverts_centimes"),
    ("CP gelés", "cp_geles_centimes"),
    ("CP payés", "cp_payes_centimes"),
    ("Régularisations", "regularisations_centimes"),
    ("CP disponibles", "cp_disponibles_centimes"),
    ("CP restant à prévoir", "cp_restant_a_prevoir_centimes"),
    ("Reversements", "reversements_centimes"),
    ("RAP à l'ouverture", "rap_ouverture_centimes"),
    ("RAP à la clôture", "rap_cloture_centimes"),
)


def table_credits(lignes: Sequence[LigneCredits], *, largeur: int) -> str:
    """AE, CP and outstanding: one column per exercice, in blocks that fit the width."""
    if not lignes:
        return "(aucun exercice)"
    from projections.pages.postes import montant  # noqa: PLC0415

    montants = {
        ligne.exercice: [montant(ligne, membre) for _, membre in _POSTES_CREDITS]
        for ligne in lignes
    }
    return _par_annee("Exercice", [nom for nom, _ in _POSTES_CREDITS], montants, largeur)


def table_matrice(lignes: Sequence[LigneMatrice], *, largeur: int) -> str:
    """What each year committed (one column), paid year by year, withdrawn, still to be paid."""
    if not lignes:
        return "(aucun engagement)"
    annees = sorted({p.exercice for ligne in lignes for p in ligne.paiements})
    postes = ["Engagé", *(f"Payé en {annee}" for annee in annees), "Retiré", "Reste à payer"]
    montants = {}
    for ligne in lignes:
        payes = {p.exercice: p.montant_centimes for p in ligne.paiements}
        montants[ligne.engagement] = [
            ligne.engage_centimes,
            *(payes.get(annee, 0) for annee in annees),
            ligne.retraits_centimes,
            ligne.reste_centimes,
        ]
    return _par_annee("Engagement de", postes, montants, largeur)


def _par_annee(
    titre: str, postes: Sequence[str], montants: dict[int, list[int]], largeur: int
) -> str:
    """One column per year, in as many blocks as the width asks for."""
    textes = {annee: [euros(m) for m in colonne] for annee, colonne in montants.items()}
    intitule = max(map(mesurer, (titre, *postes)))
    plus_large = max(len(texte) for colonne in textes.values() for texte in colonne)
    par_bloc = max((largeur - intitule) // (plus_large + 2), 1)
    annees = list(textes)
    blocs = []
    for debut in range(0, len(annees), par_bloc):
        bloc = annees[debut : debut + par_bloc]
        rangs = [
            [poste, *(textes[annee][rang] for annee in bloc)] for rang, poste in enumerate(postes)
        ]
        colonnes = [Colonne(titre), *(Colonne(str(annee), True) for annee in bloc)]
        blocs.append(tableau(colonnes, rangs, largeur=largeur))
    return "\n\n".join(blocs)
