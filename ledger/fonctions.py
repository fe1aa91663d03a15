"""Separation of duties: for each cent paid, who ordered it and who paid it. Amounts in cents.

A payment uses the oldest unpaid orders of its rank, as far as they go; once cancelled, it makes
them unpaid again. This is worked out again from the facts, in the order of positions, whatever the
payments say they use and whoever wrote them: an imported or rewritten journal is judged alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from .evenements import (
    Acteur,
    BonusNumériqueVersé,
    FabriqueLabellisée,
    Fait,
    ProgrammeOuvert,
    RèglesRévisées,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
)
from .identites import semblables
from .montants import format_euros
from .programme import RANG_BONUS
from .regles import Chronologie, Regles, Revision

Paiement = TrancheVersée | BonusNumériqueVersé
Statut = Literal[
    "separes", "acteurs_semblables", "meme_acteur", "payeur_non_comptable", "sans_ordre"
]
STATUTS: dict[Statut, str] = {
    "separes": "Ordonné par l'un, payé par un autre.",
    "acteurs_semblables": "Deux identifiants différents, qui ont l'air d'une même personne.",
    "meme_acteur": "Le même acteur a ordonné et payé.",
    "payeur_non_comptable": "La règle veut un comptable, le payeur a un autre rôle.",
    "sans_ordre": "Payé sans ordre de paiement enregistré.",
}
"""What may be said of cents paid. What breaks the rule is said before what only looks odd."""
SANS_VIOLATION: frozenset[Statut] = frozenset({"separes", "acteurs_semblables"})


class OrdreDonne(Struct, frozen=True):
    """A payment order as it was given: position, who, in which role, Chorus number, date."""

    position: int
    acteur: Acteur
    dp: str
    date_effet: date


class Emploi(Struct, frozen=True):
    """Cents of one payment that rest on one order, or on none.

    `exigee` says whether the rules of the label required an order (`ordonnancement_requis`).
    """

    structure: str
    rang: int
    """0: the bonus."""
    montant_centimes: int
    ordre: OrdreDonne | None
    position: int
    payeur: Acteur
    reference: str
    date_effet: date
    exercice: int
    exigee: bool

    @property
    def statut(self) -> Statut:
        """Whether two people did what two people must do."""
        if self.ordre is None:
            return "sans_ordre"
        if self.ordre.acteur.id == self.payeur.id:
            return "meme_acteur"
        if self.exigee and self.payeur.role != "comptable":
            return "payeur_non_comptable"
        if semblables(self.ordre.acteur.id, self.payeur.id):
            return "acteurs_semblables"
        return "separes"


class _Reste:
    """An order and what payments left of it."""

    __slots__ = ("centimes", "ordre")

    def __init__(self, ordre: OrdreDonne, centimes: int) -> None:
        self.ordre = ordre
        self.centimes = centimes


class Fonctions:
    """The fold. `avancer` is its only way to change; memory grows with the orders alone."""

    def __init__(self) -> None:
        self._regles: Chronologie | None = None
        self._exigees: set[str] = set()
        self._ordres: dict[tuple[str, int], list[_Reste]] = {}
        self._pris: dict[int, list[tuple[_Reste, int]]] = {}
        self._ordonnees: set[str] = set()

    def concerne(self, structure: str) -> bool:
        """Whether a payment to the structure may use an order, or must."""
        return structure in self._ordonnees or structure in self._exigees

    def avancer(self, position: int, fait: Fait) -> tuple[Emploi, ...]:
        """Stand after one more fact; the cents of a payment, by order used, oldest first."""
        match fait:
            case TrancheVersée():
                return self._payer(position, fait, fait.rang)
            case BonusNumériqueVersé():
                return self._payer(position, fait, RANG_BONUS)
            case TrancheOrdonnancée():
                ordre = OrdreDonne(position, fait.acteur, fait.dp, fait.date_effet)
                restes = self._ordres.setdefault((fait.structure, fait.rang), [])
                restes.append(_Reste(ordre, fait.montant_centimes))
                self._ordonnees.add(fait.structure)
            case VersementAnnulé():
                for reste, centimes in self._pris.pop(fait.position, ()):
                    reste.centimes += centimes
            case FabriqueLabellisée():
                if self._regles_au(fait.date_effet).ordonnancement_requis:
                    self._exigees.add(fait.structure)
                else:
                    self._exigees.discard(fait.structure)
            case ProgrammeOuvert():
                regles = Regles.model_validate(fait.regles)
                self._regles = Chronologie.ouvrir(fait.date_effet, regles)
            case RèglesRévisées() if self._regles is not None:
                revision = Revision(fait.date_effet, position, fait.regles)
                self._regles = self._regles.reviser(revision)
            case _:
                pass
        return ()

    def _regles_au(self, jour: date) -> Regles:
        if self._regles is None:
            raise LookupError("Le journal ne commence pas par son ouverture.")
        return self._regles.au(jour)[0]

    def _payer(self, position: int, fait: Paiement, rang: int) -> tuple[Emploi, ...]:
        du = fait.montant_centimes
        parts: list[tuple[OrdreDonne | None, int]] = []
        for reste in self._ordres.get((fait.structure, rang), ()):
            pris = min(du, reste.centimes)
            if pris > 0:
                reste.centimes -= pris
                du -= pris
                self._pris.setdefault(position, []).append((reste, pris))
                parts.append((reste.ordre, pris))
        if du > 0:
            parts.append((None, du))
        return tuple(
            Emploi(
                structure=fait.structure,
                rang=rang,
                montant_centimes=centimes,
                ordre=ordre,
                position=position,
                payeur=fait.acteur,
                reference=fait.reference,
                date_effet=fait.date_effet,
                exercice=fait.exercice,
                exigee=fait.structure in self._exigees,
            )
            for ordre, centimes in parts
        )


def quoi(emploi: Emploi) -> str:
    """What was paid: the structure and the instalment, or the bonus."""
    tranche = "bonus" if emploi.rang == RANG_BONUS else f"tranche {emploi.rang}"
    return f"{emploi.structure}, {tranche}"


def dire(emploi: Emploi) -> str:
    """One sentence: how much, who ordered and where, who paid and where."""
    payeur = f"payés par {emploi.payeur.id} ({emploi.payeur.role}, position {emploi.position})"
    if emploi.ordre is None:
        return f"{quoi(emploi)} : {format_euros(emploi.montant_centimes)} {payeur}, sans ordre."
    ordre = emploi.ordre
    return (
        f"{quoi(emploi)} : {format_euros(emploi.montant_centimes)} ordonnés par {ordre.acteur.id} "
        f"({ordre.acteur.role}, position {ordre.position}), {payeur}."
    )


def manquements(emplois: tuple[Emploi, ...]) -> Iterator[tuple[str, str]]:
    """What breaks the rule where it applies: (finding code, sentence with its remedy)."""
    for emploi in emplois:
        if not emploi.exigee or emploi.statut in SANS_VIOLATION:
            continue
        if emploi.statut == "sans_ordre":
            code, remede = "ordonnancement_manquant", "ordonnancer d'abord"
        else:
            code, remede = "separation_des_fonctions", "faire payer par un comptable distinct"
        yield code, f"{dire(emploi)} Remède : annuler le versement, {remede}."
