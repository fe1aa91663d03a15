"""Run as a module: execute the jobs of the standard input in another process, print what came out.

A job is `{"base": file or null, "commandes": [...], "lot": size}`; the answer to each, in ASCII
JSON, is its receipts, its figures and the root of its journal. The clock is always the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commands import GrandLivre
from ledger import MemoryStore, SQLiteStore, Store
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing.chiffres import chiffres
from tests.properties.outils import racine

RACINE = Path(__file__).parents[2]


def executer(travail: Json) -> Json:
    """Execute one job."""
    base = travail["base"]
    store: Store = MemoryStore() if base is None else SQLiteStore(base, creer=True)
    with GrandLivre(store, clock=Horloge()) as livre:
        recus = livre.executer_flux(travail["commandes"], lot=travail["lot"])
        return {
            "recus": [recu.en_json() for recu in recus],
            "chiffres": chiffres(store),
            "racine": racine(store).hex(),
        }


def lancer(travaux: Sequence[Json], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a process on these jobs; read its answer with `lire`."""
    processus = subprocess.Popen(
        [sys.executable, "-m", "tests.properties.processus"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=RACINE,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONPATH": str(RACINE), **(env or {})},
    )
    if processus.stdin is not None:
        processus.stdin.write(json.dumps(list(travaux)))
        processus.stdin.close()
        processus.stdin = None
    return processus


def lire(processus: subprocess.Popen[str]) -> Any:
    """Wait for the answer of a process."""
    sortie, erreurs = processus.communicate(timeout=120)
    assert processus.returncode == 0, erreurs
    return json.loads(sortie)


if __name__ == "__main__":
    reponses = [executer(travail) for travail in json.load(sys.stdin)]
    sys.stdout.write(json.dumps(reponses, sort_keys=True))
