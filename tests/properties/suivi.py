"""An independent count of the money, fact by fact: what the invariants are checked against.

It reads the facts alone (never the engine's balances), keeps every commitment by cohort, and is
written so that each line can be read against the contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from commands.testing.histoires import Histoire
from ledger import Fait
from ledger import evenements as ev
from ledger.testing.valeurs import Json

Cohorte = tuple[str, str, int]
"""(structure, nature, exercice of the commitment)."""


@dataclass
class Suivi:
    """What the facts say so far. Amounts in cents."""

    enveloppe: int = 0
    impute: int = 0
    rendu: int = 0
    engage: Counter[Cohorte] = field(default_factory=Counter)
    paye: Counter[Cohorte] = field(default_factory=Counter)
    retire: Counter[Cohorte] = field(default_factory=Counter)
    engage_par_exercice: Counter[int] = field(default_factory=Counter)
    paye_par_exercice: Counter[int] = field(default_factory=Counter)
    retire_par_exercice: Counter[int] = field(default_factory=Counter)
    verse: Counter[tuple[str, int]] = field(default_factory=Counter)
    labels: dict[str, ev.FabriqueLabellisée] = field(default_factory=dict)
    retires: set[str] = field(default_factory=set)
    tranches: dict[str, tuple[ev.Tranche, ...]] = field(default_factory=dict)
    montants: dict[str, int] = field(default_factory=dict)
    bonus: dict[str, int] = field(default_factory=dict)
    jour_ouverture: date = date.min
    ouverture: Json = field(default_factory=dict)
    revisions: list[tuple[date, int, Json]] = field(default_factory=list)
    regles_du_label: dict[str, Json] = field(default_factory=dict)

    @property
    def disponible(self) -> int:
        """Envelope less commitments it bears, plus what withdrawals give back."""
        return self.enveloppe - self.impute + self.rendu

    @property
    def en_vigueur(self) -> list[ev.FabriqueLabellisée]:
        """The labels not withdrawn."""
        return [label for nom, label in self.labels.items() if nom not in self.retires]

    def restes(self) -> Counter[Cohorte]:
        """Outstanding by cohort: committed, neither paid nor withdrawn."""
        restes = self.engage.copy()
        restes.subtract(self.paye)
        restes.subtract(self.retire)
        return restes

    def regles_au(self, jour: date) -> Json:
        """The rules in force on a day, as known so far; before the opening, the opening's."""
        regles = dict(self.ouverture)
        for depuis, _, changements in sorted(self.revisions, key=lambda r: r[:2]):
            if depuis <= jour and jour >= self.jour_ouverture:
                regles |= changements
        return regles

    def ajouter(self, position: int, fait: Fait) -> None:
        """One more fact."""
        match fait:
            case ev.ProgrammeOuvert():
                self.enveloppe += fait.regles["enveloppe_centimes"]
                self.ouverture, self.jour_ouverture = fait.regles, fait.date_effet
            case ev.RèglesRévisées():
                self.revisions.append((fait.date_effet, position, fait.regles))
            case ev.EnveloppeModifiée():
                self.enveloppe += fait.variation_centimes
            case ev.FabriqueLabellisée():
                nom = fait.structure
                self.labels[nom], self.tranches[nom] = fait, fait.echeancier
                self.montants[nom] = fait.montant_centimes
                self.regles_du_label[nom] = self.regles_au(fait.date_effet)
                self._engager(nom, "subvention", fait.exercice, fait.montant_centimes)
                self.impute += fait.montant_centimes
            case ev.BonusNumériqueAccordé():
                assert fait.structure not in self.bonus
                self.bonus[fait.structure] = fait.montant_centimes
                self._engager(fait.structure, "bonus", fait.exercice, fait.montant_centimes)
                if fait.imputation == "enveloppe":
                    self.impute += fait.montant_centimes
            case ev.AvenantSigné():
                nom = fait.structure
                self.tranches[nom], self.montants[nom] = fait.echeancier, fait.montant_centimes
                self._engager(nom, "subvention", fait.exercice, fait.engagement_centimes)
                self.impute += fait.engagement_centimes
                self._retirer(nom, fait.retraits)
            case ev.LabelRetiré():
                self.retires.add(fait.structure)
                self._retirer(fait.structure, fait.retraits)
            case ev.TrancheVersée():
                self.verse[fait.structure, fait.rang] += fait.montant_centimes
                for part in fait.imputations:
                    cohorte = (fait.structure, "subvention", part.exercice)
                    self._payer(cohorte, fait.exercice, part.montant_centimes)
            case ev.BonusNumériqueVersé():
                self.verse[fait.structure, 0] += fait.montant_centimes
                cohorte = (fait.structure, "bonus", fait.engagement)
                self._payer(cohorte, fait.exercice, fait.montant_centimes)
            case ev.VersementAnnulé():
                self.verse[fait.structure, fait.rang] -= fait.montant_centimes
                for part in fait.imputations:
                    cohorte = (fait.structure, fait.nature, part.exercice)
                    self._payer(cohorte, fait.exercice, -part.montant_centimes)
                self._retirer(fait.structure, fait.retraits)
            case _:
                pass

    def _engager(self, nom: str, nature: str, exercice: int, centimes: int) -> None:
        self.engage[nom, nature, exercice] += centimes
        self.engage_par_exercice[exercice] += centimes

    def _payer(self, cohorte: Cohorte, exercice: int, centimes: int) -> None:
        self.paye[cohorte] += centimes
        self.paye_par_exercice[exercice] += centimes

    def _retirer(self, nom: str, retraits: tuple[ev.Retrait, ...]) -> None:
        for r in retraits:
            self.retire[nom, r.nature, r.engagement] += r.montant_centimes
            self.retire_par_exercice[r.exercice] += r.montant_centimes
            rend = r.exercice == r.engagement or r.recyclable
            if rend and r.imputation == "enveloppe":
                self.rendu += r.montant_centimes


def derouler(histoire: Histoire) -> Iterator[tuple[int, Any, Suivi]]:
    """Each position, its fact, and the count right after it."""
    suivi = Suivi()
    for position, fait in histoire.positions():
        suivi.ajouter(position, fait)
        yield position, fait, suivi
