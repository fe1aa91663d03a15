"""RFC 6962 / 9162 Merkle tree over the leaves of a journal, kept by levels, append-only.

node = SHA-256(0x01 || left || right); the root of an empty tree is SHA-256 of nothing. Every
complete subtree is stored once (64 bytes per event in all), so the root *at any past size* costs
at most log2(size) hashes: an old receipt is answered as fast as a new one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from threading import Lock
from typing import Self
from weakref import WeakSet

TAILLE_EMPREINTE = 32


def noeud(gauche: bytes, droite: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + gauche + droite).digest()


def _moitie(taille: int) -> int:
    """The largest power of two below a size above one: where RFC 6962 splits a tree."""
    return 1 << (taille - 1).bit_length() - 1


class Arbre:
    """The tree of one journal. `ajouter` is the only way to change it.

    Leaves are kept as they come; inner nodes are hashed when a root is first asked for. A tree may
    be resumed at a size from its right edge alone: what is older is then read again when asked for.
    """

    __slots__ = ("__weakref__", "_etages", "_passe", "_reprise", "_verrou")

    def __init__(self) -> None:
        # nodes by level, and the rank of the first one kept of each level; replaced together
        self._etages: tuple[list[bytearray], list[int]] = ([bytearray()], [0])
        self._reprise = 0
        self._passe: Callable[[], bytes] = bytes
        self._verrou = Lock()  # receipts are read by any thread
        _VIVANTS.add(self)

    @classmethod
    def reprendre(cls, taille: int, souches: bytes, passe: Callable[[], bytes]) -> Self:
        """The tree of `taille` leaves, from what `souches` gave; `passe` gives all its leaves."""
        arbre = cls()
        niveaux, debuts = arbre._etages = ([], [])
        for niveau in range(taille.bit_length()):
            present = taille >> niveau & 1
            niveaux.append(bytearray(souches[: present * TAILLE_EMPREINTE]))
            debuts.append((taille >> niveau) - present)
            souches = souches[present * TAILLE_EMPREINTE :]
        arbre._reprise, arbre._passe = taille, passe
        return arbre

    @property
    def taille(self) -> int:
        """How many leaves there are."""
        niveaux, debuts = self._etages
        return debuts[0] + len(niveaux[0]) // TAILLE_EMPREINTE

    def ajouter(self, feuilles: Iterable[bytes]) -> None:
        """Append leaves (32 bytes each), in the order of positions."""
        octets = b"".join(feuilles)
        with self._verrou:
            self._etages[0][0] += octets

    def souches(self) -> bytes:
        """The right edge: the complete subtrees at the present size, smallest first."""
        taille = self._taille_demandee(None)
        return b"".join(
            [
                self._noeud(niveau, (taille >> niveau) - 1)
                for niveau in range(taille.bit_length())
                if taille >> niveau & 1
            ]
        )

    def feuilles(self) -> bytes:
        """Every leaf, one after the other."""
        self._remonter()
        return bytes(self._etages[0][0])

    def feuille(self, position: int) -> bytes:
        """The leaf at a position (1..taille)."""
        if not 1 <= position <= self.taille:
            raise IndexError(f"position {position} hors de 1..{self.taille}")
        if position <= self._reprise:
            self._remonter()
        return self._noeud(0, position - 1)

    @staticmethod
    def _completer(etages: tuple[list[bytearray], list[int]]) -> None:
        """Hash the inner nodes of every subtree that became complete, level by level."""
        niveaux, debuts = etages
        niveau, paire = 0, 2 * TAILLE_EMPREINTE
        while len(niveaux[niveau]) >= paire:
            if niveau + 1 == len(niveaux):
                debuts.append(0)
                niveaux.append(bytearray())
            enfants, parents = niveaux[niveau], niveaux[niveau + 1]
            connus = debuts[niveau + 1] + len(parents) // TAILLE_EMPREINTE
            debut = (2 * connus - debuts[niveau]) * TAILLE_EMPREINTE
            a_hacher = bytes(enfants[debut : len(enfants) // paire * paire])
            parents += b"".join(
                [
                    sha256(b"\x01" + a_hacher[k : k + paire]).digest()
                    for k in range(0, len(a_hacher), paire)
                ]
            )
            niveau += 1

    def _remonter(self) -> None:
        """Have every leaf, of a tree that was resumed without its past."""
        if not self._reprise:
            return
        passe = self._passe()
        with self._verrou:
            if self._reprise:
                niveaux, debuts = self._etages
                suite = niveaux[0][(self._reprise - debuts[0]) * TAILLE_EMPREINTE :]
                # of the size resumed at, the caller made sure; inner nodes come when asked for
                entier = ([bytearray(passe) + suite], [0])
                self._completer(entier)  # before other threads, who read without the lock, see it
                self._etages, self._reprise = entier, 0

    def racine(self, taille: int | None = None) -> bytes:
        """The root (32 bytes) of the first `taille` leaves, of all of them by default."""
        taille = self._taille_demandee(taille)
        return self._plage(0, taille) if taille else sha256(b"").digest()

    def inclusion(self, position: int, taille: int | None = None) -> tuple[bytes, ...]:
        """The proof that the line at a position is in the tree of `taille` lines (RFC 6962 2.1.1).

        Hashes from the leaf up to the root; `preuves.inclusion_tient` checks them.
        """
        taille = self._taille_demandee(taille)
        if not 1 <= position <= taille:
            raise IndexError(f"position {position} hors de 1..{taille}")
        self._remonter()
        rang, debut, fin = position - 1, 0, taille
        chemin: list[bytes] = []
        while fin - debut > 1:
            milieu = debut + _moitie(fin - debut)
            if rang < milieu:
                chemin.append(self._plage(milieu, fin))
                fin = milieu
            else:
                chemin.append(self._plage(debut, milieu))
                debut = milieu
        return tuple(reversed(chemin))

    def coherence(self, ancienne: int, taille: int | None = None) -> tuple[bytes, ...]:
        """The proof that the first `ancienne` lines are the beginning of the tree (RFC 6962 2.1.2).

        Empty for equal sizes; `preuves.coherence_tient` checks it.
        """
        taille = self._taille_demandee(taille)
        if not 1 <= ancienne <= taille:
            raise IndexError(f"taille {ancienne} hors de 1..{taille}")
        self._remonter()
        debut, fin = 0, taille
        chemin: list[bytes] = []
        while ancienne < fin:
            milieu = debut + _moitie(fin - debut)
            if ancienne <= milieu:
                chemin.append(self._plage(milieu, fin))
                fin = milieu
            else:
                chemin.append(self._plage(debut, milieu))
                debut = milieu
        if debut:  # otherwise the verifier knows that node: it is the old root
            chemin.append(self._plage(debut, fin))
        return tuple(reversed(chemin))

    def _taille_demandee(self, taille: int | None) -> int:
        taille = self.taille if taille is None else taille
        if not 0 <= taille <= self.taille:
            raise IndexError(f"taille {taille} hors de 0..{self.taille}")
        if taille < self._reprise:
            self._remonter()
        with self._verrou:
            self._completer(self._etages)
        return taille

    def _plage(self, debut: int, fin: int) -> bytes:
        """The root of the leaves [debut, fin[; `debut` begins a complete subtree of that size."""
        # complete subtrees from the right (smallest) to the left, hashed together
        racine, reste = b"", fin - debut
        for niveau in range(reste.bit_length()):
            if reste >> niveau & 1:
                fin -= 1 << niveau
                morceau = self._noeud(niveau, fin >> niveau)
                racine = noeud(morceau, racine) if racine else morceau
        return racine

    def _noeud(self, niveau: int, rang: int) -> bytes:
        niveaux, debuts = self._etages
        debut = (rang - debuts[niveau]) * TAILLE_EMPREINTE
        return bytes(niveaux[niveau][debut : debut + TAILLE_EMPREINTE])


_VIVANTS: WeakSet[Arbre] = WeakSet()


def apres_fork() -> None:
    """In a child process: a lock may have been held by a thread that is not there any more."""
    for arbre in list(_VIVANTS):
        arbre._verrou = Lock()


def racine_base64(racine: bytes) -> str:
    """A root as people exchange it: standard base64, as in a checkpoint."""
    return b64encode(racine).decode("ascii")
