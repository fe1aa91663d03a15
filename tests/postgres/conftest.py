"""Un serveur pour toute la session, une base neuve par test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from ledger.stockage.adresse import Adresse
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_schema import script

from .serveur import Serveur, dossier_de_serveur, nouveau

MODELE = "modele"
_numeros = count(1)


@pytest.fixture(scope="session")
def serveur() -> Iterator[Serveur]:
    """A server started by the tests, with a database whose ledger tables are made."""
    with dossier_de_serveur() as (binaires, dossier):
        pg = nouveau(binaires, dossier, "principal")
        pg.initialiser()
        pg.demarrer()
        try:
            pg.sql(f"CREATE DATABASE {MODELE}")
            pg.sql(script(roles=True), MODELE)
            yield pg
        finally:
            pg.tuer()


def base_neuve(serveur: Serveur, modele: str = MODELE) -> str:
    """A database of its own, copied from another; its URL."""
    nom = f"essai{next(_numeros)}"
    serveur.sql(f"CREATE DATABASE {nom} TEMPLATE {modele}")
    # never dropped: that costs a checkpoint, and the server's folder goes away with the session
    return serveur.url(nom)


@pytest.fixture
def url(serveur: Serveur) -> str:
    """A database with the tables of a ledger, empty."""
    return base_neuve(serveur)


@pytest.fixture
def url_nue(serveur: Serveur) -> str:
    """A database with nothing in it."""
    return base_neuve(serveur, "template0")


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """An empty store, open for writing."""
    magasin = PostgresStore(url)
    yield magasin
    magasin.fermer()


@pytest.fixture(scope="module")
def base_a_vider(serveur: Serveur) -> str:
    """A database whose tables are made again by `vider`, for many examples."""
    return base_neuve(serveur)


def vider(serveur: Serveur, url: str) -> None:
    """Make the ledger tables again, empty."""
    nom = Adresse(url).base
    serveur.sql("DROP SCHEMA fabriques CASCADE", nom)
    serveur.sql(script(roles=False), nom)
