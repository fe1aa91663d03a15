"""A journal read from where a read model stopped, with the same checks as from the beginning.

The read model keeps the leaf hash of its last line and the complete subtrees of its Merkle tree
(at most log2(N) hashes). The leaf hash at N commits to the whole prefix through `precedent`: when
the journal's line N still has it, the N first lines are those that were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from ledger.evenements import Fait
from ledger.journal import Journal
from ledger.preuve.ligne import Lineur
from ledger.preuve.merkle import TAILLE_EMPREINTE, Arbre, noeud, racine_base64
from ledger.stockage.port import Store


class Souches(Arbre):
    """The right edge of a Merkle tree: enough to append, and for the root at the present size."""

    __slots__ = ("_souches", "_taille")

    def __init__(self, taille: int = 0, texte: str = "") -> None:
        """Resume at a size, from `texte` as `en_texte` gave it."""
        super().__init__()
        self._taille = taille
        octets = bytes.fromhex(texte)
        hauteurs = [h for h in range(taille.bit_length()) if taille >> h & 1]
        self._souches = {
            h: octets[i * TAILLE_EMPREINTE : (i + 1) * TAILLE_EMPREINTE]
            for i, h in enumerate(hauteurs)
        }

    @property
    def taille(self) -> int:
        """How many leaves there are."""
        return self._taille

    def en_texte(self) -> str:
        """The subtrees in hexadecimal, smallest first."""
        return b"".join(self._souches[h] for h in sorted(self._souches)).hex()

    def ajouter(self, feuilles: Iterable[bytes]) -> None:
        """Append leaves, in the order of positions."""
        for feuille in feuilles:
            hauteur, empreinte = 0, feuille
            while hauteur in self._souches:
                empreinte = noeud(self._souches.pop(hauteur), empreinte)
                hauteur += 1
            self._souches[hauteur] = empreinte
            self._taille += 1

    def racine(self, taille: int | None = None) -> bytes:
        """The root at the present size, the only one known here."""
        if taille not in (None, self.taille):
            raise IndexError(f"racine à {taille} demandée, {self.taille} seule connue")
        racine = b""
        for hauteur in sorted(self._souches):
            morceau = self._souches[hauteur]
            racine = noeud(morceau, racine) if racine else morceau
        return racine or sha256(b"").digest()


class FaitLu(NamedTuple):
    """A stored line and its fact."""

    position: int
    topic: str
    octets: bytes
    fait: Fait


class Suite(Journal):
    """A programme's journal, resumed after a position."""

    def __init__(
        self, store: Store, programme: str, souches: Souches, tete: str | None, instant: str
    ) -> None:
        super().__init__(store, programme)
        self.arbre = self.souches = souches
        self.tete = tete
        self.dernier_instant = instant

    def lire(self, *, jusqua: int | None = None) -> Iterator[list[FaitLu]]:
        """The stored lines not read yet with their facts, checked one by one, by pages.

        Raises: ChainBrokenError, StoreError.
        """
        for page in self.store.pages(self.programme, apres=self.taille, jusqua=jusqua):
            faits = self.admettre(page)
            yield [FaitLu(*brute, fait) for brute, (_, fait) in zip(page, faits, strict=True)]


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
        souches.ajouter([lineur.feuille(*brute) for brute in page])
    return racine_base64(souches.racine())
