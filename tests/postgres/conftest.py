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
    """A database of its own, copied from another; its URL. It goes away with the server."""
    nom = f"essai{next(_numeros)}"
    serveur.sql(f"CREATE DATABASE {nom} TEMPLATE {modele}")
    return serveur.url(nom)


def _base_d_un_test(serveur: Serveur, modele: str) -> Iterator[str]:
    url = base_neuve(serveur, modele)
    yield url
    if serveur.en_memoire:  # not to fill it; on a disk, a checkpoint each time would cost more
        serveur.sql(f"DROP DATABASE {Adresse(url).base} WITH (FORCE)")


@pytest.fixture
def url(serveur: Serveur) -> Iterator[str]:
    """A database with the tables of a ledger, empty."""
    yield from _base_d_un_test(serveur, MODELE)


@pytest.fixture
def url_nue(serveur: Serveur) -> Iterator[str]:
    """A database with nothing in it."""
    yield from _base_d_un_test(serveur, "template0")


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
