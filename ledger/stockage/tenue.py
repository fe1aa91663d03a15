"""Reading the first bytes of a base without losing the locks that SQLite holds on it.

POSIX drops every lock of a process on a file when *any* of its descriptors on that file is closed.
Another program then believes that it is the last user of the base and removes the log (`-wal`):
what is acknowledged after that is written to a file that nobody can open again. While a store of
this process is open on a file, a descriptor opened here on it is kept until the last store closes.
"""

from __future__ import annotations

import os
import weakref
from collections import Counter
from pathlib import Path
from threading import RLock

_Inode = tuple[int, int]
_verrou = RLock()  # the collector may let go of a store while it is held
_tenues: Counter[_Inode] = Counter()
_gardes: dict[_Inode, list[int]] = {}


def lire_debut(fichier: Path, octets: int) -> bytes:
    """The first bytes of a file. Raises: OSError."""
    descripteur = os.open(fichier, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(descripteur, octets, 0)
    finally:
        with _verrou:
            inode = _inode(os.fstat(descripteur))
            if _tenues[inode] > 0:
                _gardes.setdefault(inode, []).append(descripteur)
            else:
                os.close(descripteur)


def tenir(fichier: Path, tant_que: object) -> weakref.finalize[..., object] | None:
    """Say that this process uses a file, until the answer is called or the object is gone.

    To be said before SQLite opens it. None when there is no such file.
    """
    try:
        inode = _inode(fichier.stat())
    except OSError:
        return None  # what is wrong with it is said by whoever opens it
    with _verrou:
        _tenues[inode] += 1
    return weakref.finalize(tant_que, _lacher, inode)


def est_tenue(fichier: Path) -> bool:
    """Whether a store of this process is open on a file."""
    try:
        return _tenues[_inode(fichier.stat())] > 0
    except OSError:
        return False


def _lacher(inode: _Inode) -> None:
    with _verrou:
        _tenues[inode] -= 1
        if _tenues[inode] == 0:
            del _tenues[inode]
            for descripteur in _gardes.pop(inode, ()):
                os.close(descripteur)


def _inode(etat: os.stat_result) -> _Inode:
    return etat.st_dev, etat.st_ino
