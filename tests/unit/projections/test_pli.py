"""Le pli : ce que les faits ajoutent au disponible de chaque jour, et rien d'autre."""

from __future__ import annotations

from datetime import date

from ledger import Journal
from projections.pli import Pli
from tests.unit.monde import Monde, P


def test_seul_ce_qui_bouge_le_disponible_est_date(monde: Monde) -> None:
    """Par jour d'effet : centimes, dernière position qui en a pris ; un paiement n'y met rien."""
    monde.label("s1")
    monde.label("s2")
    second = monde.livre.store.taille(P)
    monde.payer(1, "2020-04-01")
    rendu = monde.ok("RetirerLabel", "2020-06-01", structure="s2")
    pli = Pli()
    pli.prendre(Journal(monde.livre.store, P).rattraper())
    assert pli.jours == {
        date(2019, 7, 11): (4_500_000_000, 0),
        date(2020, 2, 3): (-30_000_000, second),
        date(2020, 6, 1): (15_000_000, 0),
    }
    assert (pli.position, pli.derniere) == (rendu, date(2020, 6, 1))


def test_un_fait_posterieur_a_la_date_n_est_que_connu(monde: Monde) -> None:
    """Daté après la date choisie, un fait avance la position connue et ne laisse rien d'autre."""
    monde.label("s1")
    pli, suite = Pli(au=date(2020, 6, 1)), Pli(au=date(2020, 6, 1))
    suite.prendre(Journal(monde.livre.store, P).rattraper())
    paye = monde.payer(1, "2020-07-01")
    pli.prendre(Journal(monde.livre.store, P).rattraper())
    assert (pli.position, suite.position) == (paye, paye - 1)
    assert (pli.valeurs, pli.derniere) == (suite.valeurs, suite.derniere)
    assert pli.situation().fiches == suite.situation().fiches
