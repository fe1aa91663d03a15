"""One structure's schedule: ranks, payments, status, bonus, and every event that touched it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.evenements import Tranche

from .fiche import Fiche
from .situation import Vue


class LigneTranche(Struct, frozen=True, gc=False):
    """One instalment. Amounts in cents, `echeance` ISO.

    `statut`, first that applies: `annulee` (label withdrawn and rank not paid in full: nothing is
    left to pay), `soldee`, `en_retard` (its exercice is over), `partielle`, `exigible` (due date
    reached), `a_venir`.
    """

    rang: int
    exercice: int
    echeance: str
    montant_centimes: int
    verse_centimes: int
    reste_centimes: int
    statut: str


class LigneBonus(Struct, frozen=True, gc=False):
    """The digital bonus, in cents; `exercice` is that of its commitment."""

    montant_centimes: int
    exercice: int
    verse_centimes: int


class Echeancier(Struct, frozen=True, gc=False):
    """The schedule of one structure; `evenements` are positions."""

    structure: str
    etat: str
    montant_centimes: int
    tranches: tuple[LigneTranche, ...]
    bonus: LigneBonus | None
    evenements: tuple[int, ...]


def echeancier(vue: Vue, structure: str) -> Echeancier:
    """The schedule of a structure as of the view. Raises UsageError when it is not in it."""
    fiche = vue.situation.fiches.get(structure)
    if fiche is None:
        raise UsageError(
            f"La structure {structure} n'est pas dans {vue.programme} à ces dates.",
            remede="Lister les identifiants avec `fabriques structures`.",
        )
    return de_fiche(fiche, vue.date_de_vue)


def de_fiche(fiche: Fiche, jour: date | None) -> Echeancier:
    """The schedule of a structure, statuses read on a day."""
    bonus = None
    if fiche.bonus is not None:
        bonus = LigneBonus(fiche.bonus, fiche.bonus_exercice, fiche.verse.get(0, 0))
    tranches = tuple([_tranche(fiche, tranche, jour) for tranche in fiche.tranches])
    return Echeancier(fiche.structure, fiche.etat, fiche.montant, tranches, bonus, fiche.evenements)


def _tranche(fiche: Fiche, tranche: Tranche, jour: date | None) -> LigneTranche:
    verse = fiche.verse.get(tranche.rang, 0)
    statut = _statut(fiche, tranche, verse, jour)
    return LigneTranche(
        tranche.rang,
        tranche.exercice,
        tranche.echeance.isoformat(),
        tranche.montant_centimes,
        verse,
        0 if statut == "annulee" else tranche.montant_centimes - verse,
        statut,
    )


def _statut(fiche: Fiche, tranche: Tranche, verse: int, jour: date | None) -> str:
    if verse >= tranche.montant_centimes:
        return "soldee"
    if fiche.etat == "label_retire":
        return "annulee"
    if jour is not None and jour.year > tranche.exercice:
        return "en_retard"
    if verse > 0:
        return "partielle"
    if jour is not None and tranche.echeance <= jour:
        return "exigible"
    return "a_venir"
