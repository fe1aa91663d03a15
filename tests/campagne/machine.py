"""The machine campaign: random commands to the engine and to the reference model, until a number.

    python -m tests.campagne.machine [--commandes 1000000] [--graine 1] [--processus 2]

Each seed is a run of Hypothesis of its own (`eprouver`), always the same one; seeds follow each
other from `--graine` until that many commands were sent. A divergence stops everything, is printed
with its seed and its commands, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from commands import GrandLivre
from commands.testing import Divergence, Epreuve, Moteur, eprouver
from ledger import MemoryStore
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing import controler, lecteur
from tests.modules import charger

EXEMPLES = 400
"""Histories of one seed."""


@dataclass
class Compte:
    """What the systems of one run were sent and asked."""

    statuts: Counter[str] = field(default_factory=Counter)
    regards: int = 0

    @property
    def commandes(self) -> int:
        """How many commands were sent."""
        return sum(self.statuts.values())


class MoteurCompte(Moteur):
    """The engine, its answers counted."""

    def __init__(self, compte: Compte) -> None:
        livre = GrandLivre(MemoryStore(), clock=Horloge())
        super().__init__(livre, lecteur=lecteur(livre.store))
        self._compte = compte

    def executer(self, commande: Json) -> Json:
        """Execute one command."""
        recu = super().executer(commande)
        self._compte.statuts[recu["code"] or recu["statut"]] += 1
        return recu

    def lire(self, chiffre: str, **demande: Any) -> Any:
        """One figure."""
        self._compte.regards += 1
        return super().lire(chiffre, **demande)

    def redemarrer(self) -> None:
        """A new writer on the same store."""
        self.livre = GrandLivre(self.livre.store, clock=Horloge())


def manche(graine: int, exemples: int = EXEMPLES) -> Compte:
    """One seed. Raises: Divergence."""
    compte = Compte()
    epreuve = Epreuve(controles=[controler])
    charger()
    eprouver(lambda: MoteurCompte(compte), epreuve, exemples=exemples, pas=25, graine=graine)
    return compte


def _manche_ou_divergence(graine: int) -> tuple[int, Compte | str]:
    try:
        return graine, manche(graine)
    except Divergence as divergence:
        return graine, str(divergence)


def _manches(premiere: int, processus: int) -> Iterator[tuple[int, Compte | str]]:
    with multiprocessing.get_context("spawn").Pool(processus) as pool:
        graine = premiere
        while True:  # by waves, so that stopping leaves nothing undone
            yield from pool.imap(_manche_ou_divergence, range(graine, graine + 2 * processus))
            graine += 2 * processus


def main() -> int:
    """Run the campaign and print what it did."""
    lecteur_d_arguments = argparse.ArgumentParser(description=__doc__)
    lecteur_d_arguments.add_argument("--commandes", type=int, default=1_000_000)
    lecteur_d_arguments.add_argument("--graine", type=int, default=1)
    lecteur_d_arguments.add_argument("--processus", type=int, default=2)
    demande = lecteur_d_arguments.parse_args()
    debut, total, regards, dernieres = time.monotonic(), Counter[str](), 0, demande.graine
    for graine, compte in _manches(demande.graine, demande.processus):
        if isinstance(compte, str):
            sys.stdout.write(f"DIVERGENCE, graine {graine}\n{compte}\n")
            return 1
        total += compte.statuts
        regards += compte.regards
        dernieres = graine
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{total.total():>9} commandes")
        if total.total() >= demande.commandes:
            break
    duree = round(time.monotonic() - debut)
    codes = [code for code in total if code not in ("acceptee", "deja_executee")]
    sys.stdout.write(
        f"graines {demande.graine} à {dernieres} : {total.total()} commandes "
        f"({total['acceptee']} acceptées, {total['deja_executee']} renvoyées, "
        f"{sum(total[c] for c in codes)} refusées pour {len(codes)} raisons), "
        f"{regards} chiffres comparés, 0 divergence, {duree} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
