"""Ce qui reste à payer, tranche par tranche et bonus par bonus, au centime et au jour."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from immutables import Map

from ledger.evenements import Tranche
from ledger.preuve.merkle import Arbre
from ledger.soldes import PROGRAMME, Soldes
from projections.fermes import Ferme, restes_fermes
from projections.fiche import Fiche
from projections.situation import Situation, Vue


def restes(*fiches: Fiche, clos: int = 0) -> list[Ferme]:
    """What these structures leave to pay, the exercices up to `clos` being closed."""
    soldes = Soldes({(PROGRAMME, "dernier_clos"): clos})
    par_nom = Map({fiche.structure: fiche for fiche in fiches})
    vue = Vue("p", None, Situation(position=1, soldes=soldes, fiches=par_nom), Arbre())
    return sorted(restes_fermes(vue), key=lambda f: (f.structure, f.rang))


def label(structure: str = "s1", /, **membres: Any) -> Fiche:
    """A label in force of 10 cents each year from 2020 to 2022."""
    tranches = tuple(Tranche(n, 2019 + n, 10, date(2019 + n, 3, 2)) for n in (1, 2, 3))
    return Fiche(structure, **({"etat": "labellisee", "tranches": tranches} | membres))


def test_il_ne_reste_que_ce_qui_n_est_pas_paye() -> None:
    """Soldée, ou payée au-delà, une tranche n'est plus due ; il peut en rester un centime."""
    assert restes(label(verse={1: 9, 2: 10, 3: 11})) == [
        Ferme("s1", 1, 2020, date(2020, 3, 2), 1),
    ]
    assert restes(label(), label("s2", etat="label_retire", bonus=5)) == [
        Ferme("s1", n, 2019 + n, date(2019 + n, 3, 2), 10) for n in (1, 2, 3)
    ]


def test_un_exercice_clos_reporte_au_premier_ouvert() -> None:
    """Le premier exercice de paiement est le prévu, ou celui qui suit le dernier clos."""
    fiche = label(bonus=7, bonus_exercice=2019)
    assert [(f.rang, f.exercice) for f in restes(fiche, clos=2020)] == [
        (0, 2021),
        (1, 2021),
        (2, 2021),
        (3, 2022),
    ]
    assert [f.exercice for f in restes(fiche, clos=2018)] == [2019, 2020, 2021, 2022]


@pytest.mark.parametrize(
    ("echeance", "quand"),
    [
        (date(2019, 12, 15), date(2020, 1, 1)),
        (date(2020, 1, 1), date(2020, 1, 1)),
        (date(2020, 1, 2), date(2020, 1, 2)),
        (date(2021, 1, 15), date(2021, 1, 15)),
    ],
)
def test_une_tranche_n_est_pas_due_avant_son_exercice(echeance: date, quand: date) -> None:
    """Une échéance d'avant le 1er janvier de l'exercice attend ce jour : pas de CP avant."""
    (ferme,) = restes(label(tranches=(Tranche(1, 2020, 10, echeance),)))
    assert ferme.quand == quand
    assert [ferme.exigible(date.fromordinal(quand.toordinal() + n)) for n in (-1, 0, 1)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("bonus", "verse", "reste"),
    [(None, {}, None), (5, {}, 5), (5, {0: 4}, 1), (5, {0: 5}, None), (5, {0: 6}, None)],
)
def test_un_bonus_est_du_des_qu_il_est_accorde(
    bonus: int | None, verse: dict[int, int], reste: int | None
) -> None:
    """Ce qui reste d'un bonus est dû sans échéance ; sans bonus, ou payé, rien, au centime."""
    fiches = [label(f"s{n}", tranches=(), bonus=bonus, verse=verse) for n in range(3)]
    dus = restes(*fiches)
    assert dus == [Ferme(f"s{n}", 0, 1, None, reste) for n in range(3) if reste is not None]
    assert all(ferme.exigible(date.min) for ferme in dus)


@pytest.mark.parametrize("seule", ["a", "b", "c"])
def test_une_structure_ne_cache_pas_ce_que_doit_une_autre(seule: str) -> None:
    """Sans bonus ou sans label, une structure ne doit rien ; celles qui la suivent, le leur."""
    sans_bonus = (label(s, tranches=(), bonus=3 if s == seule else None) for s in "abc")
    assert [(f.structure, f.rang) for f in restes(*sans_bonus)] == [(seule, 0)]
    retirees = (label(s, etat="labellisee" if s == seule else "label_retire") for s in "abc")
    assert [(f.structure, f.rang) for f in restes(*retirees)] == [(seule, n) for n in (1, 2, 3)]
