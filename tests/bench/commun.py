"""What the trials share: sizes, the base they start from, and the check that nothing is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from commands import Commande, CommandeIllisible, GrandLivre, Recu, en_commande

from .charge import PAIEMENTS, Objet, commandes


@dataclass(frozen=True, slots=True)
class Tailles:
    """How much is measured. A trial of `tours` turns has one more, not counted, before."""

    total: int
    """Events of the base that replays read."""
    depart: int
    """Events of the base that sequences and batches start from."""
    tours: int
    sequence: int
    """Commands of one turn, executed one by one."""
    lots: int
    """Batches of one turn."""
    positions: tuple[int, int]
    rejeux: int
    croissance: tuple[int, ...]
    par_appelant: int = 1
    """Lives that each concurrent caller plays in one turn."""
    grande: int = 0
    """Events of the base that is replayed, verified, opened; 0: that of `total`."""
    longs: int = 1
    """Turns of the trials that take many seconds each."""
    comptables: int = 1_000
    """Events that accounting tools read."""


COMPLET = Tailles(
    *(200_000, 2_000, 9, 100, 8, (1_000, 1_000_000), 3, (1_000, 10_000, 100_000, 1_000_000), 2),
    grande=1_000_000,
    longs=3,
    comptables=50_000,
)
COURT = Tailles(
    *(100_000, 2_000, 5, 60, 4, (1_000, 50_000), 3, (1_000, 10_000, 100_000), 1),
    grande=200_000,
    longs=2,
    comptables=10_000,
)
RAPIDE = Tailles(*(6_000, 1_000, 3, 40, 2, (500, 5_000), 3, (500, 1_000, 5_000)), grande=6_000)


def reference(fichier: Path, taille: int, *, paiements: int = PAIEMENTS) -> Path:
    """The base of the whole workload, filled by batches; every command must be accepted."""
    with GrandLivre.ouvrir(fichier, creer=True) as livre:
        exiger(livre.executer_flux(map(modele, commandes(taille, paiements=paiements))))
    return fichier


def modele(objet: Objet) -> Commande:
    """The validated command of a JSON object."""
    lu = en_commande(objet)
    if isinstance(lu, CommandeIllisible):
        raise TypeError(lu.refus.phrase)
    return lu


def exiger(recus: Iterable[Recu]) -> None:
    """Every command was accepted: a refusal costs less, and would flatter the figures."""
    for recu in recus:
        if recu.statut != "acceptee":
            raise ValueError(f"{recu.id_commande} : {recu.statut} ({recu.refus})")
