"""Raw SQLite: the very rows of the engine, in the same tables, with the same durability."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from .charge import PROGRAMME

Ligne = tuple[Any, ...]
_FAIT = "INSERT INTO stored_events VALUES (?,?,?,?)"
_COMMANDE = "INSERT INTO fabriques_commandes VALUES (?,?,?,?)"


@contextmanager
def connexion(fichier: Path) -> Iterator[sqlite3.Connection]:
    """A connection that keeps what it acknowledged: WAL and `synchronous=FULL`."""
    with closing(sqlite3.connect(fichier, isolation_level=None)) as c:
        c.execute("PRAGMA journal_mode=WAL")
        c.execute("PRAGMA synchronous=FULL")
        yield c


def copier(source: Path, vers: Path, taille: int) -> Path:
    """A base with the first events of another and their command ids; the path of the copy."""
    with closing(sqlite3.connect(source)) as c:
        tables = [sql for (sql,) in c.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")]
        marque = c.execute("PRAGMA application_id").fetchone()[0]
    with connexion(vers) as c:
        c.execute(f"PRAGMA application_id={int(marque)}")
        for table in tables:
            c.execute(table)
        c.execute("ATTACH ? AS source", (str(source),))
        c.execute(
            "INSERT INTO stored_events SELECT * FROM source.stored_events "
            "WHERE originator_version<=? ORDER BY originator_id, originator_version",
            (taille,),
        )
        c.execute(
            "INSERT INTO fabriques_commandes SELECT * FROM source.fabriques_commandes "
            "WHERE position<=?",
            (taille,),
        )
        c.execute("DETACH source")
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return vers


def lignes(fichier: Path, apres: int, nombre: int) -> list[tuple[Ligne, Ligne]]:
    """The rows of both tables for the events after a position."""
    bornes = (apres, apres + nombre)
    with closing(sqlite3.connect(fichier)) as c:
        faits = c.execute(
            "SELECT originator_id, originator_version, topic, state FROM stored_events "
            "WHERE originator_version>? AND originator_version<=? ORDER BY originator_version",
            bornes,
        ).fetchall()
        commandes = c.execute(
            "SELECT programme, id_commande, position, empreinte FROM fabriques_commandes "
            "WHERE position>? AND position<=? ORDER BY position",
            bornes,
        ).fetchall()
    return list(zip(faits, commandes, strict=True))


def ecrire_une(c: sqlite3.Connection, rangee: tuple[Ligne, Ligne]) -> None:
    """One durable transaction for one event: both of its rows."""
    fait, commande = rangee
    c.execute("BEGIN")
    c.execute(_FAIT, fait)
    c.execute(_COMMANDE, commande)
    c.execute("COMMIT")


def ecrire_par_lots(
    c: sqlite3.Connection, rangees: Sequence[tuple[Ligne, Ligne]], lot: int
) -> None:
    """`executemany` of both tables, one durable transaction per batch."""
    for debut in range(0, len(rangees), lot):
        morceau = rangees[debut : debut + lot]
        c.execute("BEGIN")
        c.executemany(_FAIT, [fait for fait, _ in morceau])
        c.executemany(_COMMANDE, [commande for _, commande in morceau])
        c.execute("COMMIT")


def parcourir(fichier: Path, taille: int) -> None:
    """Read every row of the journal up to a position, in order, and do nothing with it."""
    with connexion(fichier) as c:
        for _ in c.execute(
            "SELECT originator_version, topic, state FROM stored_events "
            "WHERE originator_id=? AND originator_version<=? ORDER BY originator_version",
            (PROGRAMME, taille),
        ):
            pass
