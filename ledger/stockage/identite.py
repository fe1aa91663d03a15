"""Which files a base is: those that were opened must still be the ones that its path names.

SQLite goes on writing to a file deleted or renamed under it, and to a log that nobody else will
read: it would be acknowledged, and lost. Looking costs a `stat` a file.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..erreurs import StoreReplacedError

_REMEDE = (
    "Ne rien écrire de plus : fermer la base, retrouver le fichier d'origine, et confronter les "
    "reçus et relevés gardés ailleurs avec la base en place (`fabriques verifier`)."
)


class Identite:
    """The files of one open base, as they were when it was opened."""

    def __init__(self, fichier: Path, *, ecriture: bool) -> None:
        self._fichier = fichier
        self._chemin = os.fspath(fichier.absolute())
        # a reader's log comes and goes with the writers
        suffixes = ("-wal", "-shm") if ecriture else ()
        self._a_cote = [f"{self._chemin}{suffixe}" for suffixe in suffixes]
        vu = _stat(self._chemin)
        self._noeud = _noeud(vu)
        self._octets, self._instant = (0, 0) if vu is None else (vu.st_size, vu.st_ctime_ns)
        self.renouer()

    def renouer(self) -> None:
        """Every connection was closed, SQLite made a new log: the main file alone must be there."""
        self._noeuds = [(chemin, _noeud(_stat(chemin))) for chemin in self._a_cote]

    def verifier(self, *, seule: bool = False, apres_ecriture: bool = False) -> bool:
        """Look again. Whether the main file was written since the last look.

        `seule`: the main file only, when no connection is open or when the log is looked at later.
        Raises: StoreReplacedError when one of the files is gone, is another file, or is shorter.
        """
        vu = _stat(self._chemin)
        if vu is None or (vu.st_dev, vu.st_ino) != self._noeud:
            raise self._autre(self._chemin)
        # a ledger only grows; restored through SQLite, our own checkpoint may cut it
        if vu.st_size < self._octets and not apres_ecriture:
            raise remplacee(
                self._fichier, f"elle avait {self._octets} octets, elle en a {vu.st_size}"
            )
        if not seule:
            for chemin, noeud in self._noeuds:
                if _noeud(_stat(chemin)) != noeud:
                    raise self._autre(chemin)
        instant, self._instant, self._octets = self._instant, vu.st_ctime_ns, vu.st_size
        return instant != self._instant

    def _autre(self, chemin: str) -> StoreReplacedError:
        return remplacee(
            self._fichier,
            f"{chemin} n'est plus le fichier qui a été ouvert (supprimé, déplacé ou remplacé)",
        )


def _stat(chemin: str) -> os.stat_result | None:
    try:
        return os.stat(chemin)  # noqa: PTH116 - a Path costs as much as the call
    except FileNotFoundError:
        return None


def _noeud(vu: os.stat_result | None) -> tuple[int, int] | None:
    return None if vu is None else (vu.st_dev, vu.st_ino)


def remplacee(fichier: Path | None, quoi: str) -> StoreReplacedError:
    """The error, in words; the file is left out by those who do not know where the lines are."""
    base = "La base" if fichier is None else f"La base {fichier}"
    return StoreReplacedError(f"{base} a été remplacée pendant son usage : {quoi}.", remede=_REMEDE)
