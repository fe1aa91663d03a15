"""Le rythme : ce que chaque fait y compte, et les paiements des labels qui le prolongent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger import Journal
from ledger.regles import Regles
from projections import regarder
from projections.cadence import Suppose, mouvements_du_rythme, supposer
from tests.unit.monde import Monde, P


def regles(**champs: Any) -> Regles:
    """The rules of a programme."""
    chronologie = Monde(**champs).livre.etat(P).regles
    assert chronologie is not None
    return chronologie.au(date(2020, 1, 1))[0]


TROIS_PARTS = regles()
UNE_PART = regles(exercices_max=1)


def prolonger(jour: date, horizon: int, **champs: Any) -> Suppose:
    """One label a day of 3 cents, unless told otherwise."""
    defauts: dict[str, Any] = {"labels": 1, "jours": 1, "cout": 3, "limite": 10**9}
    return supposer(jour, horizon=horizon, **{"regles": UNE_PART, **defauts, **champs})


def test_un_fait_ne_compte_que_pour_le_programme() -> None:
    """Un label compte ses places et ce qu'il impute, rien des exercices ; des crédits, rien."""
    monde = Monde()
    monde.label("s0", "2020-01-31")
    monde.ouvrir_credits(2020, 1, 1, "2020-02-01")
    monde.label("s1", "2020-02-02")
    monde.payer(1, "2020-02-03")
    monde.ok("RetirerLabel", "2020-02-04", structure="s0")
    mouvements = list(
        mouvements_du_rythme(regarder(Journal(monde.livre.store, P)), date(2020, 2, 1))
    )
    assert [
        (position, type(fait).__name__, dict(siens)) for position, fait, siens in mouvements
    ] == [
        (
            6,
            "FabriqueLabellisée",
            {"impute": 15_000_000, "labels": 1, "labels_qpv": 1, "labels_numeriques": 1},
        ),
        (
            8,
            "LabelRetiré",
            {"rendu": 15_000_000, "labels": -1, "labels_qpv": -1, "labels_numeriques": -1},
        ),
    ]


def test_chaque_mois_porte_les_labels_de_ses_jours() -> None:
    """Un label par jour : chaque mois en porte autant qu'il a de jours, février bissextile et
    décembre compris ; le premier, ses jours restants."""
    lu = prolonger(date(2019, 12, 30), 2020)
    jours = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    mois = {f"2020-{rang:02d}": 3 * n for rang, n in enumerate(jours, start=1)}
    assert lu == Suppose(367, {2019: 3, 2020: 3 * 366}, {"2019-12": 3} | mois)


def test_la_limite_arrete_le_suppose_au_label_pres() -> None:
    """La limite atteinte, plus aucun label n'est supposé, et aucun mois vide n'est montré."""
    lu = prolonger(date(2020, 1, 30), 2022, limite=3)
    assert lu == Suppose(3, {2020: 9}, {"2020-01": 3, "2020-02": 6})
    assert prolonger(date(2020, 1, 30), 2022, limite=0) == Suppose(0, {}, {})
    assert prolonger(date(2020, 1, 30), 2022, labels=0) == Suppose(0, {}, {})
    assert prolonger(date(2020, 1, 30), 2022, cout=None) == Suppose(0, {}, {})


def test_les_parts_d_un_label_vont_au_mois_du_label_puis_aux_echeances() -> None:
    """La première part est du mois du label, les autres de l'échéance d'usage ; une part nulle
    n'est d'aucun mois."""
    lu = prolonger(date(2020, 6, 29), 2020, limite=1, cout=10, regles=TROIS_PARTS)
    assert lu == Suppose(1, {2020: 3, 2021: 3, 2022: 4}, {"2020-06": 3, "2021-03": 3, "2022-03": 4})
    lu = prolonger(date(2020, 6, 29), 2020, limite=1, cout=1, regles=TROIS_PARTS)
    assert lu == Suppose(1, {2022: 1}, {"2022-03": 1})


@pytest.mark.parametrize(
    ("jour", "exercices"),
    [
        (date(2997, 12, 30), {2997: 1, 2998: 1, 2999: 1}),
        (date(2998, 12, 30), {2998: 1, 2999: 1}),
        (date(2999, 12, 30), {2999: 1}),
    ],
)
def test_rien_n_est_suppose_apres_2999(jour: date, exercices: dict[int, int]) -> None:
    """Les parts de 2999 sont supposées, celles d'après n'ont pas d'exercice."""
    lu = prolonger(jour, 2999, limite=1, cout=3, regles=TROIS_PARTS)
    assert (lu.labels, lu.exercices) == (1, exercices)
