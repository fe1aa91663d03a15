"""Whether another program is writing to a base in a file: for who wants to say that it waits."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


def occupee(fichier: Path) -> bool:
    """Whether the lock of writers is taken, at this moment. Anything else that is wrong: False.

    Nothing is written. To be asked before this process opens the base for writing.
    """
    adresse = f"file:{quote(str(fichier.absolute()))}?mode=rw"
    try:
        with closing(sqlite3.connect(adresse, uri=True, timeout=0, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            base.execute("ROLLBACK")
    except sqlite3.Error as erreur:
        return str(getattr(erreur, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
    return False
