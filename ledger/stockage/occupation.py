"""Whether another program is writing to a base in a file: for who wants to say that it waits.

SQLite is not asked: merely opening a file, it undoes or moves what a dead writer left beside it, be
the base ours or not. The lock itself is looked at, where SQLite's file format puts it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .fichier import voisin
from .tenue import est_tenue

_VERROU = 120
"""Byte of the shared memory (`-shm`) that who writes to the log locks (WAL_WRITE_LOCK)."""


def occupee(fichier: Path) -> bool:
    """Whether another process holds the lock of writers, now. Anything else that is wrong: False.

    Nothing is written. To be asked before this process opens the base: closing a file drops the
    locks that its process holds on it. False when it did.
    """
    if est_tenue(fichier):
        return False
    try:
        descripteur = os.open(voisin(fichier, "-shm"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.lockf(descripteur, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _VERROU)
    except (BlockingIOError, PermissionError):  # either may be said of a lock that is taken
        return True
    except OSError:
        return False
    finally:
        os.close(descripteur)
    return False
