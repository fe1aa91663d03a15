"""Ce que le grand livre exige d'un serveur : chaque réglage dangereux est refusé, et lui seul."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from commands import GrandLivre
from ledger.erreurs import StoreReadOnlyError, StoreUnsafeError
from ledger.stockage.adresse import Adresse
from ledger.stockage.port import EntreeIndex
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_reglages import VERSION_MIN, Etat, exiger
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .serveur import Serveur, dossier_de_serveur, nouveau

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


DANGERS = (
    {"fsync": "off"},
    {"full_page_writes": "off"},
    {"synchronous_commit": "off"},
    {"synchronous_commit": "local", "synchronous_standby_names": "absent"},
    {"synchronous_commit": "remote_write", "synchronous_standby_names": "absent"},
)


@contextmanager
def regle(pg: Serveur, reglages: dict[str, str]) -> Iterator[None]:
    """Settings of the running server, while the block lasts: sessions already open have them."""
    _recharger(pg, [f"ALTER SYSTEM SET {nom} = '{valeur}'" for nom, valeur in reglages.items()])
    try:
        yield
    finally:
        _recharger(pg, [f"ALTER SYSTEM RESET {nom}" for nom in reglages])


def _recharger(pg: Serveur, requetes: list[str]) -> None:
    lire = "SELECT pg_conf_load_time()"
    avant = pg.sql(lire)
    for requete in requetes:
        with psycopg.connect(pg.url(), autocommit=True) as connexion:
            connexion.execute(requete.encode())
    pg.sql("SELECT pg_reload_conf()")
    while pg.sql(lire) == avant:
        threading.Event().wait(0.01)


@pytest.mark.parametrize("danger", DANGERS, ids=lambda d: " ".join(d.values()))
def test_un_reglage_dangereux_pose_sous_une_poignee_ouverte_est_refuse(
    danger: dict[str, str], url: str, serveur: Serveur
) -> None:
    """Le serveur relit ses réglages pendant l'usage : ni fait ni ancien reçu tant qu'ils sont
    dangereux, rien n'est écrit ; remis, la même poignée continue. Une autre ne s'ouvre pas."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        livre.executer(commande("ModifierEnveloppe", "avant"))
        reglage = next(iter(danger))
        with regle(serveur, danger):
            for identifiant in ("neuve", "avant", "neuve"):
                with pytest.raises(StoreUnsafeError, match=f"{reglage} = {danger[reglage]}"):
                    livre.executer(commande("ModifierEnveloppe", identifiant))
            with pytest.raises(StoreUnsafeError, match=reglage):
                PostgresStore(url)
            with pytest.raises(StoreUnsafeError, match=reglage):
                livre.store.reindexer(P, [EntreeIndex("perdue", 2, "0" * 64)])
            assert (livre.store.taille(P), livre.store.taille_index(P)) == (2, 2)
        assert livre.executer(commande("ModifierEnveloppe", "avant")).positions == (2,)
        assert livre.executer(commande("ModifierEnveloppe", "neuve")).positions == (3,)


@pytest.mark.parametrize(
    "portee", ["ROLE imprudent", "DATABASE {base}", "ROLE imprudent IN DATABASE {base}"]
)
def test_un_reglage_dangereux_du_compte_ou_de_la_base_est_refuse(
    portee: str, url: str, serveur: Serveur
) -> None:
    """synchronous_commit = off posé sur le compte, la base, ou le compte dans la base : refusé."""
    base = Adresse(url).base
    cible = portee.format(base=base)
    serveur.sql("DROP ROLE IF EXISTS imprudent")
    serveur.sql("CREATE ROLE imprudent LOGIN; GRANT fabriques_ecriture TO imprudent")
    sien = url.replace("postgres@", "imprudent@")
    PostgresStore(sien).fermer()
    serveur.sql(f"ALTER {cible} SET synchronous_commit = off")
    try:
        with pytest.raises(StoreUnsafeError, match="synchronous_commit = off"):
            PostgresStore(sien)
    finally:
        serveur.sql(f"ALTER {cible} RESET synchronous_commit")
    PostgresStore(sien).fermer()


def test_un_reglage_dangereux_ecrit_dans_l_adresse_est_refuse(url: str) -> None:
    """options=-c synchronous_commit=off dans l'adresse : refusé, à l'ouverture."""
    with pytest.raises(StoreUnsafeError, match="synchronous_commit = off"):
        PostgresStore(f"{url}&options=-c%20synchronous_commit%3Doff")
    PostgresStore(f"{url}&options=-c%20synchronous_commit%3Dremote_apply").fermer()


def test_les_reglages_de_session_du_compte_ne_changent_rien(url: str, serveur: Serveur) -> None:
    """Chaînes à l'ancienne, délais du compte : la session du grand livre a les siens et écrit."""
    base = Adresse(url).base
    siens = {
        "standard_conforming_strings": "off",
        "statement_timeout": "1min",
        "transaction_timeout": "1min",
        "search_path": "ailleurs",
        "default_transaction_isolation": "serializable",
    }
    for nom, valeur in siens.items():
        serveur.sql(f"ALTER DATABASE {base} SET {nom} = '{valeur}'")
    with GrandLivre.ouvrir(url) as livre:
        assert livre.executer(commande("OuvrirProgramme", "o", "2019-07-11")).acceptee
        assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)
        assert livre.executer(commande("ModifierEnveloppe", "m")).statut == "deja_executee"
        with livre.store._bassin.connection() as connexion:  # type: ignore[attr-defined]
            for nom, valeur in siens.items():
                (ligne,) = connexion.execute(f"SHOW {nom}".encode()).fetchall()
                assert ligne[nom] != valeur
