"""Recoveries: claim back money paid, record the cash. It is State revenue: it never gives AE, CP
or envelope back by itself."""

from __future__ import annotations

from typing import ClassVar

from ledger.champs import CentimesPositifs, TexteCourt
from ledger.evenements import ReversementDemandé, ReversementEncaissé
from ledger.montants import format_euros
from ledger.programme import LABEL_RETIRE, LABELLISEE, Programme

from ..modele import CommandeDeStructure, base, exiger_label
from ..refus import Refus


class DemanderReversement(CommandeDeStructure):
    """Claim money back (cents); `titre` is the demand's number.

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `montant_excessif` (more than paid and not already claimed).
    """

    verbe: ClassVar[str] = "DemanderReversement"
    montant_centimes: CentimesPositifs
    titre: TexteCourt


class EncaisserReversement(CommandeDeStructure):
    """Record money that came back (cents), on the year of `date_effet` or the first open one.

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `montant_excessif` (more than claimed and not yet cashed).
    """

    verbe: ClassVar[str] = "EncaisserReversement"
    montant_centimes: CentimesPositifs
    titre: TexteCourt


def demander_reversement(etat: Programme, commande: DemanderReversement) -> ReversementDemandé:
    """Decide a claim."""
    _, label = exiger_label(etat, commande, LABELLISEE, LABEL_RETIRE)
    reste = label.paye - label.reclame
    if commande.montant_centimes > reste:
        raise Refus(
            "montant_excessif",
            f"{format_euros(max(reste, 0))} payés et non encore réclamés à {commande.structure}, "
            f"{format_euros(commande.montant_centimes)} demandés.",
            remede="Réduire la demande de reversement.",
            details={"reste_centimes": reste, "demande_centimes": commande.montant_centimes},
        )
    return ReversementDemandé(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        structure=commande.structure,
        montant_centimes=commande.montant_centimes,
        titre=commande.titre,
    )


def encaisser_reversement(etat: Programme, commande: EncaisserReversement) -> ReversementEncaissé:
    """Decide the record of cash."""
    _, label = exiger_label(etat, commande, LABELLISEE, LABEL_RETIRE)
    reste = label.reclame - label.encaisse
    if commande.montant_centimes > reste:
        raise Refus(
            "montant_excessif",
            f"{format_euros(reste)} réclamés et non encaissés à {commande.structure}, "
            f"{format_euros(commande.montant_centimes)} à encaisser.",
            remede="Demander d'abord le reversement (DemanderReversement).",
            details={"reste_centimes": reste, "demande_centimes": commande.montant_centimes},
        )
    return ReversementEncaissé(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        structure=commande.structure,
        montant_centimes=commande.montant_centimes,
        titre=commande.titre,
        exercice=max(commande.date_effet.year, etat.premier_exercice_ouvert),
    )
