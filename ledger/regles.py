"""The rules of a programme: dated, sourced data, recorded by events. Nothing here is an amount.

The figures of a real programme (the 2019 call) are data: `ledger/donnees/regles-2019.json`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from .champs import Centimes, Exercice, MoisJour
from .montants import format_euros

ECHEANCE_DEFAUT = "03-01"
"""Due date (MM-JJ) of a default instalment when the rules name none."""

LISTES = {
    "imputation_bonus": ("enveloppe", "hors_enveloppe"),
    "quotas": ("bloquants", "indicatifs"),
    "credits": ("non_suivis", "indicatifs", "bloquants"),
}
_MONTANTS_ET_QUOTAS = (
    "enveloppe_centimes",
    "plancher_centimes",
    "plafond_centimes",
    "plafond_annuel_centimes",
    "quota_total",
    "quota_qpv",
    "quota_hors_qpv",
    "quota_numeriques",
    "bonus_centimes",
)

_Quota = Annotated[int, Field(ge=-(10**9), le=10**9)]
_Exercices = Annotated[int, Field(ge=-(10**9), le=100)]
_Mot = Annotated[str, Field(max_length=64)]


class Regles(BaseModel):
    """A complete set of rules. Amounts in cents; `echeance_defaut` is `MM-JJ`.

    The schema checks types only; `incoherences` says whether the values make sense together.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    enveloppe_centimes: Centimes
    plancher_centimes: Centimes
    plafond_centimes: Centimes
    plafond_annuel_centimes: Centimes
    exercices_max: _Exercices
    quota_total: _Quota
    quota_qpv: _Quota
    quota_hors_qpv: _Quota
    quota_numeriques: _Quota
    bonus_centimes: Centimes
    exercice_bonus: Exercice | None
    imputation_bonus: _Mot
    quotas: _Mot
    credits: _Mot
    retraits_anterieurs_recyclables: bool = False
    instruction_requise: bool = False
    avis_requis: bool = False
    bilan_requis: bool = False
    ordonnancement_requis: bool = False
    echeance_defaut: MoisJour = ECHEANCE_DEFAUT


class RevisionRegles(BaseModel):
    """What a revision changes: any field of `Regles` but the envelope, at least one.

    Only the members given are recorded: `exercice_bonus: null` is a value, absence is not.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    plancher_centimes: Centimes = 0
    plafond_centimes: Centimes = 0
    plafond_annuel_centimes: Centimes = 0
    exercices_max: _Exercices = 1
    quota_total: _Quota = 0
    quota_qpv: _Quota = 0
    quota_hors_qpv: _Quota = 0
    quota_numeriques: _Quota = 0
    bonus_centimes: Centimes = 0
    exercice_bonus: Exercice | None = None
    imputation_bonus: _Mot = ""
    quotas: _Mot = ""
    credits: _Mot = ""
    retraits_anterieurs_recyclables: bool = False
    instruction_requise: bool = False
    avis_requis: bool = False
    bilan_requis: bool = False
    ordonnancement_requis: bool = False
    echeance_defaut: MoisJour = ECHEANCE_DEFAUT

    def changements(self) -> dict[str, Any]:
        """The members that were given, and only them."""
        return self.model_dump(exclude_unset=True)


def incoherences(regles: Regles) -> str | None:
    """Why a set of rules makes no sense, or None.

    Only: a negative amount or quota, a floor above the ceiling, no exercice, a value outside its
    list. Quotas need not add up; the envelope need not cover them.
    """
    for champ in _MONTANTS_ET_QUOTAS:
        if getattr(regles, champ) < 0:
            return f"{champ} est négatif ({getattr(regles, champ)})"
    if regles.plancher_centimes > regles.plafond_centimes:
        return (
            f"le plancher ({format_euros(regles.plancher_centimes)}) dépasse le plafond "
            f"({format_euros(regles.plafond_centimes)})"
        )
    if regles.exercices_max < 1:
        return f"exercices_max vaut {regles.exercices_max}, au moins 1 attendu"
    for champ, admis in LISTES.items():
        if getattr(regles, champ) not in admis:
            return f"{champ} vaut {getattr(regles, champ)!r}, attendu : {', '.join(admis)}"
    return None


class Revision(Struct, frozen=True):
    """One recorded revision: its effect date, its position, what it changes."""

    date_effet: date
    position: int
    changements: Mapping[str, Any]


class Chronologie(Struct, frozen=True):
    """The rules through time, as known: `au(date)` gives the set in force and its version.

    The version of a set is the position of the last revision applied (the opening is position 1).
    """

    ouverture: date
    etapes: tuple[tuple[Revision, Regles], ...]
    """Opening first, then every revision in the order (date_effet, position), cumulated."""
    dates: tuple[date, ...]
    """Effect dates of the revisions, in that order: what `au` searches."""

    @classmethod
    def ouvrir(cls, date_effet: date, regles: Regles) -> Chronologie:
        """The rules of the opening, alone."""
        origine = Revision(date_effet=date_effet, position=1, changements={})
        return cls(ouverture=date_effet, etapes=((origine, regles),), dates=())

    def au(self, jour: date) -> tuple[Regles, int]:
        """Rules in force on that effect date, and their version.

        Before the opening's date, the opening's rules. Otherwise every revision dated on or before
        that day, in the order (date_effet, position).
        """
        if not self.dates or jour < self.ouverture:
            revision, regles = self.etapes[0]
        else:
            revision, regles = self.etapes[bisect_right(self.dates, jour)]
        return regles, revision.position

    def dernieres(self) -> tuple[Regles, int]:
        """The rules after every known revision."""
        revision, regles = self.etapes[-1]
        return regles, revision.position

    def reviser(self, revision: Revision) -> Chronologie:
        """The timeline with one more revision at its place."""
        revisions = sorted(
            [r for r, _ in self.etapes[1:]] + [revision], key=lambda r: (r.date_effet, r.position)
        )
        etapes = [self.etapes[0]]
        for r in revisions:
            etapes.append((r, etapes[-1][1].model_copy(update=dict(r.changements))))
        return Chronologie(
            ouverture=self.ouverture,
            etapes=tuple(etapes),
            dates=tuple(r.date_effet for r in revisions),
        )

    def incoherence_depuis(self, jour: date) -> tuple[date, str] | None:
        """First date from `jour` on, where rules change, at which they make no sense."""
        echeances = {max(jour, self.ouverture)}
        echeances |= {max(d, self.ouverture) for d in self.dates if d >= jour}
        for d in sorted(echeances):
            raison = incoherences(self.au(d)[0])
            if raison is not None:
                return d, raison
        return None
