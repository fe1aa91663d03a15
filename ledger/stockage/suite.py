"""What a write follows: the base must still hold the last line that its writer read.

Looked at inside the write transaction, once no other can begin. The connection that wrote that line
itself needs not read it again as long as nobody else wrote to the base, which SQLite tells
(`PRAGMA data_version` moves when another connection commits, of this process or not).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ..preuve.ligne import Lineur
from .identite import remplacee
from .port import Ecriture

_lineur = lru_cache(maxsize=64)(Lineur)


class Suite:
    """The heads that one connection left, programme by programme, and the version it left them at.

    Not thread-safe, like the connection.
    """

    __slots__ = ("_tetes", "_version")

    def __init__(self) -> None:
        self._version: int | None = None
        self._tetes: dict[str, tuple[int, str | None]] = {}

    def oublier(self) -> None:
        """Trust nothing: the file was written otherwise than through SQLite."""
        self._tetes.clear()

    def controler(
        self, c: sqlite3.Cursor, fichier: Path, ecritures: Sequence[Ecriture], *, douteuse: bool
    ) -> None:
        """Check that the lines just inserted follow those that their writer read.

        `douteuse`: count them all as well, the file was written by others.

        Raises: StoreReplacedError when the base went back to an older or to another state.
        """
        version = c.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._tetes.clear()
            self._version = version
        for ecriture in ecritures:
            if ecriture.tete is None or not ecriture.lignes:
                continue
            attendue = (ecriture.lignes[0].position - 1, ecriture.tete)
            if douteuse or self._tetes.get(ecriture.programme) != attendue:
                _relire(c, fichier, ecriture, compter=douteuse)

    def retenir(self, ecritures: Sequence[Ecriture]) -> None:
        """What was checked is committed: these lines are now the last ones."""
        for ecriture in ecritures:
            if ecriture.lignes:
                self._tetes[ecriture.programme] = ecriture.lignes[-1].position, ecriture.fin


def _relire(c: sqlite3.Cursor, fichier: Path, ecriture: Ecriture, *, compter: bool) -> None:
    programme, position = ecriture.programme, ecriture.lignes[0].position - 1
    ligne = c.execute(
        "SELECT originator_version, topic, state FROM stored_events "
        "WHERE originator_id=? AND originator_version=?",
        (programme, position),
    ).fetchone()
    if ligne is None or _feuille(programme, *ligne) != ecriture.tete:
        raise remplacee(fichier, f"elle n'a plus la ligne {position} de {programme} qui y fut lue")
    if compter:
        c.execute("SELECT COUNT(*) FROM stored_events WHERE originator_id=?", (programme,))
        if c.fetchone()[0] != ecriture.lignes[-1].position:
            raise remplacee(fichier, f"il y manque des lignes de {programme}")


def _feuille(programme: str, position: int, topic: object, octets: object) -> str | None:
    """The hex leaf of a stored line; None for what is no line (SQLite keeps any type)."""
    if type(topic) is not str or type(octets) is not bytes:
        return None
    return _lineur(programme).feuille(position, topic, octets).hex()
