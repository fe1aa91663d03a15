"""The file of the read model: opening, recognising, one transaction, errors in French.

Journal mode DELETE, not WAL: once closed, or killed, the read model is *one* file that a controller
copies; a reader waits at most for the time of a commit. BEGIN IMMEDIATE: two refreshers queue
instead of failing (a transaction that reads first cannot become a writer after another's commit).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from ledger.erreurs import (
    LedgerError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreForeignError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
)

from .schema import APPLICATION_ID, VERSION

A_REMPLIR = "--base BASE -o FICHIER"
"""In a remedy, what the caller replaces: a read model does not know its base by name."""
_COMMANDE = f"fabriques lecture --reconstruire {A_REMPLIR}"
RECONSTRUIRE = f"Le refaire depuis le journal : {_COMMANDE}"


class ReadModelDivergedError(LedgerError):
    """The read model does not stand for the beginning of this journal. Never repaired silently.

    Attributes: `programme` and `position` that the read model stands for.
    """

    code = "lecture_divergente"

    def __init__(self, message: str, *, programme: str, position: int) -> None:
        super().__init__(
            message,
            remede="Vérifier --base, lancer `fabriques verifier`, puis si le journal est le bon : "
            f"{_COMMANDE}",
        )
        self.programme = programme
        self.position = position


class ReadModelOutdatedError(LedgerError):
    """The read model was made by another version of the figures."""

    code = "lecture_perimee"


_FAMILLES: tuple[tuple[str, type[StoreError], str, str], ...] = (
    ("SQLITE_BUSY", StoreBusyError, "est verrouillé par un autre programme", "Réessayer."),
    ("SQLITE_LOCKED", StoreBusyError, "est verrouillé par un autre programme", "Réessayer."),
    (
        "SQLITE_READONLY",
        StoreReadOnlyError,
        "est en lecture seule",
        "Donner le droit d'écrire sur le fichier et son dossier, ou en choisir un autre.",
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
        "n'a pas pu être écrit ou lu (disque plein ou défaillant)",
        "Vérifier le disque puis relancer : rien n'est à moitié écrit.",
    ),
    ("SQLITE_CANTOPEN", StoreError, "ne peut pas être ouvert", "Vérifier le chemin et les droits."),
    ("SQLITE_NOTADB", StoreForeignError, "n'est pas un fichier SQLite", "Choisir un autre nom."),
    (
        "SQLITE_CORRUPT",
        StoreCorruptError,
        "est endommagé",
        "Le supprimer puis relancer `fabriques lecture` : il se refait depuis le journal.",
    ),
    (
        "SQLITE_CONSTRAINT",
        StoreCorruptError,
        "a été modifié : ses lignes ne se tiennent plus",
        RECONSTRUIRE,
    ),
)


@contextmanager
def traduire(fichier: Path) -> Iterator[None]:
    """Turn the errors of SQLite into ours, with the file and a remedy."""
    try:
        yield
    except sqlite3.Error as erreur:
        nom = str(getattr(erreur, "sqlite_errorname", ""))
        if isinstance(erreur, sqlite3.IntegrityError):
            nom = "SQLITE_CONSTRAINT"  # newer extended codes have no name in older Pythons
        for prefixe, classe, phrase, remede in _FAMILLES:
            if nom.startswith(prefixe):
                raise classe(
                    f"Le modèle de lecture {fichier} {phrase} ({nom}).", remede=remede
                ) from erreur
        raise StoreError(
            f"Le modèle de lecture {fichier} a refusé l'opération : {erreur}.",
            remede=RECONSTRUIRE,
        ) from erreur
    except UnicodeDecodeError as erreur:  # SQLite cites a damaged schema in its error
        raise StoreCorruptError(
            f"Le modèle de lecture {fichier} est endommagé (son schéma n'est pas du texte).",
            remede="Le supprimer puis relancer `fabriques lecture` : il se refait depuis le "
            "journal.",
        ) from erreur


def ouvrir(fichier: Path, *, ecriture: bool, attente: int) -> Database:
    """Open the file, created empty when absent and `ecriture`. `attente`: seconds on a lock.

    `:memory:` is a read model that lives as long as it is open.
    """
    if fichier.is_dir():
        raise StoreForeignError(f"{fichier} est un dossier, pas un modèle de lecture.")
    if not ecriture and not fichier.exists():
        raise StoreMissingError(
            f"Le modèle de lecture {fichier} n'existe pas.",
            remede="Le construire avec `fabriques lecture`.",
        )
    with traduire(fichier):
        uri = f"file:{quote(str(fichier.absolute()))}?mode={'rwc' if ecriture else 'ro'}"
        if str(fichier) == ":memory:":
            uri = "file::memory:"
        conn = sqlite3.connect(uri, uri=True, timeout=attente, isolation_level=None)
        try:
            db = Database(conn, execute_plugins=False, strict=True)
            db.execute("PRAGMA foreign_keys=1")
            reconnaitre(db, fichier)
            if db.execute("PRAGMA journal_mode").fetchone()[0] == "wal" and ecriture:
                db.execute("PRAGMA journal_mode=DELETE")
        except BaseException:
            conn.close()
            raise
    return db


def reconnaitre(db: Database, fichier: Path) -> bool:
    """Whether the file holds a read model; False when it is empty.

    Raises: StoreForeignError when it is something else.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION_ID:
        return True
    if application or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreForeignError(
            f"{fichier} est une base SQLite qui n'est pas un modèle de lecture.",
            remede="Choisir un autre fichier : celui-ci n'est pas touché.",
        )
    return False


def verifier_version(db: Database, fichier: Path) -> None:
    """Refuse to go on with a read model whose figures were made by another version."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise ReadModelOutdatedError(
            f"Le modèle de lecture {fichier} est d'une autre version du logiciel ({version}, "
            f"{VERSION} attendue) : ses chiffres se refont, rien n'est perdu.",
            remede=RECONSTRUIRE,
        )


def _verifier_cles(db: Database) -> None:
    defaut = db.execute("PRAGMA foreign_key_check").fetchone()
    if defaut is not None:
        raise StoreError(f"Une ligne de {defaut[0]} désigne un absent de {defaut[2]}.")


@contextmanager
def transaction(db: Database, *, cles: bool) -> Iterator[None]:
    """One writing transaction: rows and positions commit together, or nothing does.

    `cles`: foreign keys enforced by SQLite, at the commit. Without, a bulk load goes faster and
    every key is checked before the commit.
    """
    db.execute(f"PRAGMA foreign_keys={int(cles)}")
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("PRAGMA defer_foreign_keys=1")
        yield
        if not cles:
            _verifier_cles(db)
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    finally:
        db.execute("PRAGMA foreign_keys=1")
