"""The Merkle tree as RFC 6962 defines it, read off sections 2.1, 2.1.1 and 2.1.2, and nothing else.

Roots and proofs are recursive and slow; so are the two rebuilds, which answer what a verifier must.
Places count from 0 here, as in the RFC.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

Preuve = tuple[bytes, ...]


def feuille(entree: bytes) -> bytes:
    """The leaf hash of an input."""
    return sha256(b"\x00" + entree).digest()


def noeud(gauche: bytes, droite: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + gauche + droite).digest()


def coupe(taille: int) -> int:
    """The largest power of two smaller than the size."""
    puissance = 1
    while puissance * 2 < taille:
        puissance *= 2
    return puissance


class Naif:
    """The RFC's functions over a list of leaf hashes."""

    def __init__(self, feuilles: list[bytes]) -> None:
        self.feuilles = feuilles
        self.mth = cache(self._mth)

    def racine(self, taille: int) -> bytes:
        """MTH of the first leaves."""
        return self.mth(0, taille)

    def _mth(self, debut: int, fin: int) -> bytes:
        if debut == fin:
            return sha256(b"").digest()
        if fin - debut == 1:
            return self.feuilles[debut]
        milieu = debut + coupe(fin - debut)
        return noeud(self.mth(debut, milieu), self.mth(milieu, fin))

    def chemin(self, rang: int, debut: int, fin: int) -> Preuve:
        """PATH(rang, D[debut:fin])."""
        taille = fin - debut
        if taille == 1:
            return ()
        k = coupe(taille)
        if rang < k:
            return (*self.chemin(rang, debut, debut + k), self.mth(debut + k, fin))
        return (*self.chemin(rang - k, debut + k, fin), self.mth(debut, debut + k))

    def coherence(self, ancienne: int, taille: int) -> Preuve:
        """PROOF(ancienne, D[:taille])."""
        return self._sous_preuve(ancienne, 0, taille, True)

    def _sous_preuve(self, m: int, debut: int, fin: int, entier: bool) -> Preuve:
        if m == fin - debut:
            return () if entier else (self.mth(debut, fin),)
        k = coupe(fin - debut)
        if m <= k:
            return (*self._sous_preuve(m, debut, debut + k, entier), self.mth(debut + k, fin))
        return (*self._sous_preuve(m - k, debut + k, fin, False), self.mth(debut, debut + k))


def inclusion_naive(f: bytes, rang: int, taille: int, preuve: Preuve) -> bytes | None:
    """The root that an inclusion proof leads to, None when it has not the right length."""
    if not 0 <= rang < taille:
        return None
    if taille == 1:
        return None if preuve else f
    if not preuve:
        return None
    k, dernier = coupe(taille), preuve[-1]
    if rang < k:
        dessous = inclusion_naive(f, rang, k, preuve[:-1])
        return None if dessous is None else noeud(dessous, dernier)
    dessous = inclusion_naive(f, rang - k, taille - k, preuve[:-1])
    return None if dessous is None else noeud(dernier, dessous)


def coherence_naive(
    m: int, n: int, ancienne: bytes, preuve: Preuve, *, entier: bool = True
) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to, from the old root that it leaves out."""
    if not 1 <= m <= n:
        return None
    if m == n and entier:
        return None if preuve else (ancienne, ancienne)
    if not preuve:
        return None
    if m == n:
        return (preuve[0], preuve[0]) if len(preuve) == 1 else None
    k, dernier = coupe(n), preuve[-1]
    if m <= k:
        deux = coherence_naive(m, k, ancienne, preuve[:-1], entier=entier)
        return None if deux is None else (deux[0], noeud(deux[1], dernier))
    deux = coherence_naive(m - k, n - k, ancienne, preuve[:-1], entier=False)
    return None if deux is None else (noeud(dernier, deux[0]), noeud(dernier, deux[1]))
