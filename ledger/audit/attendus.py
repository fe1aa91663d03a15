"""What a fact must hold, recomputed by the audit from the state before it. Amounts in cents.

Facts keep the money effects that were decided (cohorts, exercices, plans). Here they are worked out
again, apart from the decisions, and compared whole: a line rewritten with all its hashes does not
pass. Each function gives {member: expected value}; `None` for a member that data cannot settle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..evenements import (
    AvenantSigné,
    AvisRendu,
    BilanReçu,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CandidatureDéposée,
    CandidatureInstruite,
    ConventionSignée,
    FabriqueLabellisée,
    Fait,
    LabelRetiré,
    OrdreUtilise,
    Part,
    ProgrammeOuvert,
    Retrait,
    ReversementEncaissé,
    Tranche,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from ..programme import LABEL_RETIRE, RANG_BONUS, Label
from .rejeu import Rejeu

SANS_EFFET = frozenset(
    {
        BilanReçu,
        CandidatureDéposée,
        CandidatureInstruite,
        AvisRendu,
        ConventionSignée,
        TrancheOrdonnancée,
        VersementRapproché,
    }
)
"""The common facts that hold nothing but what was said: spared a walk over the cases."""

Paiement = TrancheVersée | BonusNumériqueVersé


def attendus(avant: Rejeu, fait: Fait, paiement: Paiement | None) -> Mapping[str, Any]:
    """The members of the fact that its predecessors determine, with their expected values.

    `paiement` is the uncancelled payment at the position that a cancellation names.
    """
    if isinstance(fait, ProgrammeOuvert):
        return {"regles_version": 1}
    valeurs: dict[str, Any] = {"regles_version": avant.regles_au(fait.date_effet)[1]}
    if type(fait) in SANS_EFFET:
        return valeurs
    annee = fait.date_effet.year
    match fait:
        case FabriqueLabellisée():
            valeurs["exercice"] = annee
        case AvenantSigné():
            valeurs |= _avenant(avant, fait)
        case BonusNumériqueAccordé():
            regles, _ = avant.regles_au(fait.date_effet)
            valeurs["montant_centimes"] = regles.bonus_centimes
            valeurs["imputation"] = regles.imputation_bonus
        case TrancheVersée() | BonusNumériqueVersé():
            valeurs |= _paiement(avant, fait)
        case VersementAnnulé() if paiement is not None:
            valeurs |= _annulation(avant, fait, paiement)
        case LabelRetiré():
            valeurs |= _retrait(avant, fait)
        case ReversementEncaissé():
            valeurs["exercice"] = max(annee, avant.premier_exercice_ouvert)
        case _:
            pass
    return valeurs


def _label(avant: Rejeu, structure: str) -> Label | None:
    dossier = avant.dossiers.get(structure)
    return None if dossier is None else dossier.label


def _avenant(avant: Rejeu, fait: AvenantSigné) -> dict[str, Any]:
    label = _label(avant, fait.structure)
    if label is None:
        return {}
    variation = fait.montant_centimes - label.montant
    plan = _plan(fait.echeancier, label.verse)
    for annee, centimes in _plan(label.tranches, label.verse).items():
        plan[annee] = plan.get(annee, 0) - centimes
    return {
        "exercice": fait.date_effet.year,
        "engagement_centimes": max(variation, 0),
        "retraits": _retirer(avant, fait, label.cohortes, -variation),
        "previsions": _parts(plan),
    }


def _paiement(avant: Rejeu, fait: Paiement) -> dict[str, Any]:
    label = _label(avant, fait.structure)
    if label is None:
        return {}
    if isinstance(fait, BonusNumériqueVersé):
        engagement = None if label.bonus is None else label.bonus.exercice
        ordres = ordres_attendus(label, RANG_BONUS, fait.montant_centimes)
        return {"engagement": engagement, "ordres": ordres}
    prevu = None
    if fait.rang <= len(label.tranches):
        prevu = label.tranches[fait.rang - 1].exercice
    return {
        "exercice_prevu": prevu,
        "imputations": _prendre(label.cohortes, fait.montant_centimes),
        "ordres": ordres_attendus(label, fait.rang, fait.montant_centimes),
    }


def _annulation(avant: Rejeu, fait: VersementAnnulé, paiement: Paiement) -> dict[str, Any]:
    clos = avant.est_clos(paiement.exercice)
    bonus = isinstance(paiement, BonusNumériqueVersé)
    parts: tuple[Part, ...]
    if isinstance(paiement, BonusNumériqueVersé):
        rang, prevu = RANG_BONUS, paiement.engagement
        parts = (Part(paiement.engagement, paiement.montant_centimes),)
    else:
        rang, prevu, parts = paiement.rang, paiement.exercice_prevu, paiement.imputations
    retraits: tuple[Retrait, ...] = ()
    if avant.dossiers[fait.structure].etat == LABEL_RETIRE:
        label = _label(avant, fait.structure)
        nature = "bonus" if bonus else "subvention"
        imputation = "enveloppe"
        if bonus and label is not None and label.bonus is not None:
            imputation = label.bonus.imputation
        retraits = _retirer(
            avant, fait, parts, paiement.montant_centimes, nature=nature, imputation=imputation
        )
    return {
        "structure": paiement.structure,
        "nature": "bonus" if bonus else "subvention",
        "rang": rang,
        "montant_centimes": paiement.montant_centimes,
        "exercice": avant.premier_exercice_ouvert if clos else paiement.exercice,
        "regularisation": clos,
        "exercice_prevu": prevu,
        "imputations": parts,
        "ordres": paiement.ordres,
        "retraits": retraits,
    }


def _retrait(avant: Rejeu, fait: LabelRetiré) -> dict[str, Any]:
    dossier = avant.dossiers[fait.structure]
    label = dossier.label
    if label is None:
        return {}
    plan = _plan(label.tranches, label.verse)
    retraits = _retirer(avant, fait, label.cohortes, label.montant - sum(label.verse))
    bonus = label.bonus
    if bonus is not None:
        reste = bonus.montant - bonus.verse
        plan[bonus.exercice] = plan.get(bonus.exercice, 0) + reste
        cohorte = (Part(bonus.exercice, reste),)
        retraits += _retirer(
            avant, fait, cohorte, reste, nature="bonus", imputation=bonus.imputation
        )
    return {
        "territoire": dossier.territoire,
        "numerique": dossier.numerique,
        "retraits": retraits,
        "previsions": _parts(plan),
    }


def _retirer(
    avant: Rejeu,
    fait: Fait,
    cohortes: tuple[Part, ...],
    centimes: int,
    *,
    nature: str = "subvention",
    imputation: str = "enveloppe",
) -> tuple[Retrait, ...]:
    """Art. 160: the newest commitments first, each part in the later of the two exercices."""
    annee = max(fait.date_effet.year, avant.premier_exercice_ouvert)
    recyclable = avant.regles_au(fait.date_effet)[0].retraits_anterieurs_recyclables
    return tuple(
        Retrait(
            nature=nature,  # type: ignore[arg-type]
            engagement=part.exercice,
            exercice=max(annee, part.exercice),
            montant_centimes=part.montant_centimes,
            recyclable=recyclable,
            imputation=imputation,  # type: ignore[arg-type]
        )
        for part in _prendre(tuple(reversed(cohortes)), centimes)
    )


def _prendre(cohortes: tuple[Part, ...], centimes: int) -> tuple[Part, ...]:
    """Cents taken from cohorts in the order given."""
    if len(cohortes) == 1 and 0 < centimes <= cohortes[0].montant_centimes:
        return (Part(cohortes[0].exercice, centimes),)
    parts: list[Part] = []
    for cohorte in cohortes:
        pris = min(max(centimes, 0), cohorte.montant_centimes)
        if pris > 0:
            parts.append(Part(cohorte.exercice, pris))
            centimes -= pris
    return tuple(parts)


def ordres_attendus(label: Label, rang: int, centimes: int) -> tuple[OrdreUtilise, ...]:
    """The oldest unpaid orders of the rank, as far as they go."""
    if not label.ordres:
        return ()
    utilises: list[OrdreUtilise] = []
    for ordre in sorted(label.ordres, key=lambda o: o.position):
        pris = min(centimes, ordre.montant - ordre.utilise) if ordre.rang == rang else 0
        if pris > 0:
            utilises.append(OrdreUtilise(ordre.position, pris))
            centimes -= pris
    return tuple(utilises)


def _plan(tranches: tuple[Tranche, ...], verse: tuple[int, ...]) -> dict[int, int]:
    """What is left to pay, by planned exercice."""
    plan: dict[int, int] = {}
    for k, tranche in enumerate(tranches):
        reste = tranche.montant_centimes - (verse[k] if k < len(verse) else 0)
        plan[tranche.exercice] = plan.get(tranche.exercice, 0) + reste
    return plan


def _parts(plan: dict[int, int]) -> tuple[Part, ...]:
    return tuple(Part(annee, centimes) for annee, centimes in sorted(plan.items()) if centimes)
