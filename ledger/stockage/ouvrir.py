"""Opening a base by its name: a SQLite file, or the URL of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from ..erreurs import StoreError, UsageError
from .adresse import Adresse, Base, est_adresse
from .fichier import est_vierge
from .sqlite import SQLiteStore

if TYPE_CHECKING:
    from .postgres import PostgresStore


def ouvrir_magasin(
    base: Base, *, creer: bool = False, ecriture: bool = True, attente: float | None = None
) -> SQLiteStore | PostgresStore:
    """The store of a base. `creer`, `ecriture`, `attente`: see `SQLiteStore`, `PostgresStore`.

    Raises: UsageError, StoreError and its subclasses.
    """
    if not est_adresse(base):
        return SQLiteStore(fspath(base), creer=creer, ecriture=ecriture, attente=attente)
    with _extra():
        from .postgres import PostgresStore  # noqa: PLC0415 - only when asked for
    return PostgresStore(fspath(base), creer=creer, ecriture=ecriture, attente=attente)


def est_absente(base: Base) -> bool:
    """Whether no base is there yet (an empty file is none). Raises: UsageError, StoreError."""
    if not est_adresse(base):
        return est_vierge(Path(base))
    store = ouvrir_magasin(base, creer=True, ecriture=False)
    try:
        return not isinstance(store, SQLiteStore) and not store.existe()
    finally:
        store.fermer()


def preparer(base: Base, *, roles: bool = True) -> None:
    """Give a PostgreSQL database the tables of a ledger, their guards, and the three roles.

    Makes what is missing, changes nothing that is there. Raises: UsageError, StoreError.
    """
    if not est_adresse(base):
        raise UsageError(
            f"{fspath(base)} est un fichier : il n'y a rien à y préparer.",
            remede="Donner l'adresse d'une base PostgreSQL.",
        )
    with _extra():
        from .postgres_preparation import preparer as faire  # noqa: PLC0415
    faire(Adresse(fspath(base)), roles=roles)


def script_sql(*, roles: bool = True) -> str:
    """The same as SQL, for psql."""
    from .postgres_schema import script  # noqa: PLC0415

    return script(roles=roles)


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ImportError as erreur:
        raise StoreError(
            "Il manque de quoi parler à PostgreSQL.",
            remede="Installer l'extra : pip install 'fabriques-ledger[postgres]'.",
        ) from erreur
