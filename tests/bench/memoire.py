"""Memory of a warm ledger, a view, a verification, each measured alone in a fresh process.

    python -m tests.bench.memoire FICHIER livre|vue|audit|ouverte

prints the bytes that the process grew by; for a verification, the greatest that it ever was, less
that of a process that only opened the base (`ouverte`): both are peaks, neither a moment's size.
Called by the benchmark, twice: the difference between two sizes leaves out what does not depend on
them.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from pathlib import Path

from commands import GrandLivre
from ledger import Journal, SQLiteStore
from ledger.audit import verifier
from projections import regarder

from .charge import PROGRAMME

RACINE = Path(__file__).resolve().parents[2]


def octets_par_fait(genre: str, petite: tuple[Path, int], grande: tuple[Path, int]) -> float:
    """Growth per event between two bases of different sizes, in bytes."""
    ecart = _grandir(genre, grande[0]) - _grandir(genre, petite[0])
    return ecart / (grande[1] - petite[1])


def _grandir(genre: str, fichier: Path) -> int:
    pris = _mesurer(genre, fichier)
    return pris - _mesurer("ouverte", fichier) if genre == "audit" else pris


def _mesurer(genre: str, fichier: Path) -> int:
    fait = subprocess.run(
        [sys.executable, "-m", "tests.bench.memoire", str(fichier), genre],
        cwd=RACINE,
        capture_output=True,
        check=True,
        text=True,
    )
    return int(fait.stdout)


def _residente() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * resource.getpagesize()
    return _pic()


def _pic() -> int:
    pic = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pic if sys.platform == "darwin" else pic * 1024


def _occuper(fichier: Path, genre: str) -> int:
    gc.collect()
    avant = _residente()
    if genre == "livre":
        with GrandLivre.ouvrir(fichier) as livre:
            etat = livre.etat(PROGRAMME)
            gc.collect()
            return _residente() - avant if etat.position else 0
    store = SQLiteStore(fichier, ecriture=False)
    if genre in ("audit", "ouverte"):
        if genre == "audit":
            verifier(store, PROGRAMME)
        else:
            store.taille(PROGRAMME)
        store.fermer()
        return _pic()
    vue = regarder(Journal(store, PROGRAMME))
    gc.collect()
    apres = _residente()
    store.fermer()
    return apres - avant if vue.situation.position else 0


if __name__ == "__main__":
    sys.stdout.write(f"{_occuper(Path(sys.argv[1]), sys.argv[2])}\n")
