"""Reconciliation: a payment is found in Chorus. No amount moves."""

from __future__ import annotations

from typing import ClassVar

from ledger.champs import Exercice, TexteCourt
from ledger.evenements import Fait, VersementRapproché
from ledger.programme import Demande, Programme

from ..modele import base
from ..refus import Refus
from .paiement import SurUnVersement, exiger_versement


class RapprocherVersement(SurUnVersement):
    """Record that the payment at `position` is the payment request `dp` of Chorus.

    `exercice_dp` is the accounting year of the request: its number is its own within a year. `ej`
    is the commitment number. `date_effet` is the day of the reconciliation.

    Refusals, in order: `structure_inconnue`, `versement_inconnu`, `versement_deja_annule`,
    `date_incoherente`, `versement_deja_rapproche`, `dp_deja_rapprochee`.
    """

    verbe: ClassVar[str] = "RapprocherVersement"
    dp: TexteCourt
    exercice_dp: Exercice
    ej: TexteCourt | None = None


def rapprocher_versement(
    etat: Programme, commande: RapprocherVersement, versement: Fait | None
) -> VersementRapproché:
    """Decide a reconciliation. `versement` is the fact recorded at the position, or None."""
    version = etat.regles_au(commande.date_effet)[1]
    exiger_versement(etat, commande, versement)
    demande, position = Demande(commande.dp, commande.exercice_dp), commande.position
    deja = etat.rapproches.get(position)
    if deja is not None:
        raise Refus(
            "versement_deja_rapproche",
            f"Le versement de la position {position} est déjà rapproché de la demande "
            f"{deja.dp} ({deja.exercice}).",
            remede="L'annuler d'abord s'il est faux (AnnulerVersement).",
            details={"position": position, "dp": deja.dp, "exercice_dp": deja.exercice},
        )
    autre = etat.demandes.get(demande)
    if autre is not None:
        raise Refus(
            "dp_deja_rapprochee",
            f"La demande {demande.dp} ({demande.exercice}) prouve déjà le versement de la position "
            f"{autre}.",
            remede="Vérifier le numéro de demande de paiement.",
            details={"position": autre, "dp": demande.dp, "exercice_dp": demande.exercice},
        )
    return VersementRapproché(
        **base(commande, version),
        structure=commande.structure,
        position=position,
        dp=commande.dp,
        exercice_dp=commande.exercice_dp,
        ej=commande.ej,
    )
