"""The library's pool, recorder and factory, with the settings that the ledger relies on.

The library sets WAL only. Every other setting is set and *read back* on each connection: with
`synchronous=NORMAL`, for instance, a power cut loses acknowledged commits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    ConnectionUnavailableError,
    InfrastructureFactory,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteDatastore,
    SQLiteFactory,
    SQLiteTrackingRecorder,
)
from eventsourcing.utils import Environment

from ..erreurs import StoreUnsafeError
from .port import Ecriture
from .privileges import Privileges
from .suite import Suite
from .usage import Usage, garder_apres_fork

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


class Connexion(sqlite3.Connection):
    """A connection that a child process never closes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        garder_apres_fork(self)


class ConnexionDuBassin(SQLiteConnection):
    """The library's connection, which knows what its cache of pages is worth."""

    generation = 0

    def __init__(self, sqlite_conn: sqlite3.Connection, max_age: float | None) -> None:
        super().__init__(sqlite_conn, max_age)
        self.suite = Suite()

    def commit(self) -> None:
        """End the transaction, by a statement kept compiled (that of the driver's own is not)."""
        self._sqlite_conn.cursor().execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if an error of SQLite did not, by a compiled statement too."""
        if self._sqlite_conn.in_transaction:
            self._sqlite_conn.cursor().execute("ROLLBACK")

    def oublier(self, generation: int) -> None:
        """Forget the pages read in an earlier generation of the file."""
        if self.generation != generation:
            self._sqlite_conn.execute("PRAGMA shrink_memory")
            self.suite.oublier()
            self.generation = generation


class Pool(SQLiteConnectionPool):
    """The library's pool, with durable settings on every connection."""

    attente: float = 0
    lecture_seule = False
    privileges: Privileges
    renouee: Callable[[], None] | None = None
    """Told when a connection is made and no other is open: the log may be a new file."""
    regarder: Callable[[], bool] | None = None
    """Asked before a connection is made, by the path: it must still name the base."""
    generation = 0
    """Grows each time others wrote the file: what a connection read before counts no more."""

    @property
    def vide(self) -> bool:
        """Whether no connection is open."""
        return not self._pool and not self._in_use

    def get_connection(
        self, timeout: float | None = None, *, is_writer: bool | None = None
    ) -> ConnexionDuBassin:
        """The library's, which would keep the writers' lock when no connection can be made.

        Without its queue of demands: a connection at rest is taken at once.
        """
        if self._closed:
            raise ConnectionPoolClosedError
        attente = self.pool_timeout if timeout is None else timeout
        if is_writer and not self._writer_lock.acquire(timeout=attente):
            raise ConnectionUnavailableError("Timed out waiting for return of writer")
        try:
            connexion = cast("ConnexionDuBassin", self._get_connection(attente))
        except BaseException:
            if is_writer:
                self._writer_lock.release()
            raise
        if is_writer:
            self._num_writers += 1
            connexion.is_writer = True
        if connexion.generation != self.generation:
            try:
                connexion.oublier(self.generation)
            except BaseException:
                self.put_connection(connexion)
                raise
        return connexion

    def put_connection(self, conn: SQLiteConnection) -> None:
        """The library's, which would also give out again a connection left in a transaction.

        So it is left by a commit or a rollback that failed, or by an interruption after `BEGIN`.
        """
        brute = conn._sqlite_conn
        try:
            if not conn.closed and brute.in_transaction:
                brute.rollback()
        except BaseException:
            conn._closed = True  # never given out again, whatever closing it says
            with suppress(sqlite3.Error):
                brute.close()
            raise
        finally:
            super().put_connection(conn)

    @contextmanager
    def lecture(self) -> Iterator[sqlite3.Cursor]:
        """A cursor that reads one state of the base, in plain tuples."""
        connexion = self.get_connection()
        try:
            with closing(connexion._sqlite_conn.cursor()) as c:
                c.row_factory = None
                c.execute("BEGIN")
                yield c
                connexion.rollback()
        finally:
            self.put_connection(connexion)

    def __init__(self, *, db_name: str, pool_timeout: float) -> None:
        self._usage = Usage("Le bassin de connexions")
        super().__init__(db_name=db_name, pool_timeout=pool_timeout)

    def _create_connection(self) -> SQLiteConnection:
        if self.regarder is not None:
            self.regarder()
        # the library's own connection keeps one prepared statement: each would be compiled anew
        connexion = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            cached_statements=_REQUETES_GARDEES,
            factory=Connexion,
            timeout=self.attente,
        )
        connexion.row_factory = sqlite3.Row  # what the library's own queries expect
        try:
            self._regler(connexion)
            self.privileges.installer(connexion)
        except BaseException:
            connexion.close()
            raise
        if self.renouee is not None and self.vide:
            self.renouee()
        return ConnexionDuBassin(sqlite_conn=connexion, max_age=self.max_age)

    def close(self) -> None:
        """Close every connection; in a child process, touch neither them nor the locks."""
        if not self._usage.etrangere:
            super().close()

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

    @staticmethod
    def _marque(connexion: sqlite3.Connection) -> int:
        return int(connexion.execute("PRAGMA application_id").fetchone()[0])

    def _regler(self, connexion: sqlite3.Connection) -> None:
        """Set and read back every setting. Raises: StoreUnsafeError."""
        if not self.lecture_seule and not self._marque(connexion):
            # in the file itself, before the log exists: a file is recognised by its first bytes.
            # Not only when creating: SQLite may just have undone a creation that was cut short.
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
    """The library's recorder; the index of command ids is written in the same transaction."""

    bassin: Pool
    privileges: Privileges

    def construct_create_table_statements(self) -> list[str]:
        """The library's table, and the index of command ids."""
        return [*super().construct_create_table_statements(), _TABLE_COMMANDES]

    def create_table(self) -> None:
        """Create both tables where they are missing: the only time it is allowed."""
        with self.privileges.pour_creer():
            super().create_table()

    def ecrire(
        self,
        ecritures: Sequence[Ecriture],
        fichier: Path,
        *,
        comptee: int,
        regarder: Callable[[], bool],
    ) -> int:
        """One durable transaction: lines, ids, and the look at what they follow.

        Lines are counted as well when the file is not of the generation at which they were last
        (`comptee`). The generation written in is returned.

        `insert_events` of the library, without its five context managers and its objects: plain
        rows, on a connection of the pool. What is not committed, the pool undoes.
        """
        connexion = self.bassin.get_connection(is_writer=True)
        try:
            with closing(connexion._sqlite_conn.cursor()) as c:
                self._commencer(connexion, c, regarder)
                lignes = [(e.programme, *ligne) for e in ecritures for ligne in e.lignes]
                c.executemany(self.insert_events_statement, lignes)
                ids = [(e.programme, *entree) for e in ecritures for entree in e.ids]
                c.executemany("INSERT INTO fabriques_commandes VALUES (?,?,?,?)", ids)
                generation = connexion.generation
                connexion.suite.controler(c, fichier, ecritures, douteuse=generation != comptee)
                connexion.commit()
            connexion.suite.retenir(ecritures)
            return generation
        finally:
            self.bassin.put_connection(connexion)

    def indexer(self, entrees: Sequence[tuple[Any, ...]], *, regarder: Callable[[], bool]) -> None:
        """Give the index of commands the rows that it lacks, in one durable transaction."""
        connexion = self.bassin.get_connection(is_writer=True)
        try:
            with closing(connexion._sqlite_conn.cursor()) as c:
                self._commencer(connexion, c, regarder)
                c.executemany("INSERT OR IGNORE INTO fabriques_commandes VALUES (?,?,?,?)", entrees)
                connexion.commit()
        finally:
            self.bassin.put_connection(connexion)

    def _commencer(
        self, connexion: ConnexionDuBassin, c: sqlite3.Cursor, regarder: Callable[[], bool]
    ) -> None:
        """Take the writers' lock before any read (a transaction that reads first fails under two
        writers), and forget the pages read before, were the file written during the wait.

        Another thread may have been told so by `regarder`: the generation says it to all.
        """
        c.execute("BEGIN IMMEDIATE")
        while regarder() or connexion.generation != self.bassin.generation:
            c.execute("ROLLBACK")
            connexion.oublier(self.bassin.generation)
            c.execute("BEGIN IMMEDIATE")


class Factory(SQLiteFactory):
    """The library's factory, given its whole environment: no host variable moves the ledger."""

    application_recorder_class = Recorder

    def __init__(self, uri: str, *, lecture_seule: bool, attente: float) -> None:
        env = {"SQLITE_DBNAME": uri, "ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}
        InfrastructureFactory[SQLiteTrackingRecorder].__init__(self, Environment("", env))
        self.datastore = SQLiteDatastore(uri, originator_id_type="text")
        self.datastore.pool.close()
        pool = Pool(db_name=uri, pool_timeout=attente)
        pool.attente = attente
        pool.lecture_seule = lecture_seule
        pool.privileges = Privileges(lecture_seule=lecture_seule)
        self.datastore.pool = self.bassin = pool
        self.recorder = Recorder(datastore=self.datastore)
        self.recorder.bassin = pool
        self.recorder.privileges = pool.privileges

    @contextmanager
    def sans_autre_ecrivain(self) -> Iterator[bool]:
        """Keep other writers out of the log. False, at once, when one is already at work."""
        with self.datastore.get_connection(commit=True) as connexion:
            curseur = connexion.cursor()
            curseur.execute("PRAGMA busy_timeout")
            attente = int(curseur.fetchone()[0])
            curseur.execute("PRAGMA busy_timeout=0")
            try:
                curseur.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as erreur:
                if not str(getattr(erreur, "sqlite_errorname", "")).startswith("SQLITE_BUSY"):
                    raise
                libre = False
            else:
                libre = True
            finally:
                curseur.execute(f"PRAGMA busy_timeout={attente}")
            try:
                yield libre
            finally:
                if libre:
                    connexion.rollback()
