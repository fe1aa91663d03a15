"""Balances: what the money of a programme is, as sums over its facts.

The one place that says what each fact does to envelope, AE, CP, outstanding and quotas. Pure fold:
`Soldes()` is the beginning, `appliquer(soldes, fait)` the step. Facts may be filtered by effect
date: every step adds figures fixed in the fact itself, so any subset adds up.

AE = what the State is bound to (decree 2012-1246); CP = what it pays in the year; the envelope is a
third, multi-year ceiling, set by the programme.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from .evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CréditsDégelés,
    CréditsGelés,
    CréditsOuverts,
    EnveloppeModifiée,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    LabelRetiré,
    Part,
    ProgrammeOuvert,
    Retrait,
    ReversementEncaissé,
    TrancheVersée,
    VersementAnnulé,
)


class Exercice(Struct, frozen=True, gc=False):
    """One budget year, in cents. `*_bonus` is the bonus part, already inside no other member."""

    ae_ouvertes: int = 0
    ae_gelees: int = 0
    cp_ouverts: int = 0
    cp_geles: int = 0
    engage: int = 0
    engage_bonus: int = 0
    retraits_meme: int = 0
    retraits_meme_bonus: int = 0
    retraits_anterieurs: int = 0
    retraits_anterieurs_bonus: int = 0
    retraits_recyclables: int = 0
    """Part of the earlier-year withdrawals (grant and bonus) that gives AE back to this year."""
    cp_payes: int = 0
    cp_payes_bonus: int = 0
    regularisations: int = 0
    regularisations_bonus: int = 0
    reversements: int = 0
    a_prevoir: int = 0
    mouvemente: bool = False
    """Whether anything but a plan was ever recorded on this exercice."""

    @property
    def ae_disponibles(self) -> int:
        """AE opened, less frozen, less committed, plus what withdrawals give back."""
        return (
            self.ae_ouvertes
            - self.ae_gelees
            - self.engage
            - self.engage_bonus
            + self.retraits_meme
            + self.retraits_meme_bonus
            + self.retraits_recyclables
        )

    @property
    def cp_disponibles(self) -> int:
        """CP opened, less frozen, less paid (corrections of closed years included)."""
        return (
            self.cp_ouverts
            - self.cp_geles
            - self.cp_payes
            - self.cp_payes_bonus
            - self.regularisations
            - self.regularisations_bonus
        )


_VIDE = Exercice()


class Labels(Struct, frozen=True, gc=False):
    """Labels in force, against the quotas."""

    total: int = 0
    qpv: int = 0
    hors_qpv: int = 0
    numeriques: int = 0

    def avec(self, territoire: str, numerique: bool, sens: int) -> Labels:
        """One label more (`sens` 1) or less (-1)."""
        return Labels(
            total=self.total + sens,
            qpv=self.qpv + sens * (territoire == "qpv"),
            hors_qpv=self.hors_qpv + sens * (territoire == "hors_qpv"),
            numeriques=self.numeriques + sens * numerique,
        )


class Soldes(Struct, frozen=True):
    """The balances of a programme, in cents."""

    enveloppe: int = 0
    impute: int = 0
    """Commitments that the envelope bears (bonus left out when it is `hors_enveloppe`)."""
    rendu: int = 0
    """Withdrawals that refill the envelope (same year, or recyclable)."""
    exercices: dict[int, Exercice] = {}
    labels: Labels = Labels()
    bonus_accordes: int = 0
    dernier_clos: int = 0
    """Last closed exercice (every earlier one is closed too); 0 when none is."""

    @property
    def disponible(self) -> int:
        """What is left of the envelope: ceiling - committed + what withdrawals give back."""
        return self.enveloppe - self.impute + self.rendu

    def exercice(self, annee: int) -> Exercice:
        """The balances of one exercice (all zero when nothing was recorded on it)."""
        return self.exercices.get(annee, _VIDE)


def appliquer(soldes: Soldes, fait: Fait) -> Soldes:
    """The balances after one more fact."""
    match fait:
        case TrancheVersée():
            exercices = soldes.exercices.copy()
            _ajouter(exercices, fait.exercice, "cp_payes", fait.montant_centimes)
            _ajouter(exercices, fait.exercice_prevu, "a_prevoir", -fait.montant_centimes)
            return replace(soldes, exercices=exercices)
        case FabriqueLabellisée():
            exercices = soldes.exercices.copy()
            _ajouter(exercices, fait.exercice, "engage", fait.montant_centimes)
            for tranche in fait.echeancier:
                _ajouter(exercices, tranche.exercice, "a_prevoir", tranche.montant_centimes)
            return replace(
                soldes,
                exercices=exercices,
                impute=soldes.impute + fait.montant_centimes,
                labels=soldes.labels.avec(fait.territoire, fait.numerique, 1),
            )
        case BonusNumériqueVersé():
            exercices = soldes.exercices.copy()
            _ajouter(exercices, fait.exercice, "cp_payes_bonus", fait.montant_centimes)
            _ajouter(exercices, fait.engagement, "a_prevoir", -fait.montant_centimes)
            return replace(soldes, exercices=exercices)
        case BonusNumériqueAccordé():
            exercices = soldes.exercices.copy()
            _ajouter(exercices, fait.exercice, "engage_bonus", fait.montant_centimes)
            _ajouter(exercices, fait.exercice, "a_prevoir", fait.montant_centimes)
            impute = fait.montant_centimes if fait.imputation == "enveloppe" else 0
            return replace(
                soldes,
                exercices=exercices,
                impute=soldes.impute + impute,
                bonus_accordes=soldes.bonus_accordes + 1,
            )
        case LabelRetiré():
            exercices = soldes.exercices.copy()
            _prevoir(exercices, fait.previsions, -1)
            return replace(
                _retirer(soldes, exercices, fait.retraits),
                labels=soldes.labels.avec(fait.territoire, fait.numerique, -1),
            )
        case AvenantSigné():
            exercices = soldes.exercices.copy()
            _prevoir(exercices, fait.previsions, 1)
            if fait.engagement_centimes:
                _ajouter(exercices, fait.exercice, "engage", fait.engagement_centimes)
            apres = _retirer(soldes, exercices, fait.retraits)
            return replace(apres, impute=apres.impute + fait.engagement_centimes)
        case VersementAnnulé():
            return _annuler(soldes, fait)
        case ReversementEncaissé():
            exercices = soldes.exercices.copy()
            _ajouter(exercices, fait.exercice, "reversements", fait.montant_centimes)
            return replace(soldes, exercices=exercices)
        case CréditsOuverts():
            return _crediter(soldes, fait, "ae_ouvertes", "cp_ouverts", 1)
        case CréditsGelés():
            return _crediter(soldes, fait, "ae_gelees", "cp_geles", 1)
        case CréditsDégelés():
            return _crediter(soldes, fait, "ae_gelees", "cp_geles", -1)
        case ProgrammeOuvert():
            return replace(soldes, enveloppe=soldes.enveloppe + fait.regles["enveloppe_centimes"])
        case EnveloppeModifiée():
            return replace(soldes, enveloppe=soldes.enveloppe + fait.variation_centimes)
        case ExerciceClôturé():
            return replace(soldes, dernier_clos=max(soldes.dernier_clos, fait.exercice))
        case _:
            return soldes  # the other facts move no money


def plier(faits: Iterable[Fait]) -> Soldes:
    """The balances of a sequence of facts."""
    soldes = Soldes()
    for fait in faits:
        soldes = appliquer(soldes, fait)
    return soldes


def _ajouter(exercices: dict[int, Exercice], annee: int, membre: str, centimes: int) -> None:
    ligne = exercices.get(annee, _VIDE)
    exercices[annee] = replace(
        ligne,
        mouvemente=ligne.mouvemente or membre != "a_prevoir",
        **{membre: getattr(ligne, membre) + centimes},
    )


def _prevoir(exercices: dict[int, Exercice], previsions: tuple[Part, ...], sens: int) -> None:
    for part in previsions:
        _ajouter(exercices, part.exercice, "a_prevoir", sens * part.montant_centimes)


def _crediter(
    soldes: Soldes,
    fait: CréditsOuverts | CréditsGelés | CréditsDégelés,
    ae: str,
    cp: str,
    sens: int,
) -> Soldes:
    exercices = soldes.exercices.copy()
    _ajouter(exercices, fait.exercice, ae, sens * fait.ae_centimes)
    _ajouter(exercices, fait.exercice, cp, sens * fait.cp_centimes)
    return replace(soldes, exercices=exercices)


def _retirer(
    soldes: Soldes, exercices: dict[int, Exercice], retraits: tuple[Retrait, ...]
) -> Soldes:
    """Withdraw commitments: decree 2012-1246, art. 160 (only the same year gives AE back)."""
    rendu = soldes.rendu
    for retrait in retraits:
        meme = retrait.exercice == retrait.engagement
        membre = "retraits_meme" if meme else "retraits_anterieurs"
        suffixe = "_bonus" if retrait.nature == "bonus" else ""
        _ajouter(exercices, retrait.exercice, membre + suffixe, retrait.montant_centimes)
        if not meme and retrait.recyclable:
            _ajouter(exercices, retrait.exercice, "retraits_recyclables", retrait.montant_centimes)
        if (meme or retrait.recyclable) and retrait.imputation == "enveloppe":
            rendu += retrait.montant_centimes
    return replace(soldes, exercices=exercices, rendu=rendu)


def _annuler(soldes: Soldes, fait: VersementAnnulé) -> Soldes:
    exercices = soldes.exercices.copy()
    suffixe = "_bonus" if fait.nature == "bonus" else ""
    membre = ("regularisations" if fait.regularisation else "cp_payes") + suffixe
    _ajouter(exercices, fait.exercice, membre, -fait.montant_centimes)
    if not fait.retraits:  # the money is to be paid again
        _ajouter(exercices, fait.exercice_prevu, "a_prevoir", fait.montant_centimes)
    return _retirer(soldes, exercices, fait.retraits)


def total(soldes: Soldes, membre: str) -> int:
    """One member of `Exercice`, summed over the exercices."""
    return sum(getattr(ligne, membre) for ligne in soldes.exercices.values())
