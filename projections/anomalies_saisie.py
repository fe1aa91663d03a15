"""What the recording itself shows: late entries, and a clock that stood still. Never a refusal.

A situation is folded without the recorded instants, so these are a fold of their own over facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledger.evenements import Fait, FaitDeStructure
from ledger.temps import format_date

from .anomalies import Anomalie

RETARD_JOURS = 90
"""A fact recorded more days than that after its effect date is late: a choice of this project, one
quarter. The recorded day is in UTC and the effect date in Paris: one day of difference at most."""
POIGNEE = 5
"""Beyond that many, the late facts of an exercice, or the plateaus, are told as one anomaly."""


class _Tardifs:
    """The late facts of one exercice of effect: all counted, the first ones told."""

    __slots__ = ("contes", "derniere", "nombre", "premiere")

    def __init__(self) -> None:
        self.nombre = self.premiere = self.derniere = 0
        self.contes: list[Anomalie] = []

    def ajouter(self, position: int, fait: Fait, plus_tard: tuple[date, int]) -> None:
        self.nombre += 1
        self.premiere, self.derniere = self.premiere or position, position
        if self.nombre <= POIGNEE:  # a sentence for each of a million would cost seconds
            qui = fait.structure if isinstance(fait, FaitDeStructure) else None
            dit = Anomalie("fait_tardif", qui, position, _raison(fait, *plus_tard))
            self.contes.append(dit)


class _Horloge:
    """The runs of at least two facts that bear one instant: first position, last one, instant."""

    __slots__ = ("_debut", "_fin", "_instant", "plateaux")

    def __init__(self) -> None:
        self.plateaux: list[tuple[int, int, str]] = []
        self._debut = self._fin = 0
        self._instant = ""

    def lire(self, position: int, instant: str) -> None:
        if instant != self._instant:
            self.fermer()
            self._debut, self._instant = position, instant
        self._fin = position

    def fermer(self) -> None:
        if self._debut != self._fin:
            self.plateaux.append((self._debut, self._fin, self._instant))


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
    tardifs: dict[int, _Tardifs] = {}
    horloge = _Horloge()
    plus_tard: tuple[date, int] | None = None
    inscrit, jour_inscrit = "", date.min
    for position, fait in faits:
        horloge.lire(position, fait.enregistre_le)
        if fait.enregistre_le[:10] != inscrit:
            inscrit = fait.enregistre_le[:10]
            jour_inscrit = date.fromisoformat(inscrit)
        effet = fait.date_effet
        plus_tard = plus_tard or (effet, position)
        if (jour_inscrit - effet).days > RETARD_JOURS or effet.year < plus_tard[0].year:
            tardifs.setdefault(effet.year, _Tardifs()).ajouter(position, fait, plus_tard)
        if effet > plus_tard[0]:
            plus_tard = effet, position
    horloge.fermer()
    par_exercice = (_resumer(annee, tardifs[annee]) for annee in sorted(tardifs))
    return (*(a for suite in par_exercice for a in suite), *_arrets(horloge.plateaux))


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
    debut = anomalie.detail.split(" ", 1)[0]
    return int(debut) if debut.isdigit() else 1  # as `_resumer` writes it


def _arrets(plateaux: list[tuple[int, int, str]]) -> list[Anomalie]:
    if len(plateaux) > POIGNEE:
        premiere, derniere = plateaux[0][0], plateaux[-1][1]
        nombre = sum(fin - debut + 1 for debut, fin, _ in plateaux)
        detail = (
            f"{len(plateaux)} suites de faits enregistrés au même instant ({nombre} faits), "
            f"positions {premiere} à {derniere}."
        )
        return [Anomalie("horloge_immobile", None, premiere, detail)]
    return [
        Anomalie(
            "horloge_immobile",
            None,
            debut,
            f"Positions {debut} à {fin} enregistrées au même instant, {instant} : horloge "
            "reculée, arrêtée ou à gros grain.",
        )
        for debut, fin, instant in plateaux
    ]
