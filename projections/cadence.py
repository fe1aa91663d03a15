"""A pace: what it was seen on, and the payments of labels assumed to follow it. Pure integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from ledger import Fait
from ledger.montants import partager
from ledger.regles import Regles
from ledger.soldes import EFFETS, PROGRAMME
from ledger.temps import ANNEE_MAX, echeance

from .situation import Vue


class Suppose(Struct, frozen=True):
    """Labels assumed, and what they would be paid: cents by exercice, and by month (`AAAA-MM`)."""

    labels: int
    exercices: dict[int, int]
    mois: dict[str, int]


def mouvements_du_rythme(vue: Vue, depuis: date) -> Iterator[tuple[int, Fait, Counter[str]]]:
    """What each fact counted since a day does to the programme: labels, cents taken or given back.

    Raises: ChainBrokenError, StoreError.
    """
    for position, fait in vue.faits():
        effet = EFFETS.get(type(fait))
        if effet is None or fait.date_effet < depuis:
            continue
        comptes: Counter[str] = Counter()
        for (annee, membre), valeur in effet(fait, vue.situation.soldes):
            if annee == PROGRAMME:
                comptes[membre] += valeur
        if comptes:
            yield position, fait, comptes


def supposer(  # noqa: PLR0913 - one argument per assumption
    jour: date,
    *,
    labels: int,
    jours: int,
    cout: int | None,
    limite: int,
    regles: Regles,
    horizon: int,
) -> Suppose:
    """Carry on `labels` every `jours` days after `jour`, to `limite` labels or the end of a year.

    After d days, `labels * d // jours` are granted in all: never one too early. Each costs `cout`
    cents, in the equal parts of the rules: the first in the month of the label, the others on the
    default due date of the next exercices.
    """
    par_exercice: Counter[int] = Counter()
    par_mois: Counter[str] = Counter()
    accordes = 0
    if cout is None:  # no label came in: there is no pace
        return Suppose(0, {}, {})
    parts = partager(cout, regles.exercices_max)
    debut = jour
    while debut.year <= horizon:
        fin = _fin_de_mois(debut)
        cumul = min(labels * (fin - jour).days // jours, limite)
        nouveaux, accordes = cumul - accordes, cumul
        if nouveaux:
            for rang, part in enumerate(parts):
                annee = debut.year + rang
                if not part or annee > ANNEE_MAX:
                    continue
                quand = debut if rang == 0 else echeance(regles.echeance_defaut, annee)
                par_exercice[annee] += nouveaux * part
                par_mois[f"{quand.year:04d}-{quand.month:02d}"] += nouveaux * part
        debut = fin + timedelta(days=1)
    return Suppose(accordes, dict(par_exercice), dict(par_mois))


def _fin_de_mois(jour: date) -> date:
    if jour.month == 12:  # noqa: PLR2004 - December
        return date(jour.year, 12, 31)
    return date(jour.year, jour.month + 1, 1) - timedelta(days=1)
