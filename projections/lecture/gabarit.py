"""The file as SQLite sees it: its schema, its own integrity, its full-text index.

The file may come from anywhere. Nothing of it is executed: its views are not asked, its triggers
never fire (nothing is written), and a table whose definition is another one is not read at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from sqlite_utils import Database

from .schema import RECHERCHE, TOKENIZE, creer_acces, creer_tables

_DEFAUTS_MAX = 50
_NOM_MAX = 80
_GENRES = {
    "table": "La table",
    "view": "La vue",
    "index": "L'index",
    "trigger": "Le déclencheur",
}
# ANALYZE leaves statistics: only SQLite can make a table of that name, and no figure reads it
_OBJETS = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master "
    "WHERE NOT (type = 'table' AND name GLOB 'sqlite_stat[14]') ORDER BY type, name"
)
_INDEX = "structures_fts"
_OMBRES = tuple(f"{_INDEX}{suite}" for suite in ("", "_data", "_idx", "_docsize", "_config"))
_PASSAGERES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_NOMEM")

Definition = tuple[str, str | None]


class Controle(Struct, frozen=True):
    """What is wrong with the file (French sentences), and the tables that can be read."""

    defauts: tuple[str, ...]
    saines: frozenset[str]


@contextmanager
def sans_confiance(db: Database) -> Iterator[None]:
    """Read one state of the file, whose text and schema nobody vouches for. Writes nothing."""
    conn = db.conn
    conn.text_factory = lambda octets: octets.decode("utf-8", "surrogateescape")
    for pragma in ("trusted_schema=0", "cell_size_check=1", "temp_store=2"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.rollback()
        conn.text_factory = str


def est_du_fichier(erreur: sqlite3.Error) -> bool:
    """Whether an error tells of the content of the file, not of the disk or of another program."""
    return not str(getattr(erreur, "sqlite_errorname", "")).startswith(_PASSAGERES)


def controler(db: Database) -> Controle:
    """Check what SQLite itself knows of the file, inside `sans_confiance`."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        attendue = Database(conn, execute_plugins=False, strict=True)
        creer_tables(attendue)
        creer_acces(attendue)
        attendus = _objets(conn)
    tenus = _objets(db.conn)
    defauts = list(_differences(attendus, tenus))
    saines = frozenset(
        nom
        for (genre, nom), d in attendus.items()
        if genre == "table" and tenus.get((genre, nom)) == d
    )
    if all(
        attendus.get(objet) == d for objet, d in tenus.items() if objet[0] in ("table", "index")
    ):
        # a CHECK or an expression of a planted table or index would be evaluated by this pragma
        defauts.extend(_integrite(db.conn))
    if "structures" in saines and saines.issuperset(_OMBRES):
        defauts.extend(_recherche(db.conn))
    if len(defauts) > _DEFAUTS_MAX:
        autres = len(defauts) - _DEFAUTS_MAX
        defauts[_DEFAUTS_MAX:] = [f"{autres} autres défauts du fichier ne sont pas détaillés."]
    return Controle(tuple(map(lisible, defauts)), saines)


def lisible(texte: str) -> str:
    """Text that may hold bytes that are not UTF-8, as valid Unicode."""
    return texte.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _objets(conn: sqlite3.Connection) -> dict[tuple[str, str], Definition]:
    return {(str(g), str(n)): (t, sql) for g, n, t, sql in conn.execute(_OBJETS)}


def _differences(
    attendus: dict[tuple[str, str], Definition], tenus: dict[tuple[str, str], Definition]
) -> Iterator[str]:
    for genre, nom in sorted(attendus.keys() | tenus.keys()):
        quoi = f"{_GENRES.get(genre, genre[:_NOM_MAX])} {nom[:_NOM_MAX]}"
        if (genre, nom) not in tenus:
            yield f"{quoi} manque."
        elif (genre, nom) not in attendus:
            yield f"{quoi} est en trop."
        elif tenus[genre, nom] != attendus[genre, nom]:
            yield f"{quoi} n'a pas la définition attendue."


def _integrite(conn: sqlite3.Connection) -> Iterator[str]:
    try:
        for (phrase,) in conn.execute(f"PRAGMA integrity_check({_DEFAUTS_MAX})"):
            if phrase != "ok":
                yield f"SQLite signale : {str(phrase)[:500]}"
    except sqlite3.DatabaseError as erreur:
        if not est_du_fichier(erreur):
            raise
        yield f"SQLite ne peut pas contrôler le fichier : {erreur}."


def _recherche(conn: sqlite3.Connection) -> Iterator[str]:
    """The full-text index says what the stored structures say, word for word.

    FTS5's own 'integrity-check' needs to write. The same index is made again in memory from the
    stored rows, and both are read word by word, with the counts that the ranking uses.
    """
    colonnes = ", ".join(RECHERCHE)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as neuve:
        neuve.execute(
            f"CREATE VIRTUAL TABLE {_INDEX} USING fts5({colonnes}, content='', "
            f"tokenize='{TOKENIZE}')"
        )
        try:
            neuve.execute("BEGIN")
            neuve.executemany(
                f"INSERT INTO {_INDEX}(rowid, {colonnes}) VALUES ({', '.join('?' * 6)})",  # noqa: S608
                (
                    [lisible(v) if isinstance(v, str) else v for v in ligne]
                    for ligne in conn.execute(
                        f"SELECT numero, {colonnes} FROM structures ORDER BY numero"  # noqa: S608
                    )
                ),
            )
            neuve.execute("COMMIT")
            for tenu, attendu in zip_longest(_mots(conn), _mots(neuve)):
                if tenu != attendu:
                    mot = str((tenu or attendu or ("", ""))[1])[:_NOM_MAX]
                    yield (
                        "L'index plein texte ne dit pas ce que disent les structures "
                        f"(premier écart au mot « {mot} »)."
                    )
                    return
        except sqlite3.DatabaseError as erreur:
            if not est_du_fichier(erreur):
                raise
            yield f"L'index plein texte ne se lit pas : {erreur}."


def _mots(conn: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Every word of the index with its places, then the words counted by row and in all."""
    conn.execute(f"CREATE VIRTUAL TABLE temp.mots USING fts5vocab(main, {_INDEX}, instance)")
    for ligne in conn.execute("SELECT term, doc, col, offset FROM temp.mots"):
        yield 0, *ligne
    for rang, sql in enumerate(
        (
            f"SELECT 'longueurs', id, sz FROM main.{_INDEX}_docsize ORDER BY id",  # noqa: S608
            f"SELECT 'totaux', block FROM main.{_INDEX}_data WHERE id = 1",  # noqa: S608
            f"SELECT 'reglages', k, v FROM main.{_INDEX}_config ORDER BY k",  # noqa: S608
        ),
        1,
    ):
        for ligne in conn.execute(sql):
            yield rang, *ligne
