"""The files of a base, seen from outside SQLite: is one there, and is what they hold saved."""

from __future__ import annotations

import os
from pathlib import Path

from ..erreurs import StoreError, StoreFullError, StoreMissingError
from .tenue import lire_debut

ENTETE_OCTETS = 100
_BLOC_OCTETS = 1 << 20
_ANNULATION = bytes.fromhex("d9d505f920a163d7")
"""What a complete rollback journal begins with; the size before, in pages, is at 16."""


def absente(fichier: Path) -> StoreMissingError:
    """The error: there is no base at that place."""
    return StoreMissingError(
        f"La base {fichier} n'existe pas.",
        remede="Vérifier --base, ou l'ouvrir avec une commande OuvrirProgramme.",
    )


def voisin(fichier: Path, suffixe: str) -> Path:
    """A file that SQLite keeps beside the base (`-wal`, `-journal`)."""
    return fichier.with_name(f"{fichier.name}{suffixe}")


def est_vierge(fichier: Path) -> bool:
    """Whether no base is there yet: no file, an empty one, or one whose creation was cut short.

    Cut short: its first bytes are blank, and the rollback journal beside it says that the file was
    empty before. SQLite will empty it again. Raises: StoreError.
    """
    try:
        if fichier.stat().st_size == 0:
            return True
        annulation = voisin(fichier, "-journal")
        if not annulation.exists():
            return False
        blanche = not lire_debut(fichier, ENTETE_OCTETS).strip(b"\0")
        with annulation.open("rb") as f:
            entete = f.read(20)
    except FileNotFoundError:
        return True
    except OSError as erreur:
        raise StoreError(f"La base {fichier} est inaccessible : {erreur}.") from erreur
    return blanche and entete[:8] == _ANNULATION and entete[16:] == bytes(4)


def journal_a_reprendre(fichier: Path) -> bool:
    """Whether the log beside the base (`-wal`) holds something."""
    try:
        return voisin(fichier, "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def synchroniser(chemin: Path, *, reecrire: bool = False) -> None:
    """Have the system save a file, or the names of a folder. Absent: nothing to do.

    `reecrire` writes the same bytes over themselves first; nobody else may be writing the file.

    Raises: StoreFullError when the disk refuses.
    """
    try:
        descripteur = os.open(chemin, os.O_RDWR if reecrire else os.O_RDONLY)
        try:
            if reecrire:
                _reecrire(descripteur)
            os.fsync(descripteur)
        finally:
            os.close(descripteur)
    except FileNotFoundError:
        return
    except OSError as erreur:
        raise StoreFullError(
            f"{chemin} n'a pas pu être écrit sur le disque ({erreur.strerror}).",
            remede="Vérifier le disque puis relancer : rien n'est à moitié écrit.",
        ) from erreur


def _reecrire(descripteur: int) -> None:
    ou = 0
    while octets := os.pread(descripteur, _BLOC_OCTETS, ou):
        ou += os.pwrite(descripteur, octets, ou)
