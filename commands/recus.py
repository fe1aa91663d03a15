"""Receipts: the answer to one command, kept outside the base as evidence."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from ledger.preuve.merkle import Arbre, racine_base64

from .refus import Refus

Statut = Literal["acceptee", "deja_executee", "refusee"]


class Recu(Struct, frozen=True, gc=False):
    """The answer to one command.

    `taille` and `racine` are the size and Merkle root of the journal right after the event: kept
    outside the base, they prove later that the event was never altered. A refusal has neither
    positions nor root, and says why (`refus`).
    """

    id_commande: str | None
    statut: Statut
    positions: tuple[int, ...] = ()
    refus: Refus | None = None
    programme: str | None = None
    rang: int = 0
    """In the single receipt of a refused atomic batch: the rank of that command, from 0."""
    arbre: Arbre | None = None
    """The tree that `racine` is read from."""

    @property
    def taille(self) -> int | None:
        """Size of the journal at the last event of the command."""
        return self.positions[-1] if self.positions else None

    @property
    def racine(self) -> str | None:
        """Merkle root at that size, standard base64; computed when asked."""
        if self.arbre is None or not self.positions:
            return None
        return racine_base64(self.arbre.racine(self.positions[-1]))

    @property
    def acceptee(self) -> bool:
        """Whether the command took effect, now or before."""
        return self.statut != "refusee"

    def en_json(self) -> dict[str, Any]:
        """The public JSON of a receipt."""
        return {
            "id_commande": self.id_commande,
            "statut": self.statut,
            "code": self.refus.code if self.refus is not None else None,
            "message": self.refus.phrase if self.refus is not None else None,
            "positions": list(self.positions),
            "taille": self.taille,
            "racine": self.racine,
        }
