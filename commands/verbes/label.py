"""The label and the grant: label, sign the agreement, amend, grant the bonus, take a report,
withdraw the label."""

from __future__ import annotations

from typing import ClassVar

from ledger.champs import CentimesPositifs, Exercice, TexteCourt, TexteLong, Vague
from ledger.erreurs import ImpossibleHistoryError
from ledger.evenements import (
    AvenantSigné,
    BilanReçu,
    BonusNumériqueAccordé,
    ConventionSignée,
    FabriqueLabellisée,
    LabelRetiré,
    Part,
    Retrait,
    Tranche,
)
from ledger.montants import format_euros
from ledger.programme import DEPOSEE, LABELLISEE, Dossier, Label, Programme
from ledger.regles import Regles
from ledger.valeurs import Territoire

from ..controles import exiger_credits, exiger_enveloppe, exiger_quota
from ..modele import (
    Commande,
    CommandeDeStructure,
    base,
    exiger_date,
    exiger_dossier,
    exiger_label,
)
from ..refus import Refus
from .echeancier import Echeancier, echeancier_invalide, par_defaut, verifier_echeancier


class LabelliserFabrique(CommandeDeStructure):
    """Grant the label and the whole amount (cents), committed in the year of `date_effet`.

    Without `echeancier`: equal parts. Refusals, in order: `structure_inconnue`,
    `etat_incompatible`, `date_incoherente`, `instruction_manquante`, `avis_manquant`,
    `territoire_inconnu`, `montant_hors_bornes`, `echeancier_invalide`, `plafond_annuel_depasse`,
    `quota_atteint`, `credits_insuffisants`, `enveloppe_depassee`.
    """

    verbe: ClassVar[str] = "LabelliserFabrique"
    champs_completes: ClassVar[frozenset[str]] = frozenset(
        {"echeancier", "territoire", "numerique", "vague"}
    )
    montant_centimes: CentimesPositifs
    echeancier: Echeancier | None = None
    territoire: Territoire | None = None
    numerique: bool | None = None
    vague: Vague | None = None


class SignerConvention(CommandeDeStructure):
    """Record the signed agreement (reference, and the EJ number of Chorus when known)."""

    verbe: ClassVar[str] = "SignerConvention"
    reference: TexteCourt
    ej: TexteCourt | None = None


class SignerAvenant(CommandeDeStructure):
    """Change the grant (`montant_centimes` is the new total) and its schedule.

    Bounds are those of the labelling and of its rules. Refusals, in order: `structure_inconnue`,
    `etat_incompatible`, `date_incoherente`, `montant_hors_bornes`, `echeancier_invalide`,
    `plafond_annuel_depasse`, `credits_insuffisants`, `enveloppe_depassee` (increases only).
    """

    verbe: ClassVar[str] = "SignerAvenant"
    montant_centimes: CentimesPositifs
    echeancier: Echeancier
    motif: TexteLong


class AccorderBonusNumérique(CommandeDeStructure):
    """Grant the digital bonus, committed on `exercice` (by default the rule, else the year).

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `bonus_non_eligible`, `bonus_deja_accorde`, `quota_atteint`, `credits_insuffisants`,
    `enveloppe_depassee`.
    """

    verbe: ClassVar[str] = "AccorderBonusNumérique"
    champs_completes: ClassVar[frozenset[str]] = frozenset({"exercice"})
    exercice: Exercice | None = None


class RecevoirBilan(CommandeDeStructure):
    """Record a report on an exercice (a subject, not a charge), accepted or not."""

    verbe: ClassVar[str] = "RecevoirBilan"
    exercice: Exercice
    accepte: bool


class RetirerLabel(CommandeDeStructure):
    """Withdraw the label, and what was not paid of the grant and of the bonus."""

    verbe: ClassVar[str] = "RetirerLabel"
    motif: TexteLong


def labelliser_fabrique(etat: Programme, commande: LabelliserFabrique) -> FabriqueLabellisée:
    """Decide a label. See `LabelliserFabrique` for the order of refusals."""
    regles, version = etat.regles_au(commande.date_effet)
    dossier = exiger_dossier(etat, commande, DEPOSEE)
    exiger_date(commande, dossier.depot, "le dépôt de la candidature")
    _exiger_etude(commande, dossier, regles)
    territoire = commande.territoire or dossier.territoire
    numerique = dossier.numerique if commande.numerique is None else commande.numerique
    if territoire == "inconnu":
        raise Refus(
            "territoire_inconnu",
            f"Le territoire de {commande.structure} n'est pas établi (qpv ou hors_qpv).",
            remede="Le donner dans la commande, ou corriger la candidature.",
        )
    _exiger_bornes(commande.montant_centimes, regles)
    tranches = verifier_echeancier(
        par_defaut(commande.montant_centimes, commande.date_effet, regles)
        if commande.echeancier is None
        else commande.echeancier,
        montant=commande.montant_centimes,
        depuis=commande.date_effet,
        regles=regles,
    )
    labels = etat.soldes.labels
    exiger_quota(regles, "total", labels.total, regles.quota_total)
    if territoire == "qpv":
        exiger_quota(regles, "QPV", labels.qpv, regles.quota_qpv)
    else:
        exiger_quota(regles, "hors QPV", labels.hors_qpv, regles.quota_hors_qpv)
    if numerique:
        exiger_quota(regles, "numériques", labels.numeriques, regles.quota_numeriques)
    exiger_credits(etat, regles, commande.date_effet.year, ae=commande.montant_centimes)
    exiger_enveloppe(etat, commande.montant_centimes)
    return FabriqueLabellisée(
        **base(commande, version),
        structure=commande.structure,
        montant_centimes=commande.montant_centimes,
        exercice=commande.date_effet.year,
        echeancier=tranches,
        territoire=territoire,  # type: ignore[arg-type]
        numerique=numerique,
        vague=commande.vague or dossier.vague,
    )


def signer_convention(etat: Programme, commande: SignerConvention) -> ConventionSignée:
    """Decide the record of an agreement."""
    exiger_label(etat, commande, LABELLISEE)
    return ConventionSignée(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        structure=commande.structure,
        reference=commande.reference,
        ej=commande.ej,
    )


def signer_avenant(etat: Programme, commande: SignerAvenant) -> AvenantSigné:
    """Decide an amendment. An increase is committed in its own year; a decrease withdraws the
    newest commitments first."""
    regles, version = etat.regles_au(commande.date_effet)
    _, label = exiger_label(etat, commande, LABELLISEE)
    exiger_date(commande, label.dernier_avenant, "le dernier avenant")
    _exiger_bornes(commande.montant_centimes, label.regles)
    _exiger_rangs_payes(label, commande)
    tranches = verifier_echeancier(
        commande.echeancier,
        montant=commande.montant_centimes,
        depuis=label.date_effet,
        regles=label.regles,
    )
    annee = commande.date_effet.year
    variation = commande.montant_centimes - label.montant
    if variation > 0:
        exiger_credits(etat, regles, annee, ae=variation)
        exiger_enveloppe(etat, variation)
    return AvenantSigné(
        **base(commande, version),
        structure=commande.structure,
        montant_centimes=commande.montant_centimes,
        exercice=annee,
        echeancier=tranches,
        motif=commande.motif,
        engagement_centimes=max(variation, 0),
        retraits=(
            retraits_subvention(label.cohortes, -variation, annee, regles) if variation < 0 else ()
        ),
        previsions=_ecart_previsions(label, tranches),
    )


def accorder_bonus_numerique(
    etat: Programme, commande: AccorderBonusNumérique
) -> BonusNumériqueAccordé:
    """Decide the digital bonus. See `AccorderBonusNumérique` for the order of refusals."""
    regles, version = etat.regles_au(commande.date_effet)
    dossier, label = exiger_label(etat, commande, LABELLISEE)
    if not dossier.numerique or dossier.territoire != "qpv":
        raise Refus(
            "bonus_non_eligible",
            f"La structure {commande.structure} n'est pas une Fabrique numérique en QPV "
            f"(numérique : {'oui' if dossier.numerique else 'non'}, "
            f"territoire : {dossier.territoire}).",
            remede="Le bonus ne va qu'aux Fabriques numériques en QPV.",
            details={"territoire": dossier.territoire},
        )
    if label.bonus is not None:
        raise Refus(
            "bonus_deja_accorde",
            f"Le bonus de {commande.structure} a été accordé le {label.bonus.date_effet}.",
            remede="Un seul bonus par structure.",
        )
    exiger_quota(
        regles, "des bonus numériques", etat.soldes.bonus_accordes, regles.quota_numeriques
    )
    exercice = exercice_du_bonus(etat, commande)
    exiger_credits(etat, regles, exercice, ae=regles.bonus_centimes)
    if regles.imputation_bonus == "enveloppe":
        exiger_enveloppe(etat, regles.bonus_centimes)
    return BonusNumériqueAccordé(
        **base(commande, version),
        structure=commande.structure,
        exercice=exercice,
        montant_centimes=regles.bonus_centimes,
        imputation=regles.imputation_bonus,  # type: ignore[arg-type]
    )


def exercice_du_bonus(etat: Programme, commande: AccorderBonusNumérique) -> int:
    """Exercice charged: the one named, else the rule `exercice_bonus`, else the year."""
    if commande.exercice is not None:
        return commande.exercice
    regle = etat.regles_au(commande.date_effet)[0].exercice_bonus
    return commande.date_effet.year if regle is None else regle


def recevoir_bilan(etat: Programme, commande: RecevoirBilan) -> BilanReçu:
    """Decide the record of a report."""
    exiger_label(etat, commande, LABELLISEE)
    return BilanReçu(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        structure=commande.structure,
        exercice=commande.exercice,
        accepte=commande.accepte,
    )


def retirer_label(etat: Programme, commande: RetirerLabel) -> LabelRetiré:
    """Decide the withdrawal of a label, with what was not paid (art. 160 rules its return)."""
    regles, version = etat.regles_au(commande.date_effet)
    dossier, label = exiger_label(etat, commande, LABELLISEE)
    annee = commande.date_effet.year
    retraits = retraits_subvention(label.cohortes, label.montant - sum(label.verse), annee, regles)
    bonus = label.bonus
    if bonus is not None and bonus.montant > bonus.verse:
        retraits += (retrait_bonus(label, bonus.montant - bonus.verse, annee, regles),)
    return LabelRetiré(
        **base(commande, version),
        structure=commande.structure,
        motif=commande.motif,
        territoire=dossier.territoire,  # type: ignore[arg-type]
        numerique=dossier.numerique,
        retraits=retraits,
        previsions=_parts(_prevu(label, avec_bonus=True)),
    )


def retraits_subvention(
    cohortes: tuple[Part, ...], centimes: int, annee: int, regles: Regles
) -> tuple[Retrait, ...]:
    """Withdraw cents of the grant, newest commitment first, each part judged by its exercice.

    `annee` is the exercice of the withdrawal; a part counts in the later of it and that of its
    commitment. Source: decree 2012-1246, art. 160.
    """
    retraits: list[Retrait] = []
    for cohorte in reversed(cohortes):
        pris = min(centimes, cohorte.montant_centimes)
        if pris > 0:
            retraits.append(
                Retrait(
                    nature="subvention",
                    engagement=cohorte.exercice,
                    exercice=max(annee, cohorte.exercice),
                    montant_centimes=pris,
                    recyclable=regles.retraits_anterieurs_recyclables,
                    imputation="enveloppe",
                )
            )
            centimes -= pris
    return tuple(retraits)


def retrait_bonus(label: Label, centimes: int, annee: int, regles: Regles) -> Retrait:
    """Withdraw cents of the bonus; it keeps the imputation of its commitment."""
    if label.bonus is None:
        raise ImpossibleHistoryError("Retrait d'un bonus jamais accordé.")
    return Retrait(
        nature="bonus",
        engagement=label.bonus.exercice,
        exercice=max(annee, label.bonus.exercice),
        montant_centimes=centimes,
        recyclable=regles.retraits_anterieurs_recyclables,
        imputation=label.bonus.imputation,  # type: ignore[arg-type]
    )


def _exiger_etude(commande: Commande, dossier: Dossier, regles: Regles) -> None:
    if regles.instruction_requise and not dossier.instruite:
        raise Refus(
            "instruction_manquante",
            "Les règles exigent une instruction, aucune n'est enregistrée pour cette candidature.",
            remede="Enregistrer l'instruction (InstruireCandidature).",
        )
    if regles.avis_requis and not dossier.avis_rendu:
        raise Refus(
            "avis_manquant",
            "Les règles exigent un avis, aucun n'est enregistré pour cette candidature.",
            remede="Enregistrer l'avis (RendreAvis).",
        )


def _exiger_bornes(montant: int, regles: Regles) -> None:
    if not regles.plancher_centimes <= montant <= regles.plafond_centimes:
        raise Refus(
            "montant_hors_bornes",
            f"La subvention de {format_euros(montant)} sort des bornes : de "
            f"{format_euros(regles.plancher_centimes)} à {format_euros(regles.plafond_centimes)}.",
            remede="Choisir un montant dans les bornes.",
            details={
                "montant_centimes": montant,
                "plancher_centimes": regles.plancher_centimes,
                "plafond_centimes": regles.plafond_centimes,
            },
        )


def _exiger_rangs_payes(label: Label, commande: SignerAvenant) -> None:
    """A rank with any payment keeps rank, exercice and due date, and at least what is paid."""
    nouvelles = {t.rang: t for t in commande.echeancier}
    for ancienne, verse in zip(label.tranches, label.verse, strict=True):
        if verse <= 0:
            continue
        nouvelle = nouvelles.get(ancienne.rang)
        if (
            nouvelle is None
            or (nouvelle.exercice, nouvelle.echeance) != (ancienne.exercice, ancienne.echeance)
            or nouvelle.montant_centimes < verse
        ):
            raise echeancier_invalide(
                f"le rang {ancienne.rang}, payé à hauteur de {format_euros(verse)}, garde son "
                f"exercice ({ancienne.exercice}), son échéance ({ancienne.echeance}) et au moins "
                "ce montant"
            )


def _prevu(label: Label, *, avec_bonus: bool) -> dict[int, int]:
    prevu: dict[int, int] = {}
    for tranche, verse in zip(label.tranches, label.verse, strict=True):
        reste = tranche.montant_centimes - verse
        prevu[tranche.exercice] = prevu.get(tranche.exercice, 0) + reste
    if avec_bonus and label.bonus is not None:
        reste = label.bonus.montant - label.bonus.verse
        prevu[label.bonus.exercice] = prevu.get(label.bonus.exercice, 0) + reste
    return prevu


def _ecart_previsions(label: Label, nouvelles: tuple[Tranche, ...]) -> tuple[Part, ...]:
    ecart = {annee: -centimes for annee, centimes in _prevu(label, avec_bonus=False).items()}
    for rang, tranche in enumerate(nouvelles, start=1):
        verse = label.verse[rang - 1] if rang <= len(label.verse) else 0
        reste = tranche.montant_centimes - verse
        ecart[tranche.exercice] = ecart.get(tranche.exercice, 0) + reste
    return _parts(ecart)


def _parts(par_exercice: dict[int, int]) -> tuple[Part, ...]:
    return tuple(Part(annee, c) for annee, c in sorted(par_exercice.items()) if c)
