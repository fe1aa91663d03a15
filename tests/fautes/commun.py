"""What the campaigns share: their report, a folder in memory, histories drawn from a seed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, seed, settings

from commands import GrandLivre, Recu
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import MemoryStore, SQLiteStore, Store
from ledger.audit import verifier
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing.chiffres import chiffres
from tests.modules import charger
from tests.properties.outils import LENTEURS, octets

MEMOIRE = Path("/dev/shm")  # noqa: S108 - a folder in memory, where there is one
_HISTOIRES_TIREES = 12


@dataclass
class Bilan:
    """What a campaign saw. `manquees` must stay empty."""

    rondes: int = 0
    vues: Counter[str] = field(default_factory=Counter)
    """What was counted: faults by kind, kills, receipts checked..."""
    manquees: list[str] = field(default_factory=list)
    """One sentence for each broken promise."""

    def exiger(self, vrai: object, promesse: str) -> None:
        """Note a broken promise."""
        if not vrai:
            self.manquees.append(promesse)


@contextmanager
def dossier() -> Iterator[Path]:
    """A folder removed at the end, in memory where the machine has such a place."""
    ou = MEMOIRE if MEMOIRE.is_dir() else None
    chemin = Path(tempfile.mkdtemp(prefix="fautes-", dir=ou))
    try:
        yield chemin
    finally:
        shutil.rmtree(chemin, ignore_errors=True)


def tirer(graine: int, *, nombre: int = 1, longueur: int = 45) -> list[list[Json]]:
    """Lists of commands, refusals included, drawn from the seed: long ones, money moves."""
    tirees: list[list[Json]] = []

    @seed(graine)
    @settings(
        max_examples=nombre + _HISTOIRES_TIREES,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=LENTEURS,
    )
    @given(histoire=histoires(maximum=longueur))
    def garder(histoire: Histoire) -> None:
        tirees.append(histoire.commandes)

    charger()
    garder()
    return sorted(tirees, key=len)[-nombre:]  # the first draws are the shortest ones


def figee() -> Horloge:
    """A clock that always says the same: bytes do not depend on how many times it is read."""
    return Horloge(pas=0)


def jumeau(commandes: Sequence[Json]) -> tuple[MemoryStore, list[Recu]]:
    """The same commands where nothing fails: the store and the receipts to compare with."""
    store = MemoryStore()
    livre = GrandLivre(store, clock=figee())
    return store, [livre.executer(commande) for commande in commandes]


def sans_statut(recu: Recu) -> dict[str, Any]:
    """A receipt, accepted now or before."""
    return recu.en_json() | {"statut": "acceptee" if recu.acceptee else "refusee"}


def confronter(base: Path, temoin: Store, bilan: Bilan, ou: str) -> None:
    """The base against its unfaulted twin: bytes of journal and index, audit, figures."""
    store = SQLiteStore(base, ecriture=False)
    try:
        bilan.exiger(octets(store) == octets(temoin), f"{ou} : octets différents du jumeau")
        if temoin.taille(PROGRAMME):
            rapport = verifier(store, PROGRAMME)
            bilan.exiger(rapport.conforme, f"{ou} : audit {[c.code for c in rapport.constats]}")
            bilan.exiger(chiffres(store) == chiffres(temoin), f"{ou} : chiffres différents")
    finally:
        store.fermer()
