"""The demonstration, whole, behind a console."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from commands import GrandLivre
from commands.demo import commandes_demo
from commands.lecture_json import en_commande
from ledger import SQLiteStore
from projections.console.application import Console, creer_console
from tests.console.client import Client


@pytest.fixture(scope="session")
def base_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration up to 2022, never written to by a test."""
    base = tmp_path_factory.mktemp("console") / "demo.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        for objet in commandes_demo(date(2022, 12, 31)):
            commande = en_commande(objet)
            assert livre.executer(commande).statut == "acceptee"
    return base


@pytest.fixture(scope="session")
def client(base_demo: Path) -> Iterator[Client]:
    """A console over it."""
    store = SQLiteStore(base_demo, ecriture=False)
    console = Console(store)
    yield Client(creer_console(console))
    console.fermer()
    store.fermer()
