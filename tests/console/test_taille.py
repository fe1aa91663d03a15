"""Le poids du rapport et l'usage de la console à la taille du programme entier."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commands import GrandLivre
from commands.demo import PROGRAMME as DEMONSTRATION
from ledger import Journal, MemoryStore
from projections import regarder
from projections.console.application import Console, creer_console
from projections.rapport import ecrire, rapport
from tests.bench.charge import PROGRAMME, commandes
from tests.bench.commun import exiger, modele
from tests.console.client import Client


@pytest.fixture(scope="module")
def programme() -> Iterator[MemoryStore]:
    """Three hundred structures, with the usual accidents."""
    store = MemoryStore()
    with GrandLivre(store) as livre:
        exiger(livre.executer_flux(map(modele, commandes(4_300))))
        yield store


def test_le_rapport_de_300_structures_pese_moins_de_2_mo(programme: MemoryStore) -> None:
    """Le rapport HTML de 300 structures fait moins de 2 Mo."""
    vue = regarder(Journal(programme, PROGRAMME))
    assert len(vue.situation.fiches) >= 300
    assert len(ecrire(rapport(vue), "html")) < 2_000_000


def test_le_rapport_de_la_demonstration_pese_moins_de_300_ko(client: Client) -> None:
    """Le rapport HTML de la démonstration fait moins de 300 ko."""
    adresse = f"/programmes/{DEMONSTRATION}/telecharger/rapport.html"
    assert 100_000 < len(client.demander(adresse).content) < 300_000


def test_une_page_ne_grandit_pas_avec_le_programme(programme: MemoryStore) -> None:
    """À 300 structures, chaque liste est paginée : aucune page ne dépasse 150 ko."""
    console = Console(programme)
    client = Client(creer_console(console))
    for page in ("situation", "structures", "journal", "anomalies", "chiffres/enveloppe.paye"):
        assert len(client.lire(f"/programmes/{PROGRAMME}/{page}").source) < 150_000
    console.fermer()
