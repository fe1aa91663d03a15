"""Ce que le grand livre exige d'un serveur : chaque réglage dangereux est refusé, et lui seul."""

from __future__ import annotations

import pytest

from ledger.erreurs import StoreReadOnlyError, StoreUnsafeError
from ledger.stockage.adresse import Adresse
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_reglages import VERSION_MIN, Etat, exiger

from .serveur import dossier_de_serveur, nouveau

ADRESSE = Adresse("postgresql://u@h/b")
SUR = Etat(VERSION_MIN, "UTF8", "on", "on", "on", "", False, "off")


@pytest.mark.parametrize(
    "etat",
    [
        SUR,
        SUR._replace(validation="remote_apply", secours="s1"),
        SUR._replace(validation="on", secours="s1"),
        SUR._replace(validation="local"),
    ],
)
def test_un_serveur_sur_est_admis(etat: Etat) -> None:
    """Un serveur qui garde ce qu'il acquitte est admis, seul ou avec ses secours."""
    exiger(ADRESSE, etat, ecriture=True)


@pytest.mark.parametrize(
    ("etat", "classe", "dit"),
    [
        (SUR._replace(version=130_022), StoreUnsafeError, "PostgreSQL 13.22"),
        (SUR._replace(encodage="SQL_ASCII"), StoreUnsafeError, "SQL_ASCII"),
        (SUR._replace(fsync="off"), StoreUnsafeError, "fsync = off"),
        (SUR._replace(pages_entieres="off"), StoreUnsafeError, "full_page_writes = off"),
        (SUR._replace(validation="off"), StoreUnsafeError, "synchronous_commit = off"),
        (SUR._replace(validation="local", secours="s1"), StoreUnsafeError, "= local"),
        (SUR._replace(validation="remote_write", secours="s1"), StoreUnsafeError, "remote_write"),
        (SUR._replace(en_reprise=True), StoreReadOnlyError, "secours"),
        (SUR._replace(lecture_seule="on"), StoreReadOnlyError, "lecture seule"),
    ],
)
def test_un_serveur_dangereux_est_refuse(etat: Etat, classe: type[Exception], dit: str) -> None:
    """Chaque réglage qui peut perdre un fait acquitté est refusé, nommé, avec son remède."""
    with pytest.raises(classe, match=dit):
        exiger(ADRESSE, etat, ecriture=True)


def test_un_vrai_serveur_dangereux_est_refuse() -> None:
    """Un serveur lancé avec fsync = off est refusé en écriture ; la lecture en reste possible."""
    with dossier_de_serveur() as (binaires, dossier):
        pg = nouveau(binaires, dossier, "dangereux")
        pg.initialiser()
        for reglage in ("fsync", "full_page_writes"):
            pg.demarrer(**{reglage: "off"})
            try:
                with pytest.raises(StoreUnsafeError, match=f"{reglage} = off"):
                    PostgresStore(pg.url(), creer=True)
                assert not PostgresStore(pg.url(), creer=True, ecriture=False).existe()
            finally:
                pg.arreter()
