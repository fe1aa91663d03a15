"""The stream of commands that every fault interrupts, and what an undisturbed run answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from pathlib import Path

from commands import GrandLivre
from commands.demo import PROGRAMME, commandes_demo, laureats
from ledger import MemoryStore
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing.chiffres import chiffres

FIN = date(2022, 12, 31)


@dataclass(frozen=True)
class Plan:
    """Commands, the transactions that group them, and the journal of an undisturbed run."""

    commandes: tuple[Json, ...]
    lots: tuple[int, ...]
    racines: tuple[str, ...]
    """Root at each size: `racines[0]` is the root of one event."""
    chiffres: Json

    @property
    def frontieres(self) -> frozenset[int]:
        """Every size that a journal may have: transactions are whole."""
        return frozenset((0, *accumulate(self.lots)))

    def ecrire(self, fichier: Path) -> Path:
        """The commands as a file that `fabriques executer` reads."""
        lignes = [json.dumps(commande, ensure_ascii=False) + "\n" for commande in self.commandes]
        fichier.write_text("".join(lignes), encoding="utf-8")
        return fichier


def horloge() -> Horloge:
    """A clock that stands still: an interrupted stream and its retry seal the same bytes."""
    return Horloge(pas=0)


@cache
def planifier(structures: int, lots: Sequence[int] = (1,)) -> Plan:
    """The demonstration for so many laureates, in transactions of these sizes, in turn."""
    connues = {laureat.structure for laureat in laureats()[:structures]}
    commandes = tuple(c for c in commandes_demo(FIN) if c.get("structure") in (None, *connues))
    tailles: list[int] = []
    while sum(tailles) < len(commandes):
        suivant = lots[len(tailles) % len(lots)]
        tailles.append(min(suivant, len(commandes) - sum(tailles)))
    store = MemoryStore()
    recus = GrandLivre(store, clock=horloge()).executer_lot(commandes)
    if {recu.statut for recu in recus} != {"acceptee"}:
        raise ValueError("le flux des fautes ne doit contenir que des commandes acceptées")
    racines = tuple(str(recu.racine) for recu in recus)
    return Plan(commandes, tuple(tailles), racines, chiffres(store, programme=PROGRAMME))
