"""What the live schedules of a view leave to pay, one instalment or bonus at a time. In cents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from ledger.programme import RANG_BONUS

from .situation import Vue


class Ferme(Struct, frozen=True, gc=False):
    """What is left to pay of one instalment, or of a bonus (rank 0, which has no due date).

    `exercice` is the first one in which it can be paid: the planned one, or the first that is open.
    """

    structure: str
    rang: int
    exercice: int
    quand: date | None
    reste_centimes: int

    def exigible(self, jour: date) -> bool:
        """Whether it is due by that day; a bonus is, once granted."""
        return self.quand is None or self.quand <= jour


def restes_fermes(vue: Vue) -> Iterator[Ferme]:
    """Every live instalment and bonus with something left to pay."""
    ouvert = vue.situation.soldes.dernier_clos + 1
    for structure, fiche in vue.situation.fiches.items():
        if fiche.etat != "labellisee":
            continue
        for tranche in fiche.tranches:
            reste = tranche.montant_centimes - fiche.verse.get(tranche.rang, 0)
            if reste > 0:
                quand = max(tranche.echeance, date(tranche.exercice, 1, 1))  # no CP before its year
                yield Ferme(structure, tranche.rang, max(tranche.exercice, ouvert), quand, reste)
        if fiche.bonus is None:
            continue
        bonus = fiche.bonus - fiche.verse.get(RANG_BONUS, 0)
        if bonus > 0:
            yield Ferme(structure, RANG_BONUS, max(fiche.bonus_exercice, ouvert), None, bonus)
