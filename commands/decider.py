"""`decide(state, command) -> fact | refusal`: pure, no clock, no chance, no input or output.

What is common to all commands is here, in order: `programme_inconnu` / `programme_existant`,
`programme_clos`, `exercice_clos`. (`commande_invalide` comes before, from the schema;
`commande_divergente` from the journal's memory of command ids.) Each verb adds its own refusals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import get_type_hints

from ledger.erreurs import UsageError
from ledger.evenements import Fait
from ledger.programme import Programme

from .modele import Commande
from .refus import Refus
from .verbes import (
    candidature,
    cloture,
    credits,
    label,
    paiement,
    programme,
    rapprochement,
    reprise,
    reversement,
)

_DECISIONS: dict[type[Commande], Callable[..., Fait]] = {
    programme.OuvrirProgramme: programme.ouvrir_programme,
    programme.RéviserRègles: programme.reviser_regles,
    programme.ModifierEnveloppe: programme.modifier_enveloppe,
    programme.CloreProgramme: programme.clore_programme,
    credits.OuvrirCrédits: credits.ouvrir_credits,
    credits.GelerCrédits: credits.geler_credits,
    credits.DégelerCrédits: credits.degeler_credits,
    candidature.DéposerCandidature: candidature.deposer_candidature,
    candidature.CorrigerStructure: candidature.corriger_structure,
    candidature.InstruireCandidature: candidature.instruire_candidature,
    candidature.RendreAvis: candidature.rendre_avis,
    candidature.RejeterCandidature: candidature.rejeter_candidature,
    candidature.RetirerCandidature: candidature.retirer_candidature,
    label.LabelliserFabrique: label.labelliser_fabrique,
    label.SignerConvention: label.signer_convention,
    label.SignerAvenant: label.signer_avenant,
    label.AccorderBonusNumérique: label.accorder_bonus_numerique,
    label.RecevoirBilan: label.recevoir_bilan,
    label.RetirerLabel: label.retirer_label,
    paiement.OrdonnancerTranche: paiement.ordonnancer_tranche,
    paiement.VerserTranche: paiement.verser_tranche,
    paiement.VerserBonus: paiement.verser_bonus,
    paiement.AnnulerVersement: paiement.annuler_versement,
    rapprochement.RapprocherVersement: rapprochement.rapprocher_versement,
    reversement.DemanderReversement: reversement.demander_reversement,
    reversement.EncaisserReversement: reversement.encaisser_reversement,
    cloture.ClôturerExercice: cloture.cloturer_exercice,
    reprise.ReprendreJournal: reprise.reprendre_journal,
}

COMMANDES: tuple[type[Commande], ...] = tuple(_DECISIONS)
"""Every command class, in the order of the documentation."""

FAITS: dict[type[Commande], type[Fait]] = {
    classe: get_type_hints(decision)["return"] for classe, decision in _DECISIONS.items()
}
"""The one kind of fact that each command makes."""

_ARRETEES_PAR_CLOTURE: frozenset[type[Commande]] = frozenset(
    {
        candidature.DéposerCandidature,
        candidature.InstruireCandidature,
        candidature.RendreAvis,
        label.LabelliserFabrique,
        label.SignerAvenant,
        label.AccorderBonusNumérique,
        programme.RéviserRègles,
        programme.ModifierEnveloppe,
        programme.CloreProgramme,
    }
)
"""What CloreProgramme ends, whatever the effect date; everything else goes on."""

_HORS_EXERCICE_CLOS: frozenset[type[Commande]] = frozenset(
    {
        paiement.AnnulerVersement,
        candidature.CorrigerStructure,
        reversement.EncaisserReversement,
        cloture.ClôturerExercice,
        reprise.ReprendreJournal,
    }
)
"""Recorded with their true date even in a closed exercice; money counts in the first open one."""


def sans_accents(verbe: str) -> str:
    """A verb folded to ASCII, as the command line also accepts it."""
    decompose = unicodedata.normalize("NFKD", verbe)
    return "".join(c for c in decompose if not unicodedata.combining(c))


VERBES: dict[str, type[Commande]] = {
    nom: c for c in COMMANDES for nom in (c.verbe, sans_accents(c.verbe))
}
"""Verb, with its accents (NFC) or without any -> command class."""


def decide(etat: Programme, commande: Commande, *, versement: Fait | None = None) -> Fait | Refus:
    """The fact that the command makes, or the first refusal that applies.

    `versement` is the fact recorded at the position that a `SurUnVersement` names (facts are read
    by position, not kept in the state); other commands ignore it.
    """
    decision = _DECISIONS.get(type(commande))
    if decision is None:
        raise UsageError(f"{type(commande).__name__} n'est pas une commande de ce livre.")
    try:
        _exiger_programme(etat, commande)
        _exiger_exercices_ouverts(etat, commande)
        if isinstance(commande, paiement.SurUnVersement):
            return decision(etat, commande, versement)
        return decision(etat, commande)
    except Refus as refus:
        return refus.with_traceback(None)  # a receipt must not keep the frames, nor the state


def _exiger_programme(etat: Programme, commande: Commande) -> None:
    if type(commande) is programme.OuvrirProgramme:
        if etat.regles is not None:
            raise Refus(
                "programme_existant",
                f"Le programme {commande.programme} est déjà ouvert "
                f"(depuis le {etat.regles.ouverture}).",
                remede="Réviser ses règles (RéviserRègles) ou choisir un autre identifiant.",
            )
        return
    if etat.regles is None:
        raise Refus(
            "programme_inconnu",
            f"Le programme {commande.programme} n'est pas ouvert dans cette base.",
            remede="Vérifier l'identifiant, ou l'ouvrir d'abord (OuvrirProgramme).",
        )
    if etat.clos and type(commande) in _ARRETEES_PAR_CLOTURE:
        raise Refus(
            "programme_clos",
            f"Le programme {commande.programme} est clos : {commande.verbe} n'est plus possible.",
        )


def _exiger_exercices_ouverts(etat: Programme, commande: Commande) -> None:
    """The year of `date_effet` and the exercice charged, named or by default, are not closed."""
    if etat.soldes.dernier_clos == 0 or type(commande) in _HORS_EXERCICE_CLOS:
        return
    for annee in (commande.date_effet.year, _exercice_charge(etat, commande)):
        if etat.est_clos(annee):
            raise Refus(
                "exercice_clos",
                f"L'exercice {annee} est clôturé (dernier clos : {etat.soldes.dernier_clos}).",
                remede=f"Le premier exercice ouvert est {etat.premier_exercice_ouvert}.",
                details={"exercice": annee, "dernier_clos": etat.soldes.dernier_clos},
            )


def _exercice_charge(etat: Programme, commande: Commande) -> int:
    match commande:
        case label.AccorderBonusNumérique():
            return label.exercice_du_bonus(etat, commande)
        case paiement.VerserTranche() | paiement.VerserBonus():
            return paiement.exercice_du_paiement(commande)
        case credits.OuvrirCrédits() | credits.GelerCrédits() | credits.DégelerCrédits():
            return commande.exercice
        case _:
            return commande.date_effet.year
