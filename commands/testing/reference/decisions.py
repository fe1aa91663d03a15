"""Deciding: what is common to all commands, then the verb."""

from __future__ import annotations

from collections.abc import Callable

from .communs import Decision, exercice_du_bonus, refuser_si
from .faits import Fait, dernier_clos
from .labels import (
    accorder_bonus,
    corriger_structure,
    deposer_candidature,
    labelliser_fabrique,
    retirer_label,
    signer_avenant,
    suivre_le_label,
    traiter_candidature,
)
from .paiements import (
    annuler_versement,
    demander_reversement,
    encaisser_reversement,
    ordonnancer_tranche,
    rapprocher_versement,
    verser_bonus,
    verser_tranche,
)
from .programme import (
    clore_programme,
    cloturer_exercice,
    degeler_credits,
    geler_credits,
    modifier_enveloppe,
    ouvrir_credits,
    ouvrir_programme,
    reprendre_journal,
    reviser_regles,
)
from .schema import Json, annee

ARRETEES_PAR_LA_CLOTURE_DU_PROGRAMME = (
    "DeposerCandidature",
    "InstruireCandidature",
    "RendreAvis",
    "LabelliserFabrique",
    "SignerAvenant",
    "AccorderBonusNumerique",
    "ReviserRegles",
    "ModifierEnveloppe",
    "CloreProgramme",
)
RECUES_APRES_LA_CLOTURE_DE_L_EXERCICE = (
    "AnnulerVersement",
    "CorrigerStructure",
    "EncaisserReversement",
    "CloturerExercice",
    "ReprendreJournal",
)
CHARGENT_UN_EXERCICE = (
    "OuvrirCredits",
    "GelerCredits",
    "DegelerCredits",
    "VerserTranche",
    "VerserBonus",
)


def exercices_touches(faits: list[Fait], c: Json) -> list[int]:
    """The exercices tested by ``exercice_clos``."""
    if c["commande"] in RECUES_APRES_LA_CLOTURE_DE_L_EXERCICE:
        return []
    exercices = [annee(c["date_effet"])]
    if c["commande"] in CHARGENT_UN_EXERCICE:
        exercices.append(c["exercice"])
    if c["commande"] == "AccorderBonusNumerique":
        exercices.append(exercice_du_bonus(faits, c))
    return exercices


def decider(faits: list[Fait], c: Json) -> Decision:
    """What the command would record; raises Refus with the first refusal that applies."""
    verbe = c["commande"]
    if verbe == "OuvrirProgramme":
        refuser_si(faits != [], "programme_existant")
        return ouvrir_programme(faits, c)
    refuser_si(faits == [], "programme_inconnu")
    programme_clos = any(f.verbe == "CloreProgramme" for f in faits)
    refuser_si(programme_clos and verbe in ARRETEES_PAR_LA_CLOTURE_DU_PROGRAMME, "programme_clos")
    clos = dernier_clos(faits)
    refuser_si(any(e <= clos for e in exercices_touches(faits, c)), "exercice_clos")
    return DECISIONS[verbe](faits, c)


DECISIONS: dict[str, Callable[[list[Fait], Json], Decision]] = {
    "ReviserRegles": reviser_regles,
    "ModifierEnveloppe": modifier_enveloppe,
    "OuvrirCredits": ouvrir_credits,
    "GelerCredits": geler_credits,
    "DegelerCredits": degeler_credits,
    "DeposerCandidature": deposer_candidature,
    "CorrigerStructure": corriger_structure,
    "InstruireCandidature": traiter_candidature,
    "RendreAvis": traiter_candidature,
    "RejeterCandidature": traiter_candidature,
    "RetirerCandidature": traiter_candidature,
    "LabelliserFabrique": labelliser_fabrique,
    "SignerConvention": suivre_le_label,
    "SignerAvenant": signer_avenant,
    "AccorderBonusNumerique": accorder_bonus,
    "RecevoirBilan": suivre_le_label,
    "OrdonnancerTranche": ordonnancer_tranche,
    "VerserTranche": verser_tranche,
    "VerserBonus": verser_bonus,
    "AnnulerVersement": annuler_versement,
    "RapprocherVersement": rapprocher_versement,
    "RetirerLabel": retirer_label,
    "DemanderReversement": demander_reversement,
    "EncaisserReversement": encaisser_reversement,
    "CloturerExercice": cloturer_exercice,
    "CloreProgramme": clore_programme,
    "ReprendreJournal": reprendre_journal,
}
