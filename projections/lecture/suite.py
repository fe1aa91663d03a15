"""A journal read from where a read model stopped, with the same checks as from the beginning.

The read model keeps the leaf hash of its last line and the complete subtrees of its Merkle tree
(at most log2(N) hashes). The leaf hash at N commits to the whole prefix through `precedent`: when
the journal's line N still has it, the N first lines are those that were read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.evenements import Fait
from ledger.journal import Journal
from ledger.preuve.ligne import Lineur
from ledger.preuve.merkle import racine_base64
from ledger.preuve.page import Ligne
from ledger.preuve.souches import Souches
from ledger.stockage.port import Store

Lot = tuple[list[Ligne], list[tuple[int, Fait]]]
"""Stored lines that follow one another, and their facts with their positions."""


class Suite(Journal):
    """A programme's journal, resumed after a position."""

    def __init__(
        self, store: Store, programme: str, souches: Souches, tete: str | None, instant: str
    ) -> None:
        super().__init__(store, programme)
        self.arbre = self.souches = souches
        self.tete = tete
        self.dernier_instant = instant

    def lire(self, *, jusqua: int | None = None) -> Iterator[Lot]:
        """The stored lines not read yet with their facts, checked one by one, by pages.

        Raises: ChainBrokenError, StoreError.
        """
        for page in self.store.pages(self.programme, apres=self.taille, jusqua=jusqua):
            yield page, self.admettre(page)


def empreinte_de_ligne(store: Store, programme: str, position: int) -> str | None:
    """Hex leaf hash of the journal line at a position; None when the journal is shorter."""
    lineur = Lineur(programme)
    for brute in store.lire(programme, apres=position - 1, jusqua=position):
        return lineur.feuille(*brute).hex()
    return None


def racine_relue(store: Store, programme: str, taille: int) -> str:
    """Base64 root of the first lines of a journal, every one of them hashed again."""
    lineur, souches = Lineur(programme), Souches()
    for page in store.pages(programme, jusqua=taille):
        souches.ajouter(lineur.feuille(*brute) for brute in page)
    return racine_base64(souches.racine())
