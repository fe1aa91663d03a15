"""The library's pool, recorder and factory, with the settings that the ledger relies on.

The library sets WAL only. Every other setting is set and *read back* on each connection: with
`synchronous=NORMAL`, for instance, a power cut loses acknowledged commits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
    SQLiteTrackingRecorder,
)
from eventsourcing.utils import Environment

from ..erreurs import StoreUnsafeError
from .privileges import Privileges

APPLICATION_ID = 0x46414254
"""Marks the file as a ledger base ("FABT")."""
_REQUETES_GARDEES = 64

_REGLAGES = {
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
_TABLE_COMMANDES = (
    "CREATE TABLE IF NOT EXISTS fabriques_commandes ("
    "programme TEXT NOT NULL, "
    "id_commande TEXT NOT NULL, "
    "position INTEGER NOT NULL, "
    "empreinte TEXT NOT NULL, "
    "PRIMARY KEY (programme, id_commande)) WITHOUT ROWID, STRICT"
)


class Pool(SQLiteConnectionPool):
    """The library's pool, with durable settings on every connection."""

    attente: float = 0
    lecture_seule = False
    creation = False
    privileges: Privileges

    def _create_connection(self) -> SQLiteConnection:
        # the library's own connection keeps one prepared statement: each would be compiled anew
        connexion = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            cached_statements=_REQUETES_GARDEES,
            timeout=self.attente,
        )
        connexion.row_factory = sqlite3.Row  # what the library's own queries expect
        try:
            self._regler(connexion)
            self.privileges.installer(connexion)
        except BaseException:
            connexion.close()
            raise
        return SQLiteConnection(sqlite_conn=connexion, max_age=self.max_age)

    def _passer_en_wal(self, connexion: sqlite3.Connection) -> str:
        """SQLite answers "locked" at once here, whatever the timeout: wait in its place."""
        fin = time.monotonic() + (self.attente)
        while True:
            try:
                return str(connexion.execute("PRAGMA journal_mode=WAL").fetchone()[0])
            except sqlite3.OperationalError as erreur:
                occupee = str(getattr(erreur, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
                if not occupee or time.monotonic() > fin:
                    raise
                time.sleep(1 / 100)

    def _regler(self, connexion: sqlite3.Connection) -> None:
        """Set and read back every setting. Raises: StoreUnsafeError."""
        if self.creation and connexion.execute("PRAGMA application_id").fetchone()[0] == 0:
            # in the file itself, before the log exists: a file is recognised by its first bytes
            connexion.execute(f"PRAGMA application_id={APPLICATION_ID}")
        if not self.lecture_seule:
            mode = self._passer_en_wal(connexion)
            if str(mode).lower() != "wal":
                raise StoreUnsafeError(
                    f"Le mode de journal SQLite est {mode!r}, pas WAL.",
                    remede="Placer la base sur un disque local.",
                )
        reglages = {**_REGLAGES, "query_only": 1} if self.lecture_seule else _REGLAGES
        for reglage, valeur in reglages.items():
            connexion.execute(f"PRAGMA {reglage}={valeur}")
            obtenu = connexion.execute(f"PRAGMA {reglage}").fetchone()
            # a build of SQLite that does not know a setting answers nothing
            if obtenu is None or obtenu[0] != valeur:
                raise StoreUnsafeError(f"SQLite n'accepte pas le réglage {reglage}={valeur}.")


class Recorder(SQLiteApplicationRecorder):
    """The library's recorder; the index of command ids is written in the same transaction.

    `insert_events((), lignes=rows of the events table, ids=rows of the index)`.
    """

    privileges: Privileges

    def construct_create_table_statements(self) -> list[str]:
        """The library's table, and the index of command ids."""
        return [*super().construct_create_table_statements(), _TABLE_COMMANDES]

    def create_table(self) -> None:
        """Create both tables where they are missing: the only time it is allowed."""
        with self.privileges.pour_creer():
            super().create_table()

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        # insert before any read: a transaction that reads first fails under two writers
        c.executemany(self.insert_events_statement, kwargs["lignes"])
        c.executemany("INSERT INTO fabriques_commandes VALUES (?,?,?,?)", kwargs["ids"])
        return None


class Factory(SQLiteFactory):
    """The library's factory, given its whole environment: no host variable moves the ledger."""

    application_recorder_class = Recorder

    def __init__(self, uri: str, *, lecture_seule: bool, creation: bool, attente: float) -> None:
        env = {"SQLITE_DBNAME": uri, "ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}
        InfrastructureFactory[SQLiteTrackingRecorder].__init__(self, Environment("", env))
        self.datastore = SQLiteDatastore(uri, originator_id_type="text")
        self.datastore.pool.close()
        pool = Pool(db_name=uri, pool_timeout=attente)
        pool.attente = attente
        pool.lecture_seule = lecture_seule
        pool.creation = creation
        pool.privileges = Privileges(lecture_seule=lecture_seule)
        self.datastore.pool = pool
        self.recorder = Recorder(datastore=self.datastore)
        self.recorder.privileges = pool.privileges
