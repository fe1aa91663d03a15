"""Payments: order, pay an instalment or the bonus, cancel a payment. Amounts in cents, CP."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.champs import CentimesPositifs, Exercice, TexteCourt
from ledger.evenements import (
    BonusNumériqueVersé,
    Fait,
    OrdreUtilise,
    Part,
    Retrait,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
)
from ledger.montants import format_euros
from ledger.programme import LABEL_RETIRE, LABELLISEE, RANG_BONUS, Bonus, Dossier, Label, Programme

from ..controles import exiger_credits
from ..modele import Commande, CommandeDeStructure, base, exiger_date, exiger_dossier, exiger_label
from ..refus import Refus
from .label import retrait_bonus, retraits_subvention

Paiement = TrancheVersée | BonusNumériqueVersé
_Rang = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]


class OrdonnancerTranche(CommandeDeStructure):
    """Order the payment of an instalment (`rang` 0: of the bonus). `dp` is the Chorus number.

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `rang_inconnu`, `tranche_soldee`, `tranche_precedente_due`, `echeance_non_atteinte`,
    `bilan_manquant`, `montant_excessif`, `exercice_invalide`. Rank 0 skips the schedule's.
    """

    verbe: ClassVar[str] = "OrdonnancerTranche"
    rang: _Rang
    montant_centimes: CentimesPositifs
    dp: TexteCourt


class VerserTranche(CommandeDeStructure):
    """Pay an instalment, in full or in part, on the CP of `exercice` (default: the year).

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `rang_inconnu`, `tranche_soldee`, `tranche_precedente_due`, `echeance_non_atteinte`,
    `bilan_manquant`, `ordonnancement_manquant`, `separation_des_fonctions`, `montant_excessif`,
    `credits_insuffisants`, `exercice_invalide`.
    """

    verbe: ClassVar[str] = "VerserTranche"
    rang: _Rang
    montant_centimes: CentimesPositifs
    reference: TexteCourt
    exercice: Exercice | None = None

    def contenu(self) -> dict[str, Any]:
        """The content; an explicit default exercice makes no difference."""
        donnees = super().contenu()
        donnees["exercice"] = exercice_du_paiement(self)
        return donnees


class VerserBonus(CommandeDeStructure):
    """Pay the bonus, in full or in part, on the CP of `exercice` (default: the year).

    Refusals, in order: `structure_inconnue`, `etat_incompatible`, `date_incoherente`,
    `tranche_soldee`, `ordonnancement_manquant`, `separation_des_fonctions`, `montant_excessif`,
    `credits_insuffisants`, `exercice_invalide`.
    """

    verbe: ClassVar[str] = "VerserBonus"
    montant_centimes: CentimesPositifs
    reference: TexteCourt
    exercice: Exercice | None = None

    def contenu(self) -> dict[str, Any]:
        """The content; an explicit default exercice makes no difference."""
        donnees = super().contenu()
        donnees["exercice"] = exercice_du_paiement(self)
        return donnees


class SurUnVersement(CommandeDeStructure):
    """A command on the payment recorded at `position`."""

    position: Annotated[int, Field(ge=1, le=2**53 - 1)]


class AnnulerVersement(SurUnVersement):
    """Cancel, whole, the payment recorded at `position`.

    Refusals, in order: `structure_inconnue`, `versement_inconnu`, `versement_deja_annule`,
    `date_incoherente`. A closed exercice never moves: see `VersementAnnulé`.
    """

    verbe: ClassVar[str] = "AnnulerVersement"
    motif: Literal["rejet_bancaire", "erreur"]


def ordonnancer_tranche(etat: Programme, commande: OrdonnancerTranche) -> TrancheOrdonnancée:
    """Decide a payment order: bounded by what is left less what is ordered and unpaid."""
    version = etat.regles_au(commande.date_effet)[1]
    if commande.rang == RANG_BONUS:
        label, bonus = _exiger_bonus(etat, commande)
        _exiger_bonus_non_solde(commande, bonus)
        reste = bonus.montant - bonus.verse
    else:
        _, label = exiger_label(etat, commande, LABELLISEE)
        _exiger_tranche_payable(label, commande, commande.rang)
        reste = label.reste(commande.rang)
    _exiger_reste(commande.montant_centimes, reste - label.ordonnance(commande.rang))
    if commande.rang != RANG_BONUS:
        annee = commande.date_effet.year
        _exiger_exercice(commande, annee, imputer(label.cohortes, commande.montant_centimes))
    return TrancheOrdonnancée(
        **base(commande, version),
        structure=commande.structure,
        rang=commande.rang,
        montant_centimes=commande.montant_centimes,
        dp=commande.dp,
    )


def verser_tranche(etat: Programme, commande: VerserTranche) -> TrancheVersée:
    """Decide the payment of an instalment. See `VerserTranche` for the order of refusals."""
    regles, version = etat.regles_au(commande.date_effet)
    _, label = exiger_label(etat, commande, LABELLISEE)
    rang, montant = commande.rang, commande.montant_centimes
    _exiger_tranche_payable(label, commande, rang)
    ordres = _exiger_ordres(label, commande, rang, montant)
    _exiger_reste(montant, label.reste(rang))
    exercice = exercice_du_paiement(commande)
    exiger_credits(etat, regles, exercice, cp=montant)
    imputations = imputer(label.cohortes, montant)
    _exiger_exercice(commande, exercice, imputations)
    return TrancheVersée(
        **base(commande, version),
        structure=commande.structure,
        rang=rang,
        montant_centimes=montant,
        reference=commande.reference,
        exercice=exercice,
        exercice_prevu=label.tranches[rang - 1].exercice,
        imputations=imputations,
        ordres=ordres,
    )


def verser_bonus(etat: Programme, commande: VerserBonus) -> BonusNumériqueVersé:
    """Decide a payment of the bonus. See `VerserBonus` for the order of refusals."""
    regles, version = etat.regles_au(commande.date_effet)
    label, bonus = _exiger_bonus(etat, commande)
    montant = commande.montant_centimes
    _exiger_bonus_non_solde(commande, bonus)
    ordres = _exiger_ordres(label, commande, RANG_BONUS, montant)
    _exiger_reste(montant, bonus.montant - bonus.verse)
    exercice = exercice_du_paiement(commande)
    exiger_credits(etat, regles, exercice, cp=montant)
    _exiger_exercice(commande, exercice, (Part(bonus.exercice, montant),))
    return BonusNumériqueVersé(
        **base(commande, version),
        structure=commande.structure,
        montant_centimes=montant,
        reference=commande.reference,
        exercice=exercice,
        engagement=bonus.exercice,
        ordres=ordres,
    )


def annuler_versement(
    etat: Programme, commande: AnnulerVersement, versement: Fait | None
) -> VersementAnnulé:
    """Decide a cancellation. `versement` is the fact recorded at the position, or None.

    With the label withdrawn, what comes back is withdrawn at once, in the year of the cancellation
    or in the first open exercice when that year is closed.
    """
    regles, version = etat.regles_au(commande.date_effet)
    dossier, label, versement = exiger_versement(etat, commande, versement)
    clos = etat.est_clos(versement.exercice)
    montant = versement.montant_centimes
    retraits: tuple[Retrait, ...] = ()
    if isinstance(versement, TrancheVersée):
        rang, prevu, imputations = versement.rang, versement.exercice_prevu, versement.imputations
    else:
        rang, prevu = RANG_BONUS, versement.engagement
        imputations = (Part(versement.engagement, montant),)
    if dossier.etat == LABEL_RETIRE:
        annee = max(commande.date_effet.year, etat.premier_exercice_ouvert)
        if rang == RANG_BONUS:
            retraits = (retrait_bonus(label, montant, annee, regles),)
        else:
            retraits = retraits_subvention(imputations, montant, annee, regles)
    return VersementAnnulé(
        **base(commande, version),
        structure=commande.structure,
        position=commande.position,
        motif=commande.motif,
        nature="bonus" if rang == RANG_BONUS else "subvention",
        rang=rang,
        montant_centimes=montant,
        exercice=etat.premier_exercice_ouvert if clos else versement.exercice,
        regularisation=clos,
        exercice_prevu=prevu,
        imputations=imputations,
        ordres=versement.ordres,
        retraits=retraits,
    )


def exiger_versement(
    etat: Programme, commande: SurUnVersement, versement: Fait | None
) -> tuple[Dossier, Label, Paiement]:
    """The payment in force that the command names, its structure's file and label.

    Refusals: `structure_inconnue`, `versement_inconnu`, `versement_deja_annule`,
    `date_incoherente`.
    """
    dossier = exiger_dossier(etat, commande)
    label = dossier.label
    if (
        label is None
        or not isinstance(versement, Paiement)
        or versement.structure != commande.structure
    ):
        raise Refus(
            "versement_inconnu",
            f"La position {commande.position} n'est pas un versement à {commande.structure}.",
            remede="Relever la position dans l'échéancier de la structure.",
            details={"position": commande.position},
        )
    if commande.position in label.annules:
        raise Refus(
            "versement_deja_annule",
            f"Le versement de la position {commande.position} est déjà annulé.",
            details={"position": commande.position},
        )
    exiger_date(commande, versement.date_effet, "le versement")
    return dossier, label, versement


def imputer(cohortes: tuple[Part, ...], centimes: int) -> tuple[Part, ...]:
    """The commitment cohorts that a payment settles: the oldest first."""
    parts: list[Part] = []
    for cohorte in cohortes:
        pris = min(centimes, cohorte.montant_centimes)
        if pris > 0:
            parts.append(Part(cohorte.exercice, pris))
            centimes -= pris
    return tuple(parts)


def exercice_du_paiement(commande: VerserTranche | VerserBonus) -> int:
    """Exercice charged: the one named, else the year of the effect date."""
    return commande.date_effet.year if commande.exercice is None else commande.exercice


def _exiger_tranche_payable(label: Label, commande: Commande, rang: int) -> None:
    """`rang_inconnu`, `tranche_soldee`, `tranche_precedente_due`, `echeance_non_atteinte`,
    `bilan_manquant`, in that order."""
    if not 1 <= rang <= len(label.tranches):
        raise Refus(
            "rang_inconnu",
            f"L'échéancier a {len(label.tranches)} tranches, pas de rang {rang}.",
            remede="Relever le rang dans l'échéancier de la structure.",
            details={"rang": rang, "rangs": len(label.tranches)},
        )
    if label.reste(rang) == 0:
        raise Refus(
            "tranche_soldee",
            f"La tranche {rang} est entièrement payée.",
            details={"rang": rang},
        )
    for precedent in range(1, rang):
        if label.reste(precedent) != 0:
            raise Refus(
                "tranche_precedente_due",
                f"Il reste {format_euros(label.reste(precedent))} à payer sur la tranche "
                f"{precedent}.",
                remede="Les tranches se soldent dans l'ordre.",
                details={"rang": precedent, "reste_centimes": label.reste(precedent)},
            )
    tranche = label.tranches[rang - 1]
    if commande.date_effet < tranche.echeance:
        raise Refus(
            "echeance_non_atteinte",
            f"La tranche {rang} échoit le {tranche.echeance}, la date d'effet est le "
            f"{commande.date_effet}.",
            remede="Attendre l'échéance, ou signer un avenant.",
            details={"rang": rang, "echeance": tranche.echeance.isoformat()},
        )
    if label.regles.bilan_requis and rang > 1:
        sujet = label.tranches[rang - 2].exercice
        if (sujet, True) not in label.bilans:
            raise Refus(
                "bilan_manquant",
                f"Le dernier bilan sur {sujet} est absent ou n'est pas accepté.",
                remede=f"Recevoir et accepter le bilan {sujet} (RecevoirBilan).",
                details={"exercice": sujet},
            )


def _exiger_bonus(etat: Programme, commande: CommandeDeStructure) -> tuple[Label, Bonus]:
    """The label and its bonus; the date rests on the grant of the bonus."""
    dossier = exiger_dossier(etat, commande, LABELLISEE)
    label = dossier.label
    if label is None or label.bonus is None:
        raise Refus(
            "etat_incompatible",
            f"Aucun bonus n'est accordé à {commande.structure}.",
            remede="Accorder d'abord le bonus (AccorderBonusNumérique).",
        )
    exiger_date(commande, label.bonus.date_effet, "l'octroi du bonus")
    return label, label.bonus


def _exiger_bonus_non_solde(commande: CommandeDeStructure, bonus: Bonus) -> None:
    if bonus.montant == bonus.verse:
        raise Refus("tranche_soldee", f"Le bonus de {commande.structure} est entièrement payé.")


def _exiger_ordres(
    label: Label, commande: Commande, rang: int, montant: int
) -> tuple[OrdreUtilise, ...]:
    """The oldest unpaid orders of the rank, as far as they go.

    With `ordonnancement_requis`: `ordonnancement_manquant`, then `separation_des_fonctions`.
    """
    if not label.ordres and not label.regles.ordonnancement_requis:
        return ()
    utilises: list[OrdreUtilise] = []
    ordonnateurs: set[str] = set()
    reste = montant
    for ordre in label.ordres:
        pris = min(reste, ordre.montant - ordre.utilise) if ordre.rang == rang else 0
        if pris > 0:
            utilises.append(OrdreUtilise(ordre.position, pris))
            ordonnateurs.add(ordre.acteur)
            reste -= pris
    if label.regles.ordonnancement_requis:
        if reste > 0:
            raise Refus(
                "ordonnancement_manquant",
                f"{format_euros(montant - reste)} ordonnancés et non payés, "
                f"{format_euros(montant)} à payer.",
                remede="Ordonnancer d'abord (OrdonnancerTranche).",
                details={"ordonnance_centimes": montant - reste, "demande_centimes": montant},
            )
        if commande.acteur.role != "comptable" or commande.acteur.id in ordonnateurs:
            raise Refus(
                "separation_des_fonctions",
                f"{commande.acteur.id} ({commande.acteur.role}) ne peut pas payer : le payeur est "
                "un comptable qui n'a pas ordonnancé.",
                remede="Faire payer par un comptable distinct de l'ordonnateur.",
                details={"acteur": commande.acteur.id, "role": commande.acteur.role},
            )
    return tuple(utilises)


def _exiger_reste(montant: int, reste: int) -> None:
    if montant > reste:
        raise Refus(
            "montant_excessif",
            f"Il reste {format_euros(reste)}, {format_euros(montant)} demandés.",
            remede="Réduire le montant.",
            details={"reste_centimes": reste, "demande_centimes": montant},
        )


def _exiger_exercice(commande: Commande, exercice: int, imputations: tuple[Part, ...]) -> None:
    """Neither after the year of the payment, nor before a commitment that it settles."""
    engagement = max([part.exercice for part in imputations], default=exercice)
    if exercice > commande.date_effet.year or exercice < engagement:
        raise Refus(
            "exercice_invalide",
            f"L'exercice {exercice} ne convient pas à un paiement du {commande.date_effet} sur un "
            f"engagement de {engagement}.",
            remede=f"Imputer entre {engagement} et {commande.date_effet.year}.",
            details={"exercice": exercice, "engagement": engagement},
        )
