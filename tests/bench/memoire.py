"""Memory of a warm ledger, a view, a verification, each measured alone in a fresh process.

    python -m tests.bench.memoire FICHIER livre|vue|audit|ouverte

prints the bytes that the process grew by or, for a verification and for a base that is only opened
(`ouverte`), the greatest that the process ever was.
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
    """Growth per event between two bases of different sizes, in bytes: what does not depend on them
    is left out."""
    ecart = _mesurer(genre, grande[0]) - _mesurer(genre, petite[0])
    return ecart / (grande[1] - petite[1])


def octets_d_un_audit(fichier: Path) -> int:
    """What a verification takes at its peak, over that of a process that only opened the base."""
    return _mesurer("audit", fichier) - _mesurer("ouverte", fichier)


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
    """The greatest size of this program. Linux also counts in `ru_maxrss` the process that started
    it: that of the benchmark, larger than what is measured."""
    statut = Path("/proc/self/status")
    if statut.exists():
        champs = dict(ligne.split(":", 1) for ligne in statut.read_text("utf-8").splitlines())
        return int(champs["VmHWM"].split()[0]) * 1024
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
