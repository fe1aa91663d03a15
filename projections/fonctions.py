"""Who ordered and who paid each euro: one line per slice of a payment. Amounts in cents.

The orders that a payment uses are worked out over all that is known, in the order of positions, as
decisions are; then the lines dated after the view are left out. Totals are those of what is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from ledger.evenements import Fait, VersementAnnulé
from ledger.fonctions import STATUTS, Emploi, Statut, dire
from ledger.fonctions import Fonctions as Fil

from .anomalies import Anomalie
from .situation import Vue


class LigneFonctions(Struct, frozen=True):
    """Cents of one payment that rest on one order, or on none; both actors, roles, positions."""

    structure: str
    rang: int
    montant_centimes: int
    statut: Statut
    ordonnancement_requis: bool
    ordre_position: int | None
    ordonnateur: str | None
    ordonnateur_role: str | None
    dp: str | None
    ordre_date: str | None
    position: int
    payeur: str
    payeur_role: str
    reference: str
    date_effet: str
    exercice: int
    annulation_position: int | None


class Fonctions(Struct, frozen=True):
    """Every line of the view, and what is paid (cancellations left out) by status."""

    programme: str
    position: int
    au: str | None
    paye_centimes: int
    separes_centimes: int
    acteurs_semblables_centimes: int
    meme_acteur_centimes: int
    payeur_non_comptable_centimes: int
    sans_ordre_centimes: int
    lignes: tuple[LigneFonctions, ...]


class Registre:
    """The lines of the facts that pass through `suivre`, kept for `figure` and `anomalies`."""

    def __init__(self) -> None:
        self._fil = Fil()
        self._emplois: list[Emploi] = []
        self._annulations: dict[int, tuple[int, date]] = {}

    def suivre(self, faits: Iterable[tuple[int, Fait]]) -> Iterator[tuple[int, Fait]]:
        """The same facts, read on the way: all that are known, from the first position."""
        for position, fait in faits:
            self._emplois += self._fil.avancer(position, fait)
            if isinstance(fait, VersementAnnulé):
                self._annulations[fait.position] = position, fait.date_effet
            yield position, fait

    def figure(self, vue: Vue) -> Fonctions:
        """The lines of a view, and their totals."""
        lignes = tuple(_ligne(*retenu) for retenu in self._retenus(vue.au))
        vivantes = [ligne for ligne in lignes if ligne.annulation_position is None]
        totaux = dict.fromkeys(STATUTS, 0)
        for ligne in vivantes:
            totaux[ligne.statut] += ligne.montant_centimes
        return Fonctions(
            programme=vue.programme,
            position=vue.situation.position,
            au=None if vue.au is None else vue.au.isoformat(),
            paye_centimes=sum(totaux.values()),
            **{f"{statut}_centimes": centimes for statut, centimes in totaux.items()},
            lignes=lignes,
        )

    def anomalies(self, vue: Vue) -> tuple[Anomalie, ...]:
        """Who ordered and paid the same euro where no rule forbids it; whose ids look alike.

        The first is a finding of the audit where the rule applies; the second is one nowhere: it is
        told in all cases. A cancelled payment is told no more.
        """
        return tuple(
            Anomalie(code, emploi.structure, emploi.position, dire(emploi))
            for emploi, annulation in self._retenus(vue.au)
            if annulation is None and (code := _anomalie(emploi)) is not None
        )

    def _retenus(self, au: date | None) -> Iterator[tuple[Emploi, int | None]]:
        """The cents paid by a date, with the position of their cancellation by that date."""
        for emploi in self._emplois:
            if au is None or emploi.date_effet <= au:
                ou, quand = self._annulations.get(emploi.position, (None, date.min))
                yield emploi, ou if au is None or quand <= au else None


def fonctions(vue: Vue) -> Fonctions:
    """Who ordered and who paid each euro of the view. Reads its journal again.

    Raises: UsageError for a view made without a journal; ChainBrokenError; StoreError.
    """
    registre = Registre()
    for _ in registre.suivre(replace(vue, au=None).faits()):
        pass
    return registre.figure(vue)


def _anomalie(emploi: Emploi) -> str | None:
    """The anomaly of cents paid; None when there is none, or when the audit says it."""
    statut = emploi.statut
    if statut == "acteurs_semblables":
        return "acteurs_semblables"
    return "ordonne_et_paye" if statut == "meme_acteur" and not emploi.exigee else None


def _ligne(emploi: Emploi, annulation: int | None) -> LigneFonctions:
    ordre = emploi.ordre
    return LigneFonctions(
        structure=emploi.structure,
        rang=emploi.rang,
        montant_centimes=emploi.montant_centimes,
        statut=emploi.statut,
        ordonnancement_requis=emploi.exigee,
        ordre_position=None if ordre is None else ordre.position,
        ordonnateur=None if ordre is None else ordre.acteur.id,
        ordonnateur_role=None if ordre is None else ordre.acteur.role,
        dp=None if ordre is None else ordre.dp,
        ordre_date=None if ordre is None else ordre.date_effet.isoformat(),
        position=emploi.position,
        payeur=emploi.payeur.id,
        payeur_role=emploi.payeur.role,
        reference=emploi.reference,
        date_effet=emploi.date_effet.isoformat(),
        exercice=emploi.exercice,
        annulation_position=annulation,
    )
