"""Le moindre privilège dans SQLite : une connexion ne peut que ce que le grand livre fait."""

from __future__ import annotations

import ast
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger import Journal, SQLiteStore, StoreError
from ledger.stockage.port import EntreeIndex
from ledger.stockage.privileges import LONGUEUR_MAX
from tests.meta.arbre import modules
from tests.unit.monde import Monde, P

INTERDIT = r"authoriz|prohibited"
REFUS = (sqlite3.DatabaseError, sqlite3.OperationalError)
INTERDITES = (
    "UPDATE stored_events SET topic='x'",
    "UPDATE fabriques_commandes SET position=1",
    "DELETE FROM stored_events",
    "DELETE FROM fabriques_commandes",
    "DROP TABLE stored_events",
    "DROP TABLE fabriques_commandes",
    "ALTER TABLE stored_events RENAME TO lignes",
    "ALTER TABLE stored_events ADD COLUMN a",
    "CREATE TABLE autre (a)",
    "CREATE TEMP TABLE autre (a)",
    "CREATE INDEX i ON stored_events (topic)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON stored_events BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER t AFTER INSERT ON stored_events BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE r USING fts5 (a)",
    "INSERT INTO sqlite_master VALUES ('table', 'a', 'a', 0, 'CREATE TABLE a (a)')",
    "INSERT INTO fabriques_commandes VALUES ('a', 'a', 1, 'a') "
    "ON CONFLICT DO UPDATE SET position=2",
    "ATTACH ':memory:' AS autre",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO 'copie.db'",
    "REINDEX",
    "ANALYZE",
    "SAVEPOINT s",
    "PRAGMA writable_schema=1",
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA trusted_schema=1",
    "PRAGMA query_only=0",
    "PRAGMA user_version=9",
    "PRAGMA optimize",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "SELECT load_extension('x')",
    "SELECT hex(zeroblob(1000000000))",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
)
AJOUTS = (
    "INSERT INTO stored_events VALUES ('x', 1, 'x', x'00')",
    "INSERT INTO fabriques_commandes VALUES ('x', 'x', 1, 'x')",
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base with three facts."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True))
    monde.label()
    monde.livre.fermer()
    return tmp_path / "a.db"


@contextmanager
def connexion(base: Path, *, ecriture: bool) -> Iterator[sqlite3.Cursor]:
    """A cursor of the store's own pool."""
    store = SQLiteStore(base, ecriture=ecriture)
    assert store._factory is not None
    with store._factory.datastore.get_connection(commit=False) as c:
        yield c.cursor().sqlite_cursor
    store.fermer()


@pytest.mark.parametrize("requete", INTERDITES)
@pytest.mark.parametrize("ecriture", [True, False], ids=["ecriture", "lecture"])
def test_ce_que_le_grand_livre_ne_fait_pas_est_refuse(
    base: Path, requete: str, ecriture: bool
) -> None:
    """Modifier, supprimer, attacher, poser un déclencheur : refusé sur toute connexion."""
    with connexion(base, ecriture=ecriture) as c, pytest.raises(REFUS, match=INTERDIT):
        c.execute(requete)


@pytest.mark.parametrize("requete", AJOUTS)
def test_ajouter_n_est_permis_qu_a_qui_ecrit(base: Path, requete: str) -> None:
    """Une ligne s'ajoute sur une connexion d'écriture ; sur une connexion de lecture, jamais."""
    with connexion(base, ecriture=False) as c, pytest.raises(REFUS, match=INTERDIT):
        c.execute(requete)
    with connexion(base, ecriture=True) as c:
        assert c.execute(requete).rowcount == 1


def test_une_lecture_ne_peut_pas_ecrire_meme_sans_autorisations(base: Path) -> None:
    """Ouverte en lecture, la base l'est deux fois : mode=ro et query_only, autorisations ôtées."""
    with connexion(base, ecriture=False) as c:
        c.connection.set_authorizer(None)
        assert c.execute("PRAGMA query_only").fetchone()[0] == 1
        with pytest.raises(REFUS, match="readonly"):
            c.execute(AJOUTS[0])
        c.execute("PRAGMA query_only=0")
        with pytest.raises(REFUS, match="readonly"):
            c.execute(AJOUTS[0])
        with pytest.raises(REFUS, match="too many attached"):
            c.execute("ATTACH ? AS autre", (str(base.with_name("autre.db")),))
        c.connection.set_authorizer(None)


def test_creer_les_tables_n_est_permis_qu_a_l_ouverture(base: Path) -> None:
    """L'ouverture recrée l'index qui manque ; la même phrase est refusée ensuite."""
    with closing(sqlite3.connect(base)) as autre:
        creation = autre.execute("SELECT sql FROM sqlite_master WHERE name LIKE 'fab%'").fetchone()
        autre.execute("DROP TABLE fabriques_commandes")
    with connexion(base, ecriture=True) as c:
        assert c.execute("SELECT COUNT(*) FROM fabriques_commandes").fetchone()[0] == 0
        with pytest.raises(REFUS, match=INTERDIT):
            c.execute(f"{creation[0]} ")


def test_les_privileges_laissent_tout_ce_que_fait_un_store(base: Path) -> None:
    """Lire, ajouter, retrouver, refaire l'index, contrôler : tout passe sous les autorisations."""
    store = SQLiteStore(base)
    assert (store.taille(P), store.programmes(), store.controler()) == (3, (P,), [])
    store.reindexer(P, [EntreeIndex("neuf", 3, "e")])
    assert store.taille_index(P) == 4
    assert [position for position, _ in Journal(store, P).rattraper()] == [1, 2, 3]
    store.fermer()


@pytest.mark.parametrize("ecriture", [True, False], ids=["ecriture", "lecture"])
def test_une_ligne_demesuree_est_une_erreur_nommee(base: Path, ecriture: bool) -> None:
    """Une ligne faite pour remplir la mémoire n'est pas lue : base endommagée, et c'est dit."""
    with closing(sqlite3.connect(base)) as autre:
        autre.execute(
            "UPDATE stored_events SET state=zeroblob(?) WHERE originator_version=3",
            (LONGUEUR_MAX + 1,),
        )
        autre.commit()
    store = SQLiteStore(base, ecriture=ecriture)
    with pytest.raises(StoreError) as levee:
        list(Journal(store, P).rattraper())
    assert levee.value.code == "base_endommagee"
    store.fermer()


def test_aucune_requete_du_grand_livre_ne_remplace_une_ligne() -> None:
    """Ce que SQLite ne distingue pas d'un ajout, INSERT OR REPLACE, n'est écrit nulle part."""
    textes = [
        noeud.value
        for chemin, arbre in modules().items()
        if chemin.startswith("ledger/")
        for noeud in ast.walk(arbre)
        if isinstance(noeud, ast.Constant) and isinstance(noeud.value, str)
    ]
    ajouts = [t for t in textes if re.search(r"(?i)\binsert\b.*\binto\b", t)]
    assert len(ajouts) >= 2, "le contrôle ne lit plus les requêtes"
    assert [
        t for t in textes if re.search(r"(?i)(?<!create)\s+or\s+replace\b|\breplace\s+into\b", t)
    ] == []


@pytest.mark.parametrize(("masque", "droits"), [(0o077, 0o600), (0o027, 0o640)])
def test_une_base_creee_a_les_droits_du_masque(tmp_path: Path, masque: int, droits: int) -> None:
    """La base et ses voisins (-wal, -shm) ont les droits que laisse le masque, et pas plus."""
    avant = os.umask(masque)
    try:
        monde = Monde(store=SQLiteStore(tmp_path / "m.db", creer=True))
    finally:
        os.umask(avant)
    modes = {f.name: f.stat().st_mode & 0o777 for f in tmp_path.iterdir()}
    monde.livre.fermer()
    assert modes == {"m.db": droits, "m.db-wal": droits, "m.db-shm": droits}
