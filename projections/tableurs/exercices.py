"""AE, CP and outstanding by exercice, and the matrix, as tables. In cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ledger.budget import LigneCredits

from ..credits import ae_rendues
from ..libelles import AE_RENDUES, RETRAITS_POUR_MEMOIRE
from ..matrice import LigneMatrice
from .modele import Cellule, Colonne, Formule, Ligne, Tableau

_EXERCICE = Colonne("exercice", "Exercice", "entier", 12)
_COLONNES = (
    _EXERCICE,
    Colonne("ae_ouvertes", "AE ouvertes", "montant", total=True),
    Colonne("ae_gelees", "AE gelées", "montant", total=True),
    Colonne("ae_engagees", "AE engagées", "montant", total=True),
    Colonne("retraits_meme_exercice", "Retraits du même exercice", "montant", total=True),
    Colonne("ae_recyclees", AE_RENDUES, "montant", total=True),
    Colonne("ae_disponibles", "AE disponibles", "montant"),
    Colonne("cp_ouverts", "CP ouverts", "montant", total=True),
    Colonne("cp_geles", "CP gelés", "montant", total=True),
    Colonne("cp_payes", "CP payés", "montant", total=True),
    Colonne("regularisations", "Régularisations", "montant", total=True),
    Colonne("cp_disponibles", "CP disponibles", "montant"),
    Colonne("cp_restant_a_prevoir", "CP restant à prévoir", "montant", total=True),
    Colonne("reversements", "Reversements encaissés", "montant", total=True),
    Colonne("rap_ouverture", "RAP à l'ouverture", "montant"),
    Colonne("retraits_anterieurs", "Retraits d'exercices antérieurs", "montant", total=True),
    Colonne("rap_cloture", "RAP à la clôture", "montant"),
)
_SANS_CREDITS = " · aucun crédit ouvert dans le journal : les disponibles sont sans objet"
_TRANCHES = (
    (
        "ae",
        "Autorisations d'engagement (AE)",
        (
            "exercice",
            "ae_ouvertes",
            "ae_gelees",
            "ae_engagees",
            "retraits_meme_exercice",
            "ae_recyclees",
            "ae_disponibles",
            "retraits_anterieurs",
        ),
    ),
    (
        "cp",
        "Crédits de paiement (CP)",
        (
            "exercice",
            "cp_ouverts",
            "cp_geles",
            "cp_payes",
            "regularisations",
            "cp_disponibles",
            "cp_restant_a_prevoir",
            "reversements",
        ),
    ),
    (
        "restes",
        "Restes à payer (RAP) : de l'ouverture à la clôture",
        (
            "exercice",
            "rap_ouverture",
            "ae_engagees",
            "cp_payes",
            "regularisations",
            "retraits_meme_exercice",
            "retraits_anterieurs",
            "rap_cloture",
        ),
    ),
)


def tableau_exercices(lignes: Sequence[LigneCredits]) -> Tableau:
    """Every column of the `credits` table, one line per exercice."""
    rangees = [_ligne(rang, ligne) for rang, ligne in enumerate(lignes)]
    return Tableau("exercices", "Exercices", _COLONNES, rangees, len(rangees))


def tranches(exercices: Tableau) -> tuple[Tableau, ...]:
    """The same table in three that a page holds: AE, CP, and the roll-forward of outstanding."""
    suivis = any(ligne[1] or ligne[7] for ligne in exercices.lignes)
    reserve = "" if suivis else _SANS_CREDITS
    ae, *autres = (
        exercices.extraire(cle, titre if cle == "restes" else f"{titre}{reserve}", colonnes)
        for cle, titre, colonnes in _TRANCHES
    )
    memoire = ae.colonnes[-1]._replace(titre=RETRAITS_POUR_MEMOIRE)
    return (replace(ae, colonnes=(*ae.colonnes[:-1], memoire)), *autres)


def _ligne(rang: int, ligne: LigneCredits) -> Ligne:
    ouverture: Cellule = ligne.rap_ouverture_centimes
    if rang:
        ouverture = Formule(f"{{restes.rap_cloture@{rang - 1}}}", ligne.rap_ouverture_centimes)
    return [
        ligne.exercice,
        ligne.ae_ouvertes_centimes,
        ligne.ae_gelees_centimes,
        ligne.ae_engagees_centimes,
        ligne.retraits_meme_exercice_centimes,
        ae_rendues(ligne),
        Formule(
            "ROUND({ae_ouvertes}-{ae_gelees}-{ae_engagees}+{retraits_meme_exercice}"
            "+{ae_recyclees};2)",
            ligne.ae_disponibles_centimes,
        ),
        ligne.cp_ouverts_centimes,
        ligne.cp_geles_centimes,
        ligne.cp_payes_centimes,
        ligne.regularisations_centimes,
        Formule(
            "ROUND({cp_ouverts}-{cp_geles}-{cp_payes}-{regularisations};2)",
            ligne.cp_disponibles_centimes,
        ),
        ligne.cp_restant_a_prevoir_centimes,
        ligne.reversements_centimes,
        ouverture,
        ligne.retraits_anterieurs_centimes,
        Formule(
            "ROUND({rap_ouverture}+{ae_engagees}-{cp_payes}-{regularisations}"
            "-{retraits_meme_exercice}-{retraits_anterieurs};2)",
            ligne.rap_cloture_centimes,
        ),
    ]


def tableau_matrice(lignes: Sequence[LigneMatrice]) -> Tableau:
    """Commitment years down, payment years across."""
    annees = sorted({p.exercice for ligne in lignes for p in ligne.paiements})
    colonnes = (
        Colonne("engagement", "Engagés en", "entier", 12),
        Colonne("engage", "Engagé", "montant", total=True),
        *(Colonne(f"paye_{annee}", f"Payé en {annee}", "montant", total=True) for annee in annees),
        Colonne("retraits", "Retiré", "montant", total=True),
        Colonne("reste", "Reste à payer", "montant", total=True),
    )
    moins = "".join(f"-{{paye_{annee}}}" for annee in annees)
    rangees: list[Ligne] = []
    for ligne in lignes:
        payes = {p.exercice: p.montant_centimes for p in ligne.paiements}
        rangees.append(
            [
                ligne.engagement,
                ligne.engage_centimes,
                *(payes.get(annee, 0) for annee in annees),
                ligne.retraits_centimes,
                Formule(f"ROUND({{engage}}{moins}-{{retraits}};2)", ligne.reste_centimes),
            ]
        )
    titre = "Engagements par année, selon l'année du paiement"
    return Tableau("matrice", titre, colonnes, rangees, len(rangees))
