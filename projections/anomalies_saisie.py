"""What the recording itself shows: late entries, and a clock that stood still. Never a refusal.

A situation is folded without the recorded instants, so these are a fold of their own over facts,
which the read model keeps to go on from where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from msgspec import Struct

from ledger.evenements import Fait, FaitDeStructure
from ledger.temps import format_date

from .anomalies import Anomalie

RETARD_JOURS = 90
"""A fact recorded more days than that after its effect date is late: a choice of this project, one
quarter. The recorded day is in UTC and the effect date in Paris: one day of difference at most."""
POIGNEE = 5
"""Beyond that many, the late facts of an exercice, or the plateaus, are told as one anomaly."""


class _Tardifs(Struct, array_like=True, forbid_unknown_fields=True):
    """The late facts of one exercice of effect: all counted, the first ones told."""

    nombre: int = 0
    premiere: int = 0
    derniere: int = 0
    contes: list[Anomalie] = []

    def ajouter(self, position: int, fait: Fait, plus_tard: tuple[date, int]) -> None:
        self.nombre += 1
        self.premiere, self.derniere = self.premiere or position, position
        if self.nombre <= POIGNEE:  # a sentence for each of a million would cost seconds
            qui = fait.structure if isinstance(fait, FaitDeStructure) else None
            dit = Anomalie("fait_tardif", qui, position, _raison(fait, *plus_tard))
            self.contes.append(dit)
        else:
            self.contes = []  # told as one from now on


class _Plateaux(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The runs of at least two facts that bear one instant: all counted, the first ones kept."""

    nombre: int = 0
    faits: int = 0
    premiere: int = 0
    derniere: int = 0
    gardes: list[tuple[int, int, str]] = []

    def avec(self, debut: int, fin: int, instant: str) -> _Plateaux:
        """These and one more run; the same when it is one fact alone."""
        if debut == fin:
            return self
        gardes = [*self.gardes, (debut, fin, instant)] if self.nombre < POIGNEE else self.gardes
        faits = self.faits + fin - debut + 1
        return _Plateaux(self.nombre + 1, faits, self.premiere or debut, fin, gardes)


class Saisie(Struct, forbid_unknown_fields=True):
    """What the recording showed so far: few values, enough to go on with the facts that follow."""

    tardifs: dict[int, _Tardifs] = {}
    plateaux: _Plateaux = _Plateaux()
    debut: int = 0
    fin: int = 0
    instant: str = ""
    plus_tard: tuple[date, int] | None = None
    """The latest effect date, and the first position that has it."""

    def prendre(self, faits: Iterable[tuple[int, Fait]]) -> None:
        """Read the facts that follow, in the order of positions (verified by their reader)."""
        debut, fin, instant, plus_tard = self.debut, self.fin, self.instant, self.plus_tard
        seuil = _seuil(instant[:10]) if instant else date.min
        for position, fait in faits:
            if fait.enregistre_le != instant:
                if debut != fin:
                    self.plateaux = self.plateaux.avec(debut, fin, instant)
                debut, instant = position, fait.enregistre_le
                seuil = _seuil(instant[:10])
            fin = position
            effet = fait.date_effet
            if plus_tard is None:
                plus_tard = effet, position
            if effet < seuil or effet.year < plus_tard[0].year:
                self.tardifs.setdefault(effet.year, _Tardifs()).ajouter(position, fait, plus_tard)
            if effet > plus_tard[0]:
                plus_tard = effet, position
        self.debut, self.fin, self.instant, self.plus_tard = debut, fin, instant, plus_tard

    def anomalies(self) -> tuple[Anomalie, ...]:
        """What these facts deserve to be told."""
        par_exercice = (_resumer(annee, self.tardifs[annee]) for annee in sorted(self.tardifs))
        plateaux = self.plateaux.avec(self.debut, self.fin, self.instant)
        return (*(a for suite in par_exercice for a in suite), *_arrets(plateaux))


@lru_cache(maxsize=16)  # journals are in the order of these days
def _seuil(jour: str) -> date:
    """The effect date before which a fact recorded on that day is late."""
    return date.fromordinal(max(date.fromisoformat(jour).toordinal() - RETARD_JOURS, 1))


def saisie(faits: Iterable[tuple[int, Fait]]) -> tuple[Anomalie, ...]:
    """The anomalies of recording of facts in the order of positions (verified by their reader).

    `fait_tardif`: recorded more than `RETARD_JOURS` days after its effect date, or dated in an
    exercice earlier than that of the latest effect date already recorded.

    `horloge_immobile`: consecutive facts, hence different commands, that bear the same instant.
    The journal never lets time go back: a clock that is put back leaves no other trace, until it
    passes again the last instant recorded. The same trace is left by a clock that stops, by a host
    that gives its own fixed instant, or by a clock coarser than the time between two facts of a
    batch: the journal cannot tell which.
    """
    lue = Saisie()
    lue.prendre(faits)
    return lue.anomalies()


def retard_de(position: int, fait: Fait, plus_tard: tuple[date, int] | None) -> Anomalie | None:
    """The late entry that a fact is, told alone however many its exercice has; None if it is not.

    `plus_tard`: the latest effect date counted at an earlier position, and the first that has it.
    """
    effet, dernier = fait.date_effet, plus_tard or (fait.date_effet, position)
    if effet >= _seuil(fait.enregistre_le[:10]) and effet.year >= dernier[0].year:
        return None
    qui = fait.structure if isinstance(fait, FaitDeStructure) else None
    return Anomalie("fait_tardif", qui, position, _raison(fait, *dernier))


def _raison(fait: Fait, jour: date, position: int) -> str:
    """Why a late fact is late; `jour` and `position`: the latest effect recorded before it."""
    inscrit = date.fromisoformat(fait.enregistre_le[:10])
    jours = (inscrit - fait.date_effet).days
    if jours > RETARD_JOURS:
        return (
            f"Effet au {format_date(fait.date_effet)}, enregistré le {format_date(inscrit)} : "
            f"{jours} jours après."
        )
    return (
        f"Effet au {format_date(fait.date_effet)}, enregistré après un fait du "
        f"{format_date(jour)} (position {position})."
    )


def _resumer(annee: int, tardifs: _Tardifs) -> list[Anomalie]:
    if tardifs.nombre <= POIGNEE:
        return tardifs.contes
    return [
        Anomalie(
            "fait_tardif",
            None,
            tardifs.premiere,
            f"{tardifs.nombre} faits tardifs d'effet en {annee}, positions {tardifs.premiere} à "
            f"{tardifs.derniere}.",
        )
    ]


def faits_de(anomalie: Anomalie) -> int:
    """How many facts a late entry stands for: one, or those of its exercice told together."""
    if anomalie.code != "fait_tardif" or anomalie.structure is not None:
        return 1
    debut = anomalie.detail.partition(" ")[0]
    return int(debut) if debut.isdigit() else 1  # as `_resumer` writes it


def _arrets(plateaux: _Plateaux) -> list[Anomalie]:
    if plateaux.nombre > POIGNEE:
        detail = (
            f"{plateaux.nombre} suites de faits enregistrés au même instant "
            f"({plateaux.faits} faits), positions {plateaux.premiere} à {plateaux.derniere}."
        )
        return [Anomalie("horloge_immobile", None, plateaux.premiere, detail)]
    return [
        Anomalie(
            "horloge_immobile",
            None,
            debut,
            f"Positions {debut} à {fin} enregistrées au même instant, {instant} : horloge "
            "reculée, arrêtée ou à gros grain.",
        )
        for debut, fin, instant in plateaux.gardes
    ]
