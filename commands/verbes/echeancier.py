"""Schedules: the default one, and the rules of form that any schedule obeys. Amounts in cents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ledger.champs import Date, en_tuple
from ledger.evenements import Tranche
from ledger.montants import format_euros, partager
from ledger.regles import Regles
from ledger.temps import ANNEE_MAX, echeance

from ..refus import Refus

_ENTIER_MAX = 2**53 - 1
_Entier = Annotated[int, Field(ge=-_ENTIER_MAX, le=_ENTIER_MAX)]


class TrancheSaisie(BaseModel):
    """An instalment as asked for. Wrong figures are a refusal of the business, not of the form."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    rang: _Entier
    exercice: _Entier
    montant_centimes: _Entier
    echeance: Date


Echeancier = Annotated[tuple[TrancheSaisie, ...], BeforeValidator(en_tuple), Field(max_length=200)]


def par_defaut(montant: int, date_effet: date, regles: Regles) -> tuple[Tranche, ...]:
    """Equal parts over `exercices_max` consecutive exercices from that of the effect date.

    The first is due on the effect date, the others on `echeance_defaut` of their exercice; the last
    one takes the cents that do not divide.
    """
    debut = date_effet.year
    return tuple(
        Tranche(
            rang=k + 1,
            exercice=debut + k,
            montant_centimes=part,
            echeance=date_effet if k == 0 else echeance(regles.echeance_defaut, debut + k),
        )
        for k, part in enumerate(partager(montant, regles.exercices_max))
    )


def verifier_echeancier(
    tranches: Sequence[TrancheSaisie | Tranche], *, montant: int, depuis: date, regles: Regles
) -> tuple[Tranche, ...]:
    """The schedule as recorded. Refusals: `echeancier_invalide`, then `plafond_annuel_depasse`.

    Ranks 1..n, amounts > 0 summing to the grant, exercices non-decreasing from that of `depuis` at
    the earliest and spanning at most `exercices_max`, due dates non-decreasing from `depuis` on.
    """
    raison = _defaut_de_forme(tranches, montant=montant, depuis=depuis, regles=regles)
    if raison is not None:
        raise echeancier_invalide(raison)
    par_exercice: dict[int, int] = {}
    for t in tranches:
        par_exercice[t.exercice] = par_exercice.get(t.exercice, 0) + t.montant_centimes
    for annee, total in par_exercice.items():
        if total > regles.plafond_annuel_centimes:
            raise Refus(
                "plafond_annuel_depasse",
                f"L'échéancier prévoit {format_euros(total)} sur {annee}, le plafond annuel est de "
                f"{format_euros(regles.plafond_annuel_centimes)}.",
                remede="Étaler les tranches sur d'autres exercices.",
                details={
                    "exercice": annee,
                    "prevu_centimes": total,
                    "plafond_centimes": regles.plafond_annuel_centimes,
                },
            )
    return tuple(Tranche(t.rang, t.exercice, t.montant_centimes, t.echeance) for t in tranches)


def echeancier_invalide(raison: str) -> Refus:
    """The refusal `echeancier_invalide`, with its reason."""
    return Refus(
        "echeancier_invalide",
        f"Échéancier invalide : {raison}.",
        remede="Corriger les tranches, ou omettre l'échéancier pour des parts égales.",
    )


def _defaut_de_forme(
    tranches: Sequence[TrancheSaisie | Tranche], *, montant: int, depuis: date, regles: Regles
) -> str | None:
    if not tranches:
        return "aucune tranche"
    if [t.rang for t in tranches] != list(range(1, len(tranches) + 1)):
        return "les rangs ne se suivent pas de 1 en 1 depuis 1"
    for t in tranches:
        if t.montant_centimes <= 0:
            return f"le montant du rang {t.rang} n'est pas supérieur à zéro"
    total = sum(t.montant_centimes for t in tranches)
    if total != montant:
        return f"les tranches font {format_euros(total)}, la subvention {format_euros(montant)}"
    exercices = [t.exercice for t in tranches]
    if exercices != sorted(exercices):
        return "les exercices décroissent"
    if exercices[0] < depuis.year:
        return f"le premier exercice ({exercices[0]}) précède {depuis.year}"
    if exercices[-1] - exercices[0] + 1 > regles.exercices_max:
        return (
            f"il s'étend sur {exercices[-1] - exercices[0] + 1} exercices, "
            f"{regles.exercices_max} au plus"
        )
    if exercices[-1] > ANNEE_MAX:
        return f"l'exercice {exercices[-1]} est hors limite"
    echeances = [t.echeance for t in tranches]
    if echeances != sorted(echeances):
        return "les échéances décroissent"
    if echeances[0] < depuis:
        return f"la première échéance ({echeances[0]}) précède le {depuis}"
    return None
