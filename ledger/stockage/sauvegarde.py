"""A copy of a SQLite base while others write to it: SQLite's own online backup, on one snapshot.

The copy is made aside, saved to the disk, and put in place whole by whoever verified it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from ..erreurs import UsageError
from .fichier import synchroniser
from .traduction import traduire

_PAGES = 1_000
"""Pages copied between two words about the progress."""


def copier(
    fichier: Path, partiel: Path, *, progres: Callable[[int, int], None] | None = None
) -> None:
    """Copy the base as it is now. `progres` is given the pages copied, and how many there are.

    Through SQLite only: a plain copy may mix two moments, and opening the file drops its locks.
    Raises: StoreError and its subclasses.
    """

    def dire(_: int, reste: int, total: int) -> None:
        if progres is not None:
            progres(total - reste, total)

    adresse = f"file:{quote(str(fichier.absolute()))}?mode=ro"
    with (
        traduire(fichier),
        closing(sqlite3.connect(adresse, uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(partiel, isolation_level=None)) as copie,
    ):
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot is taken
        source.backup(copie, pages=_PAGES, progress=dire)
        source.execute("ROLLBACK")
        copie.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    synchroniser(partiel)


def poser(partiel: Path, cible: Path) -> None:
    """Put a finished copy in place; what is already there is never replaced."""
    try:
        os.link(partiel, cible)
    except FileExistsError as erreur:
        raise deja_la(cible) from erreur
    except OSError:  # a file system without hard links
        if cible.exists():
            raise deja_la(cible) from None
        partiel.rename(cible)
    else:
        partiel.unlink()
    synchroniser(cible.absolute().parent)


def deja_la(cible: Path) -> UsageError:
    """The error: a copy never replaces anything."""
    return UsageError(
        f"{cible} existe déjà : une sauvegarde n'en remplace pas une autre.",
        remede="Donner un nouveau nom de fichier.",
    )
