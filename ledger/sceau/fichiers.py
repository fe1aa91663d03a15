"""Files kept outside the base: read bounded, written whole, durable, never half and never over.

A file is written aside, flushed to the disk, then linked under its name: a crash leaves the name
absent, or the whole file. Writers of a folder take turns by its lock, released by the system when
a process dies.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERROU = ".verrou"
_SANS_LIEN = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system without hard links answers (a USB key)."""
_CAUSES = {
    errno.EACCES: "les droits ne suffisent pas",
    errno.ECONNREFUSED: "personne n'y répond",
    errno.EEXIST: "il existe déjà",
    errno.EIO: "le disque ne répond pas",
    errno.EISDIR: "c'est un dossier",
    errno.ELOOP: "c'est un lien symbolique",
    errno.ENAMETOOLONG: "son nom est trop long",
    errno.ENOENT: "il n'existe pas",
    errno.ENOSPC: "il n'y a plus de place sur le disque",
    errno.ENOTDIR: "un élément du chemin n'est pas un dossier",
    errno.EROFS: "le disque est en lecture seule",
}


def cause(erreur: OSError) -> str:
    """Why the system refused, in French where it is a common reason."""
    return _CAUSES.get(erreur.errno or 0, erreur.strerror or str(erreur))


def lire(chemin: Path, *, maximum: int, suivre_liens: bool = False) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file (at most `maximum` + 1 of them), and what it is.

    Raises: OSError. A symbolic link is refused unless `suivre_liens`; a pipe is never waited for.
    """
    liens = 0 if suivre_liens else os.O_NOFOLLOW
    descripteur = os.open(chemin, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | liens)
    try:
        etat = os.fstat(descripteur)
        if stat.S_ISDIR(etat.st_mode):  # before `open`, which would name the descriptor
            raise IsADirectoryError(errno.EISDIR, "c'est un dossier", str(chemin))
        if not stat.S_ISREG(etat.st_mode):
            raise OSError(errno.EINVAL, "ce n'est pas un fichier ordinaire", str(chemin))
        with open(descripteur, "rb", closefd=False) as flux:
            return flux.read(maximum + 1), etat
    finally:
        os.close(descripteur)


@contextmanager
def verrou(dossier: Path) -> Iterator[None]:
    """Alone among the writers of this folder, which is made if need be (its parent must exist)."""
    dossier.mkdir(exist_ok=True)
    drapeaux = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descripteur = os.open(dossier / _VERROU, drapeaux, 0o644)
    try:
        fcntl.flock(descripteur, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descripteur)


def poser(chemin: Path, octets: bytes) -> None:
    """A new file, whole and durable. Under the lock. Raises FileExistsError, OSError."""
    partiel = _ecrire_a_cote(chemin, octets)
    try:
        _lier(partiel, chemin)
    finally:
        partiel.unlink(missing_ok=True)
    _assurer(chemin.parent)


def remplacer(chemin: Path, octets: bytes) -> None:
    """A file, new or not, whole and durable. Under the lock."""
    partiel = _ecrire_a_cote(chemin, octets)
    partiel.replace(chemin)
    _assurer(chemin.parent)


def _ecrire_a_cote(chemin: Path, octets: bytes) -> Path:
    partiel = chemin.with_name(f".{chemin.name}.partiel")
    drapeaux = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(partiel, drapeaux, 0o644), "wb") as flux:  # noqa: PTH123 - a descriptor
        flux.write(octets)
        flux.flush()
        os.fsync(flux.fileno())
    return partiel


def _lier(partiel: Path, chemin: Path) -> None:
    """Give the file its name, unless the name is taken."""
    try:
        chemin.hardlink_to(partiel)
    except OSError as erreur:
        if erreur.errno not in _SANS_LIEN:
            raise
        if chemin.exists():
            raise FileExistsError(errno.EEXIST, "il existe déjà", str(chemin)) from erreur
        partiel.rename(chemin)


def _assurer(dossier: Path) -> None:
    """The names of a folder reach the disk."""
    descripteur = os.open(dossier, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descripteur)
    except OSError as erreur:
        if erreur.errno != errno.EINVAL:  # some network file systems have no such call
            raise
    finally:
        os.close(descripteur)
