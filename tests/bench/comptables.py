"""The same balances by ledger, hledger and Beancount, from our exports; an absent one is said so.

Each tool is a process of its own, from the file to the balances, and so are we: from the base,
every line verified, to every figure, on one core. Small sizes measure the start of the processes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from ledger import Journal, SQLiteStore
from projections import regarder
from projections.exports import ecrire_beancount, ecrire_hledger

from . import brut
from .charge import PROGRAMME
from .chrono import Comparaison, Mesure, alterner
from .commun import Tailles

RACINE = Path(__file__).resolve().parents[2]
_NOUS = """
import sys
from ledger import Journal, SQLiteStore
from projections import anomalies, credits, echeancier, enveloppe, regarder, structures
def tout():
    store = SQLiteStore(sys.argv[1], ecriture=False)
    vue = regarder(Journal(store, sys.argv[2]))
    lignes = structures(vue)
    print(enveloppe(vue), credits(vue), anomalies(vue), vue.racine.hex())
    print([echeancier(vue, ligne.structure) for ligne in lignes])
tout()
"""
_BEANCOUNT = """
import sys
from beancount import loader  # the variable leaves its cache of parsed files out
from beancount.core import realization
entrees, erreurs, _ = loader.load_file(sys.argv[1])
if erreurs:
    sys.exit(str(erreurs[0]))
print(len(list(realization.iter_children(realization.realize(entrees)))))
"""


def comptables(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """Our figures against theirs, on `t.comptables` events."""
    taille = t.comptables
    copie = brut.copier(base, dossier / "comptables.db", taille)
    journal, livre = dossier / "export.journal", dossier / "export.beancount"
    store = SQLiteStore(copie, ecriture=False)
    for fichier, ecrire in ((journal, ecrire_hledger), (livre, ecrire_beancount)):
        lu = Journal(store, PROGRAMME)
        with fichier.open("w", encoding="utf-8") as f:
            f.writelines(ecrire(lu, regarder(lu)))
    store.fermer()
    outils = {
        "ledger": _outil("ledger", "-f", str(journal), "balance"),
        "hledger": _outil("hledger", "-f", str(journal), "balance"),
        "beancount": _beancount(livre),
    }
    presents = {nom: commande for nom, commande in outils.items() if commande is not None}
    nous = (sys.executable, "-c", _NOUS, str(copie), PROGRAMME)
    durees = alterner(
        {
            "nous": partial(_lancer, nous),
            **{nom: partial(_lancer, commande) for nom, commande in presents.items()},
        },
        tours=min(t.longs, 2),
    )
    comparer = Comparaison(durees, taille, "µs/fait")
    return [
        comparer(_nom(taille, nom), "nous", nom, 2 if nom == "ledger" else None)
        if nom in presents
        else Mesure(_nom(taille, nom), 0, "", contre=nom, absent=True)
        for nom in outils
    ]


def _nom(taille: int, outil: str) -> str:
    return f"{taille} faits, du fichier aux soldes, contre {outil}"


def _outil(nom: str, *arguments: str) -> tuple[str, ...] | None:
    chemin = shutil.which(nom)
    return None if chemin is None else (chemin, *arguments)


def _beancount(livre: Path) -> tuple[str, ...] | None:
    if find_spec("beancount") is None:
        return None
    return "env", "BEANCOUNT_DISABLE_LOAD_CACHE=1", sys.executable, "-c", _BEANCOUNT, str(livre)


def _lancer(commande: tuple[str, ...], _: int) -> None:
    subprocess.run(commande, cwd=RACINE, capture_output=True, check=True)
