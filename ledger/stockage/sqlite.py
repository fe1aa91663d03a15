"""The SQLite store: the `eventsourcing` recorder, with settings that keep what was acknowledged.

The library's table `stored_events` holds the lines; `fabriques_commandes` the command ids, written
in the same transaction. The library sets WAL only: the other settings are set and *asserted* here.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eventsourcing.persistence import (
    DatabaseError,
    InfrastructureFactory,
    IntegrityError,
    PersistenceError,
    StoredEvent,
)
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

from ..erreurs import (
    LedgerError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreForeignError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnsafeError,
    VersionConflictError,
)
from .port import Ecriture, EntreeIndex, LigneBrute

APPLICATION_ID = 0x46414254  # "FABT": marks the file as a ledger base
ATTENTE_SECONDES = 30
_PAGE = 400  # lines and their facts then stay in the processor's cache: measured
_MAX_VARIABLES = 500

_REGLAGES = {
    "synchronous": 2,  # FULL: with NORMAL a power cut loses acknowledged commits
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
_COLONNES = {"originator_id", "originator_version", "topic", "state"}
_TABLE_COMMANDES = (
    "CREATE TABLE IF NOT EXISTS fabriques_commandes ("
    "programme TEXT NOT NULL, "
    "id_commande TEXT NOT NULL, "
    "position INTEGER NOT NULL, "
    "empreinte TEXT NOT NULL, "
    "PRIMARY KEY (programme, id_commande)) WITHOUT ROWID, STRICT"
)


class _Pool(SQLiteConnectionPool):
    """The library's pool, with durable settings on every connection."""

    lecture_seule = False

    def _create_connection(self) -> SQLiteConnection:
        connexion = super()._create_connection()
        curseur = connexion.cursor().sqlite_cursor
        for reglage, valeur in _REGLAGES.items():
            curseur.execute(f"PRAGMA {reglage}={valeur}")
            obtenu = curseur.execute(f"PRAGMA {reglage}").fetchone()
            # a build of SQLite that does not know a setting answers nothing
            if obtenu is None or obtenu[0] != valeur:
                raise StoreUnsafeError(f"SQLite n'accepte pas le réglage {reglage}={valeur}.")
        mode = curseur.execute("PRAGMA journal_mode").fetchone()[0]
        if str(mode).lower() not in ("wal", "memory") and not self.lecture_seule:
            raise StoreUnsafeError(
                f"Le mode de journal SQLite est {mode!r}, pas WAL.",
                remede="Placer la base sur un disque local.",
            )
        return connexion


class _Recorder(SQLiteApplicationRecorder):
    """The library's recorder; the index of command ids is written in the same transaction.

    `insert_events((), lignes=rows of the events table, ids=rows of the index)`.
    """

    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), _TABLE_COMMANDES]

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        # insert before any read: a transaction that reads first fails under two writers
        c.executemany(self.insert_events_statement, kwargs["lignes"])
        c.executemany("INSERT INTO fabriques_commandes VALUES (?,?,?,?)", kwargs["ids"])
        return None


class _Factory(SQLiteFactory):
    """The library's factory, given its whole environment: no host variable moves the ledger."""

    application_recorder_class = _Recorder

    def __init__(self, uri: str, *, lecture_seule: bool) -> None:
        env = {"SQLITE_DBNAME": uri, "ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}
        InfrastructureFactory[SQLiteTrackingRecorder].__init__(self, Environment("", env))
        self.datastore = SQLiteDatastore(uri, originator_id_type="text")
        self.datastore.pool.close()
        pool = _Pool(db_name=uri, lock_timeout=ATTENTE_SECONDES, pool_timeout=ATTENTE_SECONDES)
        pool.lecture_seule = lecture_seule
        pool.is_journal_mode_wal = lecture_seule  # a read-only opening changes nothing
        self.datastore.pool = pool


class SQLiteStore:
    """A base in one SQLite file. Created at the first `ajouter` when `creer` and absent."""

    def __init__(self, fichier: str | Path, *, creer: bool = False, ecriture: bool = True) -> None:
        """Open the file (it must exist unless `creer`). `ecriture=False` opens it read-only.

        Raises: StoreMissingError, StoreForeignError, StoreCorruptError, StoreReadOnlyError,
        StoreUnsafeError.
        """
        self.fichier = Path(fichier)
        self._ecriture = ecriture
        self._factory: _Factory | None = None
        if self.fichier.is_dir():
            raise StoreForeignError(f"{self.fichier} est un dossier, pas une base.")
        if self._existe():
            self._ouvrir()
        elif not creer:
            raise StoreMissingError(
                f"La base {self.fichier} n'existe pas.",
                remede="Vérifier --base, ou l'ouvrir avec une commande OuvrirProgramme.",
            )

    def _existe(self) -> bool:
        try:
            return self.fichier.stat().st_size > 0
        except FileNotFoundError:
            return False
        except OSError as erreur:
            raise StoreError(f"La base {self.fichier} est inaccessible : {erreur}.") from erreur

    def _ouvrir(self, *, creer: bool = False) -> None:
        mode = "rwc" if creer else "rw" if self._ecriture else "ro"
        chemin = quote(str(self.fichier.absolute()))
        with _traduire(self.fichier):
            self._factory = self._brancher(f"file:{chemin}?mode={mode}", creer=creer)

    def _brancher(self, uri: str, *, creer: bool) -> _Factory:
        factory = _Factory(uri, lecture_seule=not self._ecriture)
        try:
            if creer:
                factory.application_recorder_class(datastore=factory.datastore).create_table()
                with factory.datastore.transaction(commit=True) as c:
                    c.execute(f"PRAGMA application_id={APPLICATION_ID}")
            with factory.datastore.transaction(commit=False) as c:
                c.execute("PRAGMA table_info(stored_events)")
                colonnes = {ligne["name"] for ligne in c.fetchall()}
                c.execute("PRAGMA table_info(fabriques_commandes)")
                if not colonnes >= _COLONNES or not c.fetchall():
                    raise StoreForeignError(  # noqa: TRY301 - closed below, like any failure
                        f"{self.fichier} est une base SQLite d'une autre application.",
                        remede="Vérifier --base.",
                    )
        except BaseException:
            factory.close()
            raise
        return factory

    def programmes(self) -> tuple[str, ...]:
        """The programmes that have events, sorted (a skip scan over the primary key)."""
        trouves: list[str] = []
        with self._lecture() as c:
            while True:
                c.execute(
                    "SELECT MIN(originator_id) FROM stored_events WHERE originator_id > ?",
                    (trouves[-1] if trouves else "",),
                )
                suivant = c.fetchone()[0]
                if suivant is None:
                    return tuple(trouves)
                trouves.append(str(suivant))

    def lire(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[LigneBrute]:
        """The lines of a programme, in order."""
        for page in self.pages(programme, apres=apres, jusqua=jusqua):
            for ligne in page:
                yield LigneBrute(*ligne)

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The lines of a programme by pages: no read transaction stays open between two."""
        while self._factory is not None:
            with self._lecture() as c:
                c.execute(
                    "SELECT originator_version, topic, state FROM stored_events "
                    "WHERE originator_id=? AND originator_version>? AND originator_version<=? "
                    "ORDER BY originator_version LIMIT ?",
                    (programme, apres, 2**62 if jusqua is None else jusqua, _PAGE),
                )
                page = c.fetchall()
            if page:
                yield page
            if len(page) < _PAGE:
                return
            apres = page[-1][0]

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Which of these command ids were accepted, and where."""
        trouves: dict[str, EntreeIndex] = {}
        if self._factory is None:
            return trouves
        restants = list(dict.fromkeys(ids))
        with self._lecture() as c:
            for debut in range(0, len(restants), _MAX_VARIABLES):
                lot = restants[debut : debut + _MAX_VARIABLES]
                marques = ",".join("?" * len(lot))
                requete = (
                    "SELECT id_commande, position, empreinte "  # noqa: S608 - question marks only
                    f"FROM fabriques_commandes WHERE programme=? AND id_commande IN ({marques})"
                )
                c.execute(requete, (programme, *lot))
                for ligne in c.fetchall():
                    trouves[ligne[0]] = EntreeIndex(*ligne)
        return trouves

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        """The whole index of command ids, by programme and id."""
        dernier = ("", "")
        while self._factory is not None:
            with self._lecture() as c:
                c.execute(
                    "SELECT programme, id_commande, position, empreinte FROM fabriques_commandes "
                    "WHERE (programme, id_commande) > (?, ?) "
                    "ORDER BY programme, id_commande LIMIT ?",
                    (*dernier, _PAGE),
                )
                page = c.fetchall()
            for programme, id_commande, position, empreinte in page:
                yield programme, EntreeIndex(id_commande, position, empreinte)
            if len(page) < _PAGE:
                return
            dernier = (page[-1][0], page[-1][1])

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add events and ids in one durable transaction: all or nothing."""
        if not self._ecriture:
            raise StoreReadOnlyError(f"La base {self.fichier} est ouverte en lecture seule.")
        if self._factory is None:
            self._creer()
        with _traduire(self.fichier):
            # plain rows rather than StoredEvent objects: they go to SQLite as they are
            _recorder(self._factory).insert_events(
                (),
                lignes=[(e.programme, *ligne) for e in ecritures for ligne in e.lignes],
                ids=[(e.programme, *entree) for e in ecritures for entree in e.ids],
            )

    def _creer(self) -> None:
        """Create the file; several processes may be doing so at once."""
        fin = time.monotonic() + ATTENTE_SECONDES
        while True:
            try:
                return self._ouvrir(creer=True)
            except StoreBusyError:
                if time.monotonic() > fin:
                    raise
                time.sleep(1 / 100)

    def controler(self) -> list[str]:
        """What `PRAGMA integrity_check` and `foreign_key_check` report; empty when sound."""
        if self._factory is None:
            return []
        with self._lecture() as c:
            c.execute("PRAGMA integrity_check(100)")
            defauts = [str(ligne[0]) for ligne in c.fetchall()]
        return [] if defauts == ["ok"] else defauts

    def fermer(self) -> None:
        """Close every connection."""
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    @contextmanager
    def _lecture(self) -> Iterator[sqlite3.Cursor]:
        if self._factory is None:
            raise StoreMissingError(f"La base {self.fichier} n'existe pas.")
        with (
            _traduire(self.fichier),
            self._factory.datastore.transaction(commit=False) as curseur,
        ):
            curseur.sqlite_cursor.row_factory = None
            yield curseur.sqlite_cursor


def _recorder(factory: _Factory | None) -> _Recorder:
    if factory is None:
        raise StoreError("La base n'est pas ouverte.")
    return _Recorder(datastore=factory.datastore)


_FAMILLES: tuple[tuple[str, type[StoreError], str, str], ...] = (
    ("SQLITE_BUSY", StoreBusyError, "est verrouillée par un autre programme", "Réessayer."),
    ("SQLITE_LOCKED", StoreBusyError, "est verrouillée par un autre programme", "Réessayer."),
    (
        "SQLITE_READONLY",
        StoreReadOnlyError,
        "est en lecture seule",
        "Donner le droit d'écrire sur le fichier et son dossier.",
    ),
    (
        "SQLITE_FULL",
        StoreFullError,
        "ne peut plus grandir : le disque est plein",
        "Libérer de la place puis relancer : rien n'est à moitié écrit.",
    ),
    (
        "SQLITE_IOERR",
        StoreFullError,
        "n'a pas pu être écrite ou lue (disque plein ou défaillant)",
        "Vérifier le disque puis relancer : rien n'est à moitié écrit.",
    ),
    (
        "SQLITE_CANTOPEN",
        StoreError,
        "ne peut pas être ouverte",
        "Vérifier le chemin et les droits.",
    ),
    ("SQLITE_NOTADB", StoreForeignError, "n'est pas une base SQLite", "Vérifier --base."),
    (
        "SQLITE_CORRUPT",
        StoreCorruptError,
        "est endommagée",
        "Ne rien écrire de plus ; restaurer une sauvegarde et la vérifier.",
    ),
)


@contextmanager
def _traduire(fichier: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the library into ours, with the file and a remedy."""
    try:
        yield
    except LedgerError:
        raise
    except IntegrityError as erreur:
        raise VersionConflictError(
            f"{fichier} : la position ou l'identifiant est déjà pris."
        ) from erreur
    except (sqlite3.Error, DatabaseError, PersistenceError) as erreur:
        raise _erreur_de_base(fichier, erreur) from erreur


def _erreur_de_base(fichier: Path, erreur: BaseException) -> StoreError:
    cause: BaseException | None = erreur
    while cause is not None:
        nom = getattr(cause, "sqlite_errorname", None)
        if nom is not None:
            for prefixe, classe, phrase, remede in _FAMILLES:
                if str(nom).startswith(prefixe):
                    return classe(f"La base {fichier} {phrase} ({nom}).", remede=remede)
        cause = cause.__cause__
    if isinstance(erreur, TimeoutError):
        return StoreBusyError(f"La base {fichier} est trop sollicitée.", remede="Réessayer.")
    return StoreError(f"La base {fichier} a refusé l'opération : {erreur}.")
