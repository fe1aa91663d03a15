"""RFC 6962 / 9162 Merkle tree over the leaves of a journal, kept by levels, append-only.

node = SHA-256(0x01 || left || right); the root of an empty tree is SHA-256 of nothing. Every
complete subtree is stored once (64 bytes per event in all), so the root *at any past size* costs
at most log2(size) hashes: an old receipt is answered as fast as a new one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from threading import Lock

TAILLE_EMPREINTE = 32


def noeud(gauche: bytes, droite: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + gauche + droite).digest()


class Arbre:
    """The tree of one journal. `ajouter` is the only way to change it.

    Leaves are kept as they come; inner nodes are hashed when a root is first asked for.
    """

    __slots__ = ("_niveaux", "_verrou")

    def __init__(self) -> None:
        self._niveaux: list[bytearray] = [bytearray()]
        self._verrou = Lock()  # receipts are read by any thread

    @property
    def taille(self) -> int:
        """How many leaves there are."""
        return len(self._niveaux[0]) // TAILLE_EMPREINTE

    def ajouter(self, feuilles: Iterable[bytes]) -> None:
        """Append leaves (32 bytes each), in the order of positions."""
        self._niveaux[0] += b"".join(feuilles)

    def feuille(self, position: int) -> bytes:
        """The leaf at a position (1..taille)."""
        if not 1 <= position <= self.taille:
            raise IndexError(f"position {position} hors de 1..{self.taille}")
        return self._noeud(0, position - 1)

    def _completer(self) -> None:
        """Hash the inner nodes of every subtree that became complete, level by level."""
        niveau = 0
        while len(self._niveaux[niveau]) >= 2 * TAILLE_EMPREINTE:
            if niveau + 1 == len(self._niveaux):
                self._niveaux.append(bytearray())
            enfants, parents = self._niveaux[niveau], self._niveaux[niveau + 1]
            paire = 2 * TAILLE_EMPREINTE
            debut, fin = 2 * len(parents), len(enfants) // paire * paire
            a_hacher = bytes(enfants[debut:fin])
            parents += b"".join(
                [
                    sha256(b"\x01" + a_hacher[k : k + paire]).digest()
                    for k in range(0, len(a_hacher), paire)
                ]
            )
            niveau += 1

    def racine(self, taille: int | None = None) -> bytes:
        """The root (32 bytes) of the first `taille` leaves, of all of them by default."""
        taille = self.taille if taille is None else taille
        if not 0 <= taille <= self.taille:
            raise IndexError(f"taille {taille} hors de 0..{self.taille}")
        with self._verrou:
            self._completer()
        # complete subtrees from the right (smallest) to the left, hashed together
        racine = b""
        debut = taille
        for niveau in range(taille.bit_length()):
            if taille >> niveau & 1:
                debut -= 1 << niveau
                morceau = self._noeud(niveau, debut >> niveau)
                racine = noeud(morceau, racine) if racine else morceau
        return racine or sha256(b"").digest()

    def _noeud(self, niveau: int, rang: int) -> bytes:
        debut = rang * TAILLE_EMPREINTE
        return bytes(self._niveaux[niveau][debut : debut + TAILLE_EMPREINTE])


def racine_base64(racine: bytes) -> str:
    """A root as people exchange it: standard base64, as in a checkpoint."""
    return b64encode(racine).decode("ascii")
