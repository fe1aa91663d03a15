"""Balances: what the money of a programme is, as sums over its facts.

`effets(fait)` is the one place that says what each fact does to envelope, AE, CP, outstanding and
quotas. A balance is the sum of the effects of the facts counted, nothing else: any subset of facts
(those dated up to a day, those known at a position) adds up, in any order.

AE = what the State is bound to (decree 2012-1246); CP = what it pays in the year; the envelope is a
third, multi-year ceiling, set by the programme.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

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

PROGRAMME = 0
"""The "exercice" of what belongs to no year: envelope, quotas, last closing."""

Cle = tuple[int, str]
"""(exercice, member): member names are those of `Exercice` and, for `PROGRAMME`, of `Soldes`."""
Effet = tuple[Cle, int]


class Exercice(Struct, frozen=True, gc=False):
    """One budget year, in cents. A `*_bonus` member is the bonus part, in no other member."""

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
    """What is left to pay, by the exercice that the schedule (or the bonus) names."""

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


class Labels(Struct, frozen=True, gc=False):
    """Labels in force, against the quotas."""

    total: int = 0
    qpv: int = 0
    hors_qpv: int = 0
    numeriques: int = 0


class Soldes(Struct, frozen=True):
    """The balances of a programme, in cents: one integer per (exercice, member)."""

    valeurs: dict[Cle, int] = {}

    def du_programme(self, membre: str) -> int:
        """A balance that belongs to no year."""
        return self.valeurs.get((PROGRAMME, membre), 0)

    @property
    def enveloppe(self) -> int:
        """The ceiling, with its changes."""
        return self.du_programme("enveloppe")

    @property
    def impute(self) -> int:
        """Commitments that the envelope bears (bonus left out when it is `hors_enveloppe`)."""
        return self.du_programme("impute")

    @property
    def rendu(self) -> int:
        """Withdrawals that refill the envelope (same year, or recyclable)."""
        return self.du_programme("rendu")

    @property
    def disponible(self) -> int:
        """What is left of the envelope: ceiling - committed + what withdrawals give back."""
        return self.enveloppe - self.impute + self.rendu

    @property
    def labels(self) -> Labels:
        """Labels in force."""
        return Labels(
            total=self.du_programme("labels"),
            qpv=self.du_programme("labels_qpv"),
            hors_qpv=self.du_programme("labels_hors_qpv"),
            numeriques=self.du_programme("labels_numeriques"),
        )

    @property
    def bonus_accordes(self) -> int:
        """Bonuses ever granted."""
        return self.du_programme("bonus_accordes")

    @property
    def dernier_clos(self) -> int:
        """Last closed exercice (every earlier one is closed too); 0 when none is."""
        return self.du_programme("dernier_clos")

    def annees(self) -> tuple[int, ...]:
        """The exercices on which anything was recorded or planned, ascending."""
        return tuple(sorted({annee for annee, _ in self.valeurs if annee != PROGRAMME}))

    def mouvementees(self) -> frozenset[int]:
        """The exercices on which anything but a plan was ever recorded."""
        return frozenset(
            annee for annee, membre in self.valeurs if annee != PROGRAMME and membre != "a_prevoir"
        )

    def exercice(self, annee: int) -> Exercice:
        """The balances of one exercice (all zero when nothing was recorded on it)."""
        return Exercice(*[self.valeurs.get((annee, m), 0) for m in Exercice.__struct_fields__])

    def total(self, membre: str) -> int:
        """One member of `Exercice`, summed over the exercices."""
        return sum(c for (annee, m), c in self.valeurs.items() if m == membre and annee)

    def clos_jusqua(self, annee: int) -> Soldes:
        """The same balances, read with the exercices up to `annee` closed."""
        return Soldes({**self.valeurs, (PROGRAMME, "dernier_clos"): annee})


def appliquer(soldes: Soldes, fait: Fait) -> Soldes:
    """The balances after one more fact. Pure: the balances given are left as they are."""
    mouvements = effets(fait, soldes)
    if not mouvements:
        return soldes
    valeurs = soldes.valeurs.copy()
    for cle, centimes in mouvements:
        valeurs[cle] = valeurs.get(cle, 0) + centimes
    return Soldes(valeurs)


def plier(faits: Iterable[Fait]) -> Soldes:
    """The balances of a sequence of facts (one dictionary of its own, filled in place)."""
    valeurs: dict[Cle, int] = {}
    soldes = Soldes(valeurs)
    for fait in faits:
        for cle, centimes in effets(fait, soldes):
            valeurs[cle] = valeurs.get(cle, 0) + centimes
    return soldes


def effets(fait: Fait, soldes: Soldes) -> Iterable[Effet]:
    """What one fact adds to the balances, in cents (or units, for quotas).

    `soldes` serves one thing only: a closing moves `dernier_clos` up to its exercice.
    """
    match fait:
        case TrancheVersée():
            montant = fait.montant_centimes
            return (
                ((fait.exercice, "cp_payes"), montant),
                ((fait.exercice_prevu, "a_prevoir"), -montant),
            )
        case FabriqueLabellisée():
            montant = fait.montant_centimes
            return (
                ((fait.exercice, "engage"), montant),
                ((PROGRAMME, "impute"), montant),
                *(((t.exercice, "a_prevoir"), t.montant_centimes) for t in fait.echeancier),
                *_places(fait.territoire, fait.numerique, 1),
            )
        case BonusNumériqueVersé():
            montant = fait.montant_centimes
            return (
                ((fait.exercice, "cp_payes_bonus"), montant),
                ((fait.engagement, "a_prevoir"), -montant),
            )
        case BonusNumériqueAccordé():
            montant = fait.montant_centimes
            return (
                ((fait.exercice, "engage_bonus"), montant),
                ((fait.exercice, "a_prevoir"), montant),
                ((PROGRAMME, "impute"), montant if fait.imputation == "enveloppe" else 0),
                ((PROGRAMME, "bonus_accordes"), 1),
            )
        case LabelRetiré():
            return (
                *_prevoir(fait.previsions, -1),
                *_retirer(fait.retraits),
                *_places(fait.territoire, fait.numerique, -1),
            )
        case AvenantSigné():
            engage = fait.engagement_centimes
            engagement = (((fait.exercice, "engage"), engage), ((PROGRAMME, "impute"), engage))
            return (
                *_prevoir(fait.previsions, 1),
                *(engagement if engage else ()),
                *_retirer(fait.retraits),
            )
        case VersementAnnulé():
            return _annuler(fait)
        case ReversementEncaissé():
            return (((fait.exercice, "reversements"), fait.montant_centimes),)
        case CréditsOuverts():
            annee = fait.exercice
            return (
                ((annee, "ae_ouvertes"), fait.ae_centimes),
                ((annee, "cp_ouverts"), fait.cp_centimes),
            )
        case CréditsGelés() | CréditsDégelés():
            annee, sens = fait.exercice, 1 if isinstance(fait, CréditsGelés) else -1
            return (
                ((annee, "ae_gelees"), sens * fait.ae_centimes),
                ((annee, "cp_geles"), sens * fait.cp_centimes),
            )
        case ProgrammeOuvert():
            return (((PROGRAMME, "enveloppe"), fait.regles["enveloppe_centimes"]),)
        case EnveloppeModifiée():
            return (((PROGRAMME, "enveloppe"), fait.variation_centimes),)
        case ExerciceClôturé():
            avance = max(fait.exercice - soldes.dernier_clos, 0)
            return (((PROGRAMME, "dernier_clos"), avance),)
        case _:
            return ()  # the other facts move no money


def _places(territoire: str, numerique: bool, sens: int) -> tuple[Effet, ...]:
    zone = ((PROGRAMME, f"labels_{territoire}"), sens)
    places = (((PROGRAMME, "labels"), sens), zone)
    return (*places, ((PROGRAMME, "labels_numeriques"), sens)) if numerique else places


def _prevoir(previsions: tuple[Part, ...], sens: int) -> tuple[Effet, ...]:
    return tuple(((p.exercice, "a_prevoir"), sens * p.montant_centimes) for p in previsions)


def _retirer(retraits: tuple[Retrait, ...]) -> Iterable[Effet]:
    """Withdraw commitments: decree 2012-1246, art. 160 (only the same year gives AE back)."""
    for r in retraits:
        meme = r.exercice == r.engagement
        membre = "retraits_meme" if meme else "retraits_anterieurs"
        suffixe = "_bonus" if r.nature == "bonus" else ""
        yield (r.exercice, membre + suffixe), r.montant_centimes
        if not meme and r.recyclable:
            yield (r.exercice, "retraits_recyclables"), r.montant_centimes
        if (meme or r.recyclable) and r.imputation == "enveloppe":
            yield (PROGRAMME, "rendu"), r.montant_centimes


def _annuler(fait: VersementAnnulé) -> tuple[Effet, ...]:
    suffixe = "_bonus" if fait.nature == "bonus" else ""
    membre = ("regularisations" if fait.regularisation else "cp_payes") + suffixe
    rendu = ((fait.exercice, membre), -fait.montant_centimes)
    if fait.retraits:  # withdrawn at once: not to be paid again
        return (rendu, *_retirer(fait.retraits))
    return (rendu, ((fait.exercice_prevu, "a_prevoir"), fait.montant_centimes))
