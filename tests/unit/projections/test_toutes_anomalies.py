"""Toutes les anomalies d'une vue : la saisie n'y regarde que les faits comptés."""

from __future__ import annotations

from datetime import date

import pytest

from commands import GrandLivre
from ledger import Journal, MemoryStore
from projections import regarder
from projections.toutes_anomalies import toutes_les_anomalies
from tests.unit.monde import HorlogeFixe, Monde, P


@pytest.mark.parametrize(
    ("au", "tardifs"), [("2020-01-09", 0), ("2020-01-10", 1), ("2020-01-11", 2), (None, 2)]
)
def test_un_fait_hors_de_la_vue_n_est_pas_tardif(au: str | None, tardifs: int) -> None:
    """Daté du jour de la vue, un fait saisi trop tard est dit ; d'après ce jour, non."""
    monde = Monde(store=MemoryStore(), ouvert=False)
    instants = [f"2020-0{n}-01T00:00:00.000000Z" for n in (1, 6, 7)]
    monde.livre = GrandLivre(MemoryStore(), clock=HorlogeFixe(*instants))
    monde.ok("OuvrirProgramme", "2020-01-01")
    for jour in (10, 11):
        monde.ok("DéposerCandidature", f"2020-01-{jour}", structure=f"s{jour}")
    store = monde.livre.store
    jour_vu = None if au is None else date.fromisoformat(au)
    vue = regarder(Journal(store, P), au=jour_vu)
    trouvees = toutes_les_anomalies(vue, Journal(store, P).rattraper())
    assert [a.code for a in trouvees].count("fait_tardif") == tardifs
