"""Budget controls shared by the verbs: credits, envelope, quotas. Judged on all that is known."""

from __future__ import annotations

from ledger.montants import format_euros
from ledger.programme import Programme
from ledger.regles import Regles

from .refus import Refus


def exiger_credits(
    etat: Programme, regles: Regles, annee: int, *, ae: int = 0, cp: int = 0
) -> None:
    """Refuse `credits_insuffisants` when `ae` or `cp` cents more would be consumed in vain.

    Only under `credits: bloquants`, and only when the command itself brings an available below
    zero, or lower than it was below zero. `ae` and `cp` are what the command takes (signed).
    """
    if regles.credits != "bloquants":
        return
    if ae > 0:
        _exiger("AE", annee, ae, etat.soldes.ae_disponibles(annee))
    if cp > 0:
        _exiger("CP", annee, cp, etat.soldes.cp_disponibles(annee))


def _exiger(nom: str, annee: int, pris: int, disponible: int) -> None:
    if disponible < pris:
        raise Refus(
            "credits_insuffisants",
            f"{nom} de {annee} : {format_euros(disponible)} disponibles, "
            f"{format_euros(pris)} demandés.",
            remede=f"Ouvrir ou dégeler des crédits {annee} (OuvrirCrédits, DégelerCrédits).",
            details={
                "exercice": annee,
                "disponible_centimes": disponible,
                "demande_centimes": pris,
            },
        )


def exiger_enveloppe(etat: Programme, centimes: int) -> None:
    """Refuse `enveloppe_depassee` when the envelope has less than these cents available."""
    disponible = etat.soldes.disponible
    if centimes > disponible:
        raise Refus(
            "enveloppe_depassee",
            f"Il reste {format_euros(disponible)} dans l'enveloppe, "
            f"{format_euros(centimes)} demandés.",
            remede="Réduire le montant ou augmenter l'enveloppe (ModifierEnveloppe).",
            details={"disponible_centimes": disponible, "demande_centimes": centimes},
        )


def exiger_quota(regles: Regles, nom: str, compte: int, quota: int) -> None:
    """Refuse `quota_atteint` when one more would exceed a binding quota."""
    if regles.quotas == "bloquants" and compte + 1 > quota:
        raise Refus(
            "quota_atteint",
            f"Quota {nom} : {compte} sur {quota}, il n'y a plus de place.",
            remede="Réviser le quota (RéviserRègles) ou attendre qu'une place se libère.",
            details={"quota": quota, "compte": compte},
        )
