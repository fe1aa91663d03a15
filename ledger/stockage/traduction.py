"""The errors of SQLite and of the library turned into ours: code, file, sentence, remedy."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType

from eventsourcing.persistence import IntegrityError, PersistenceError

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


class traduire:  # noqa: N801 - read as a verb, `with traduire(fichier):`
    """Turn the errors of SQLite and of the library into ours, with the file and a remedy."""

    __slots__ = ("_fichier",)

    def __init__(self, fichier: Path) -> None:
        self._fichier = fichier

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        genre: type[BaseException] | None,
        erreur: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if erreur is None or isinstance(erreur, LedgerError):
            return
        if isinstance(erreur, IntegrityError | sqlite3.IntegrityError):
            raise VersionConflictError(
                f"{self._fichier} : la position ou l'identifiant est déjà pris."
            ) from erreur
        if isinstance(erreur, sqlite3.Error | PersistenceError):
            raise _erreur_de_base(self._fichier, erreur) from erreur
        if isinstance(erreur, UnicodeDecodeError):  # SQLite cites a damaged schema in its error
            raise StoreCorruptError(
                f"La base {self._fichier} est endommagée (son schéma n'est pas du texte).",
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
