"""The errors of SQLite and of the library turned into ours: code, file, sentence, remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import DatabaseError, IntegrityError, PersistenceError

from ..erreurs import (
    LedgerError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreForeignError,
    StoreFullError,
    StoreReadOnlyError,
    VersionConflictError,
)

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
    (
        "SQLITE_TOOBIG",
        StoreCorruptError,
        "porte une ligne démesurée",
        "Ne rien écrire de plus ; restaurer une sauvegarde et la vérifier.",
    ),
)


@contextmanager
def traduire(fichier: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the library into ours, with the file and a remedy."""
    try:
        yield
    except LedgerError:
        raise
    except (IntegrityError, sqlite3.IntegrityError) as erreur:
        raise VersionConflictError(
            f"{fichier} : la position ou l'identifiant est déjà pris."
        ) from erreur
    except (sqlite3.Error, DatabaseError, PersistenceError) as erreur:
        raise _erreur_de_base(fichier, erreur) from erreur
    except UnicodeDecodeError as erreur:  # SQLite cites a damaged schema in its error
        raise StoreCorruptError(
            f"La base {fichier} est endommagée (son schéma n'est pas du texte).",
            remede="Ne rien écrire de plus ; restaurer une sauvegarde et la vérifier.",
        ) from erreur


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
