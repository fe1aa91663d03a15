"""What a connection may do inside SQLite: what the ledger does, and nothing else.

SQLite asks, when a statement is compiled, whether each of its actions is allowed. A reader reads;
a writer also adds rows to the two tables; only the opening of a base may create them. Nobody
updates, deletes, drops, alters, attaches, or plants a trigger or a view, whatever the text of the
statement: an injection, or a fault of ours, stops there. An insert that replaces is, to SQLite, an
insert: a test reads that no statement of ours is one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

TABLES = frozenset({"stored_events", "fabriques_commandes"})
"""The only tables of a base that rows are added to."""
LONGUEUR_MAX = 1_000_000
"""Bytes of a row at most; a line of the journal takes less than 66 000. A row made to fill the
memory is an error before it is read."""

_LECTURES = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION})
_FONCTIONS = frozenset({"count", "max", "min", "typeof"})
_CATALOGUES = frozenset({"sqlite_master", "sqlite_schema"})
_CREATIONS = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE})
_REGLAGES = frozenset(
    {
        "application_id",
        "cell_size_check",
        "data_version",
        "foreign_keys",
        "journal_mode",
        "query_only",
        "recursive_triggers",
        "shrink_memory",
        "synchronous",
        "trusted_schema",
    }
)
"""Pragmas that may still be read, never set, once the connection is restricted."""
_CONTROLE = "integrity_check"
_ATTENTE = "busy_timeout"
"""How long a lock is waited for: the one setting that changes during the life of a connection."""


class Privileges:
    """What the connections of one pool may do, once their settings are made."""

    def __init__(self, *, lecture_seule: bool) -> None:
        self._lecture_seule = lecture_seule
        self._creation = False

    @contextmanager
    def pour_creer(self) -> Iterator[None]:
        """Where the two tables may be created."""
        self._creation = True
        try:
            yield
        finally:
            self._creation = False

    def installer(self, connexion: sqlite3.Connection) -> None:
        """Restrict a connection, for as long as it lives."""
        connexion.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connexion.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGUEUR_MAX)
        connexion.set_authorizer(self._juger)

    def _juger(
        self, action: int, un: str | None, deux: str | None, base: str | None, _: str | None
    ) -> int:
        """Called by SQLite while it compiles a statement; what is not said allowed is denied."""
        if action in _LECTURES:
            permis = True
        elif action == sqlite3.SQLITE_FUNCTION:
            permis = (deux or "").lower() in _FONCTIONS
        elif action == sqlite3.SQLITE_PRAGMA:
            permis = un in (_CONTROLE, _ATTENTE) or (deux is None and un in _REGLAGES)
        elif self._lecture_seule or base != "main":
            permis = False
        elif action == sqlite3.SQLITE_INSERT and un in TABLES:
            permis = True
        else:
            permis = self._creation and _cree(action, un, deux)
        return sqlite3.SQLITE_OK if permis else sqlite3.SQLITE_DENY


def _cree(action: int, un: str | None, deux: str | None) -> bool:
    """Whether the action is part of creating one of the two tables."""
    if action == sqlite3.SQLITE_CREATE_TABLE:
        return un in TABLES
    if action == sqlite3.SQLITE_CREATE_INDEX:  # that of a primary key: no statement can name it
        return deux in TABLES and (un or "").startswith("sqlite_autoindex_")
    return action in _CREATIONS and un in _CATALOGUES
