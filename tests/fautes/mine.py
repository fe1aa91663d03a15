"""A mine under the store: the k-th call to SQLite, or to the store, raises.

Every call is two points, before it is made and after it succeeded: an error raised after a commit
is the ambiguous one. Rows given to `executemany` are points too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from ledger.stockage.port import Ecriture, EntreeIndex
from ledger.stockage.sqlite import SQLiteStore
from ledger.stockage.traduction import traduire

T = TypeVar("T")
Fabrique = Callable[[], BaseException]


def sqlite_dit(nom: str) -> Fabrique:
    """An error as SQLite raises it, with its symbolic name."""

    def fabriquer() -> BaseException:
        erreur = sqlite3.OperationalError(f"panne provoquée ({nom})")
        erreur.sqlite_errorname = nom
        return erreur

    return fabriquer


GENRES: dict[str, Fabrique] = {
    "OSError": lambda: OSError(5, "panne provoquée"),
    "SQLITE_IOERR": sqlite_dit("SQLITE_IOERR_WRITE"),
    "SQLITE_FULL": sqlite_dit("SQLITE_FULL"),
    "SQLITE_BUSY": sqlite_dit("SQLITE_BUSY"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("panne provoquée"),
    "MemoryError": lambda: MemoryError("panne provoquée"),
}
DUREES = (1, 1, 2, 3, 1_000)
"""How many calls in a row fail: the rollback, the closing may fail as well."""


class Mine:
    """Counts the points passed while armed, and raises from the k-th on, `duree` times."""

    def __init__(self) -> None:
        self._cible = 0
        self._duree = 1
        self._compte = 0
        self._fabrique: Fabrique = GENRES["OSError"]
        self._touchees: list[str] = []

    def armer(self, cible: int, genre: str, *, duree: int = 1) -> None:
        """The `cible`-th point from here will raise."""
        self._cible, self._duree, self._compte = cible, duree, 0
        self._fabrique = GENRES[genre]
        self._touchees = []

    def desarmer(self) -> list[str]:
        """Nothing raises any more; the points that did."""
        self._cible = 0
        return self._touchees

    def passer(self, point: str) -> None:
        """One point."""
        if not self._cible:
            return
        self._compte += 1
        if self._cible <= self._compte < self._cible + self._duree:
            self._touchees.append(point)
            raise self._fabrique()

    def a_travers(self, point: str, appel: Callable[[], T]) -> T:
        """A call between its two points."""
        self.passer(f"{point}, avant")
        resultat = appel()
        self.passer(f"{point}, après")
        return resultat

    def lignes(self, rangees: Iterable[Any]) -> Iterator[Any]:
        """Rows, each a point."""
        for rangee in rangees:
            self.passer("rangée")
            yield rangee


@contextmanager
def posee(mine: Mine) -> Iterator[None]:
    """Every connection opened from here on is mined."""
    ouvrir = sqlite3.connect
    minees: dict[type[sqlite3.Connection], type[sqlite3.Connection]] = {}

    def connecter(
        *args: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **kwargs: Any
    ) -> sqlite3.Connection:
        mine.passer("connect, avant")
        minee = minees.setdefault(factory, _connexion(mine, factory))
        ouverte = ouvrir(*args, factory=minee, **kwargs)
        try:
            mine.passer("connect, après")
        except BaseException:
            sqlite3.Connection.close(ouverte)  # nobody else knows of it
            raise
        return ouverte

    with mock.patch.object(sqlite3, "connect", connecter):
        yield


def _connexion(mine: Mine, base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    class Curseur(sqlite3.Cursor):
        def execute(self, sql: str, parametres: Any = (), /) -> Any:
            avec = super().execute
            return mine.a_travers(_mot(sql), lambda: avec(sql, parametres))

        def executemany(self, sql: str, rangees: Any, /) -> Any:
            avec = super().executemany
            return mine.a_travers(_mot(sql), lambda: avec(sql, mine.lignes(rangees)))

        def fetchone(self) -> Any:
            return mine.a_travers("fetchone", super().fetchone)

        def fetchall(self) -> list[Any]:
            return mine.a_travers("fetchall", super().fetchall)

    class Connexion(base):  # type: ignore[misc, valid-type]
        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(Curseur)

        def commit(self) -> None:
            mine.a_travers("COMMIT", super().commit)

        def rollback(self) -> None:
            mine.a_travers("ROLLBACK", super().rollback)

        def close(self) -> None:
            super().close()  # releases what it held, whatever happens: SQLite promises it
            mine.passer("close, après")

    return Connexion


def _mot(sql: str) -> str:
    mots = sql.replace("=", " ").split()
    return " ".join(mots[: 2 if mots[0] == "PRAGMA" else 1])


class StoreMine(SQLiteStore):
    """The SQLite store, each of its own calls between two points as well."""

    def __init__(self, fichier: Path, mine: Mine, *, attente: float) -> None:
        self._mine = mine
        super().__init__(fichier, creer=True, attente=attente)

    def _appeler(self, nom: str, appel: Callable[[], T]) -> T:
        with traduire(self.fichier):  # a store raises its own errors
            return self._mine.a_travers(nom, appel)

    def taille(self, programme: str) -> int:
        """Mined."""
        return self._appeler("taille", lambda: super(StoreMine, self).taille(programme))

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """Mined: each page is a point."""
        with traduire(self.fichier):
            yield from self._mine.lignes(super().pages(programme, apres=apres, jusqua=jusqua))

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Mined."""
        avec = super().retrouver
        return self._appeler("retrouver", lambda: avec(programme, ids))

    def taille_index(self, programme: str) -> int:
        """Mined."""
        avec = super().taille_index
        return self._appeler("taille_index", lambda: avec(programme))

    def reindexer(self, programme: str, entrees: Iterable[EntreeIndex]) -> None:
        """Mined."""
        avec = super().reindexer
        self._appeler("reindexer", lambda: avec(programme, self._mine.lignes(entrees)))

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Mined."""
        avec = super().ajouter
        self._appeler("ajouter", lambda: avec(ecritures))
