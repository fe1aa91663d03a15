"""Commitment year by payment year: what each year committed, and in which years it was paid.

A fold of its own over facts: the balances do not keep which cohort a payment settled. In cents.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ledger.evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    FabriqueLabellisée,
    Fait,
    LabelRetiré,
    Part,
    Retrait,
    TrancheVersée,
    VersementAnnulé,
)


class Paiement(Struct, frozen=True):
    """Payments less cancellations of one exercice, regularisations included."""

    exercice: int
    montant_centimes: int


class LigneMatrice(Struct, frozen=True):
    """The commitments of one exercice (grants and bonuses), and what became of them.

    `engage = sum(paiements) + retraits + reste`. The columns sum to `cp_payes + regularisations` of
    the `credits` table, the `reste` to its last `rap_cloture`.
    """

    engagement: int
    engage_centimes: int
    paiements: tuple[Paiement, ...]
    retraits_centimes: int
    reste_centimes: int


class Cohortes:
    """The matrix being added up; facts in any order."""

    def __init__(self) -> None:
        self._engage: dict[int, int] = {}
        self._retraits: dict[int, int] = {}
        self._paiements: dict[tuple[int, int], int] = {}

    def compter(self, fait: Fait) -> None:
        """Add one fact."""
        match fait:
            case FabriqueLabellisée() | BonusNumériqueAccordé():
                self._engager(fait.exercice, fait.montant_centimes)
            case AvenantSigné():
                self._engager(fait.exercice, fait.engagement_centimes)
                self._retirer(fait.retraits)
            case LabelRetiré():
                self._retirer(fait.retraits)
            case TrancheVersée():
                self._payer(fait.exercice, fait.imputations, 1)
            case BonusNumériqueVersé():
                self._payer(fait.exercice, (Part(fait.engagement, fait.montant_centimes),), 1)
            case VersementAnnulé():
                self._payer(fait.exercice, fait.imputations, -1)
                self._retirer(fait.retraits)
            case _:
                pass

    def lignes(self) -> tuple[LigneMatrice, ...]:
        """The matrix, ascending by commitment year, each line by payment year; no empty line."""
        engagements = {annee for annee, _ in self._paiements}
        annees = sorted(self._engage.keys() | self._retraits.keys() | engagements)
        return tuple(self._ligne(annee) for annee in annees)

    def _ligne(self, annee: int) -> LigneMatrice:
        paiements = tuple(
            Paiement(exercice, centimes)
            for (engagement, exercice), centimes in sorted(self._paiements.items())
            if engagement == annee and centimes
        )
        engage, retraits = self._engage.get(annee, 0), self._retraits.get(annee, 0)
        paye = sum(p.montant_centimes for p in paiements)
        return LigneMatrice(annee, engage, paiements, retraits, engage - paye - retraits)

    def _engager(self, annee: int, centimes: int) -> None:
        if centimes:
            self._engage[annee] = self._engage.get(annee, 0) + centimes

    def _payer(self, exercice: int, parts: tuple[Part, ...], sens: int) -> None:
        for part in parts:
            cle = (part.exercice, exercice)
            self._paiements[cle] = self._paiements.get(cle, 0) + sens * part.montant_centimes

    def _retirer(self, retraits: tuple[Retrait, ...]) -> None:
        for retrait in retraits:
            annee = retrait.engagement
            self._retraits[annee] = self._retraits.get(annee, 0) + retrait.montant_centimes


def matrice(faits: Iterable[tuple[int, Fait]]) -> tuple[LigneMatrice, ...]:
    """The matrix of facts, such as `Vue.faits()`."""
    cohortes = Cohortes()
    for _, fait in faits:
        cohortes.compter(fait)
    return cohortes.lignes()
