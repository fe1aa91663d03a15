"""The lines and columns of the tables that people read, each with the member it shows."""

from __future__ import annotations

from ledger.budget import LigneCredits
from ledger.evenements import Fait, FaitDeStructure
from ledger.registre import TOPICS

from ..credits import ae_rendues
from ..libelles import AE_RENDUES, RETRAITS_POUR_MEMOIRE
from ..libelles import ROLES as _ROLES

ENVELOPPE = (
    ("Enveloppe", "enveloppe_centimes"),
    ("Engagé", "engage_centimes"),
    ("dont subventions", "engage_subventions_centimes"),
    ("dont bonus numériques", "engage_bonus_centimes"),
    ("Retiré dans l'exercice de l'engagement", "retraits_meme_exercice_centimes"),
    ("dont bonus numériques", "retraits_meme_exercice_bonus_centimes"),
    ("Retiré dans un exercice suivant", "retraits_anterieurs_centimes"),
    ("dont bonus numériques", "retraits_anterieurs_bonus_centimes"),
    ("Disponible", "disponible_centimes"),
    ("Payé", "paye_centimes"),
    ("Reste à payer", "reste_a_payer_centimes"),
    ("Reversements encaissés", "reversements_centimes"),
)
CREDITS_AE = (
    ("AE ouvertes", "ae_ouvertes_centimes"),
    ("AE gelées", "ae_gelees_centimes"),
    ("AE engagées", "ae_engagees_centimes"),
    ("Retraits du même exercice", "retraits_meme_exercice_centimes"),
    (AE_RENDUES, "ae_rendues_centimes"),
    ("AE disponibles", "ae_disponibles_centimes"),
    (RETRAITS_POUR_MEMOIRE, "retraits_anterieurs_centimes"),
)
CREDITS_CP = (
    ("CP ouverts", "cp_ouverts_centimes"),
    ("CP gelés", "cp_geles_centimes"),
    ("CP payés", "cp_payes_centimes"),
    ("Régularisations", "regularisations_centimes"),
    ("CP disponibles", "cp_disponibles_centimes"),
    ("CP restant à prévoir", "cp_restant_a_prevoir_centimes"),
    ("Reversements encaissés", "reversements_centimes"),
)
RESTES = (
    ("Ouverture", "rap_ouverture_centimes"),
    ("+\N{NO-BREAK SPACE}Engagé", "ae_engagees_centimes"),
    ("−\N{NO-BREAK SPACE}Payé", "cp_payes_centimes"),
    ("−\N{NO-BREAK SPACE}Régularisé", "regularisations_centimes"),
    ("−\N{NO-BREAK SPACE}Retiré (même exercice)", "retraits_meme_exercice_centimes"),
    ("−\N{NO-BREAK SPACE}Retiré (antérieurs)", "retraits_anterieurs_centimes"),
    ("=\N{NO-BREAK SPACE}Clôture", "rap_cloture_centimes"),
)
LABELS = (
    ("Total", "total"),
    ("En QPV", "qpv"),
    ("Hors QPV", "hors_qpv"),
    ("Numériques", "numeriques"),
)
CLES = frozenset(
    {
        "enveloppe_centimes",
        "disponible_centimes",
        "reste_a_payer_centimes",
        "ae_disponibles_centimes",
        "cp_disponibles_centimes",
        "rap_cloture_centimes",
    }
)
"""Members whose line is shown in bold: what a controller looks for first."""


def montant(ligne: LigneCredits, membre: str) -> int:
    """What a line of the credits shows for a member: of the figure, or computed from it."""
    if membre == "ae_rendues_centimes":
        return ae_rendues(ligne)
    centimes: int = getattr(ligne, membre)
    return centimes


def cellule(table: str, membre: str) -> str:
    """The name of the cell of a member (`projections.cellules`)."""
    return f"{table}.{membre.removesuffix('_centimes').removesuffix('_dix_milliemes')}"


CLASSES = {
    "changement_de_regle": "changement de règle",
    "correction": "correction",
    "fait_tardif": "fait tardif",
    "fait_nouveau": "fait nouveau",
}
"""Why a fact makes a difference between two views."""


ANOMALIES = {
    "tranche_en_retard": "Tranche en retard",
    "versement_hors_exercice": "Versement hors exercice",
    "versement_apres_retrait": "Versement après retrait",
    "reversement_excedentaire": "Reversement excédentaire",
    "convention_absente": "Convention absente",
    "siret_absent": "SIRET absent",
    "montant_sous_limite": "Montant sous une limite",
    "quota_depasse": "Quota dépassé",
    "credits_depasses": "Crédits dépassés",
    "disponible_negatif": "Disponible négatif",
    "rythme_insoutenable": "Rythme insoutenable",
    "doublon_structure": "Structure en double",
    "doublon_versement": "Versement en double",
    "fait_tardif": "Saisie tardive",
    "ordonne_et_paye": "Ordonné et payé",
    "acteurs_semblables": "Acteurs semblables",
    "horloge_immobile": "Horloge immobile",
}
"""The short words of the codes of anomalies."""
CONTROLES = {"chaine": "chaîne", "regles": "règles", "releves": "relevés", "cliches": "clichés"}
"""The names of the checks that need an accent."""


ROLES = _ROLES
"""The roles that need an accent."""


def type_de(fait: Fait) -> str:
    """The topic of a fact."""
    return TOPICS[type(fait)]


def structure_de(fait: Fait) -> str | None:
    """The structure that a fact names."""
    return fait.structure if isinstance(fait, FaitDeStructure) else None
