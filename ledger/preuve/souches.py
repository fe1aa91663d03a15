"""The right edge of a Merkle tree: what is kept to go on hashing a journal without its past."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from .merkle import TAILLE_EMPREINTE, Arbre, noeud

_PAIRE = 2 * TAILLE_EMPREINTE


class Souches(Arbre):
    """At most log2(size) hashes: enough to append, and for the root at the present size."""

    __slots__ = ("_souches", "_taille")

    def __init__(self, taille: int = 0, texte: str = "") -> None:
        """Resume at a size, from `texte` as `en_texte` gave it."""
        # nothing of a whole tree is made: asked here for a leaf or a proof, it fails at once
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
        octets = b"".join(feuilles)
        self._taille += len(octets) // TAILLE_EMPREINTE
        hauteur = 0
        while octets:
            octets = self._souches.pop(hauteur, b"") + octets
            fin = len(octets) // _PAIRE * _PAIRE
            if fin < len(octets):
                self._souches[hauteur] = octets[fin:]
            octets = b"".join(
                [sha256(b"\x01" + octets[k : k + _PAIRE]).digest() for k in range(0, fin, _PAIRE)]
            )
            hauteur += 1

    def racine(self, taille: int | None = None) -> bytes:
        """The root at the present size, the only one known here."""
        if taille not in (None, self.taille):
            raise IndexError(f"racine à {taille} demandée, {self.taille} seule connue")
        racine = b""
        for hauteur in sorted(self._souches):
            morceau = self._souches[hauteur]
            racine = noeud(morceau, racine) if racine else morceau
        return racine or sha256(b"").digest()
