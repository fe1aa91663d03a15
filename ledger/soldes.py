"""Balances: what the money of a programme is, as sums over its facts.

`effets(fait)` is the one place that says what each fact does to envelope, AE, CP, outstanding and
quotas. A balance is the sum of the effects of the facts counted, nothing else: any subset of facts
(those dated up to a day, those known at a position) adds up, in any order.

AE = what the State is bound to (decree 2012-1246); CP = what it pays in the year; the envelope is a
third, multi-year ceiling, set by the programme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

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


class Labels(Struct, frozen=True, gc=False):
    """Labels in force, against the quotas."""

    total: int = 0
    qpv: int = 0
    hors_qpv: int = 0
    numeriques: int = 0


class Soldes(Struct, frozen=True, gc=False):
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

    def ae_disponibles(self, annee: int) -> int:
        """AE of an exercice: opened, less frozen, less committed, plus what is given back."""
        v = self.valeurs.get
        return (
            v((annee, "ae_ouvertes"), 0)
            - v((annee, "ae_gelees"), 0)
            - v((annee, "engage"), 0)
            - v((annee, "engage_bonus"), 0)
            + v((annee, "retraits_meme"), 0)
            + v((annee, "retraits_meme_bonus"), 0)
            + v((annee, "retraits_recyclables"), 0)
        )

    def cp_disponibles(self, annee: int) -> int:
        """CP of an exercice: opened, less frozen, less paid (régularisations included)."""
        v = self.valeurs.get
        return (
            v((annee, "cp_ouverts"), 0)
            - v((annee, "cp_geles"), 0)
            - v((annee, "cp_payes"), 0)
            - v((annee, "cp_payes_bonus"), 0)
            - v((annee, "regularisations"), 0)
            - v((annee, "regularisations_bonus"), 0)
        )

    def total(self, membre: str) -> int:
        """One member of `Exercice`, summed over the exercices."""
        return sum(c for (annee, m), c in self.valeurs.items() if m == membre and annee)

    def clos_jusqua(self, annee: int) -> Soldes:
        """The same balances, read with the exercices up to `annee` closed."""
        return Soldes({**self.valeurs, (PROGRAMME, "dernier_clos"): annee})


def appliquer(soldes: Soldes, fait: Fait, *, en_place: bool = False) -> Soldes:
    """The balances after one more fact; those given are left as they are.

    `en_place`: they are the caller's alone, and become the new ones.
    """
    mouvements = effets(fait, soldes)
    if not mouvements:
        return soldes
    apres = soldes if en_place else Soldes(soldes.valeurs.copy())
    valeurs = apres.valeurs
    for cle, centimes in mouvements:
        valeurs[cle] = valeurs.get(cle, 0) + centimes
    return apres


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

    Facts absent from `EFFETS` move no money. `soldes` serves one thing only: a closing moves
    `dernier_clos` up to its exercice.
    """
    effet = EFFETS.get(type(fait))
    return () if effet is None else effet(fait, soldes)


def _tranche_versee(fait: TrancheVersée, _: Soldes) -> Iterable[Effet]:
    montant = fait.montant_centimes
    return (
        ((fait.exercice, "cp_payes"), montant),
        ((fait.exercice_prevu, "a_prevoir"), -montant),
    )


def _fabrique_labellisee(fait: FabriqueLabellisée, _: Soldes) -> Iterable[Effet]:
    montant = fait.montant_centimes
    return (
        ((fait.exercice, "engage"), montant),
        ((PROGRAMME, "impute"), montant),
        *[((t.exercice, "a_prevoir"), t.montant_centimes) for t in fait.echeancier],
        *_places(fait.territoire, fait.numerique, 1),
    )


def _bonus_accorde(fait: BonusNumériqueAccordé, _: Soldes) -> Iterable[Effet]:
    montant = fait.montant_centimes
    return (
        ((fait.exercice, "engage_bonus"), montant),
        ((fait.exercice, "a_prevoir"), montant),
        ((PROGRAMME, "impute"), montant if fait.imputation == "enveloppe" else 0),
        ((PROGRAMME, "bonus_accordes"), 1),
    )


def _bonus_verse(fait: BonusNumériqueVersé, _: Soldes) -> Iterable[Effet]:
    montant = fait.montant_centimes
    return (
        ((fait.exercice, "cp_payes_bonus"), montant),
        ((fait.engagement, "a_prevoir"), -montant),
    )


def _label_retire(fait: LabelRetiré, _: Soldes) -> Iterable[Effet]:
    return (
        *_prevoir(fait.previsions, -1),
        *_retirer(fait.retraits),
        *_places(fait.territoire, fait.numerique, -1),
    )


def _avenant_signe(fait: AvenantSigné, _: Soldes) -> Iterable[Effet]:
    engage = fait.engagement_centimes
    engagement = (((fait.exercice, "engage"), engage), ((PROGRAMME, "impute"), engage))
    return (
        *_prevoir(fait.previsions, 1),
        *(engagement if engage else ()),
        *_retirer(fait.retraits),
    )


def _versement_annule(fait: VersementAnnulé, _: Soldes) -> Iterable[Effet]:
    suffixe = "_bonus" if fait.nature == "bonus" else ""
    membre = ("regularisations" if fait.regularisation else "cp_payes") + suffixe
    rendu = ((fait.exercice, membre), -fait.montant_centimes)
    if fait.retraits:  # withdrawn at once: not to be paid again
        return (rendu, *_retirer(fait.retraits))
    return (rendu, ((fait.exercice_prevu, "a_prevoir"), fait.montant_centimes))


def _reversement_encaisse(fait: ReversementEncaissé, _: Soldes) -> Iterable[Effet]:
    return (((fait.exercice, "reversements"), fait.montant_centimes),)


def _credits_ouverts(fait: CréditsOuverts, _: Soldes) -> Iterable[Effet]:
    annee = fait.exercice
    return (((annee, "ae_ouvertes"), fait.ae_centimes), ((annee, "cp_ouverts"), fait.cp_centimes))


def _credits_geles(fait: CréditsGelés, _: Soldes) -> Iterable[Effet]:
    annee = fait.exercice
    return (((annee, "ae_gelees"), fait.ae_centimes), ((annee, "cp_geles"), fait.cp_centimes))


def _credits_degeles(fait: CréditsDégelés, _: Soldes) -> Iterable[Effet]:
    annee = fait.exercice
    return (((annee, "ae_gelees"), -fait.ae_centimes), ((annee, "cp_geles"), -fait.cp_centimes))


def _programme_ouvert(fait: ProgrammeOuvert, _: Soldes) -> Iterable[Effet]:
    return (((PROGRAMME, "enveloppe"), fait.regles["enveloppe_centimes"]),)


def _enveloppe_modifiee(fait: EnveloppeModifiée, _: Soldes) -> Iterable[Effet]:
    return (((PROGRAMME, "enveloppe"), fait.variation_centimes),)


def _exercice_cloture(fait: ExerciceClôturé, soldes: Soldes) -> Iterable[Effet]:
    return (((PROGRAMME, "dernier_clos"), max(fait.exercice - soldes.dernier_clos, 0)),)


EFFETS: dict[type[Fait], Callable[[Any, Soldes], Iterable[Effet]]] = {
    ProgrammeOuvert: _programme_ouvert,
    EnveloppeModifiée: _enveloppe_modifiee,
    CréditsOuverts: _credits_ouverts,
    CréditsGelés: _credits_geles,
    CréditsDégelés: _credits_degeles,
    FabriqueLabellisée: _fabrique_labellisee,
    AvenantSigné: _avenant_signe,
    BonusNumériqueAccordé: _bonus_accorde,
    TrancheVersée: _tranche_versee,
    BonusNumériqueVersé: _bonus_verse,
    VersementAnnulé: _versement_annule,
    LabelRetiré: _label_retire,
    ReversementEncaissé: _reversement_encaisse,
    ExerciceClôturé: _exercice_cloture,
}
"""By type rather than by `match`: the longest chain of a replay, measured."""


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
