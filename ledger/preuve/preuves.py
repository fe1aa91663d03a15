"""Check inclusion and consistency proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

Pure, from bytes alone: what a stranger holding two roots needs, and nothing else. A malformed
proof is a false one; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from .merkle import TAILLE_EMPREINTE, noeud


def inclusion_tient(
    feuille: bytes, position: int, taille: int, preuve: Sequence[bytes], racine: bytes
) -> bool:
    """Whether the proof shows that `feuille` is line `position` (from 1) of `taille` lines."""
    if not 1 <= position <= taille or not _empreintes(feuille, racine, *preuve):
        return False
    rang, dernier, calculee = position - 1, taille - 1, feuille
    for voisin in preuve:
        if dernier == 0:
            return False
        if rang & 1 or rang == dernier:
            calculee = noeud(voisin, calculee)
            while rang and not rang & 1:
                rang, dernier = rang >> 1, dernier >> 1
        else:
            calculee = noeud(calculee, voisin)
        rang, dernier = rang >> 1, dernier >> 1
    return dernier == 0 and calculee == racine


def coherence_tient(
    ancienne: int,
    racine_ancienne: bytes,
    taille: int,
    racine: bytes,
    preuve: Sequence[bytes],
) -> bool:
    """Whether the proof shows that the `ancienne` lines of a root begin the `taille` of another."""
    if not 1 <= ancienne <= taille or not _empreintes(racine_ancienne, racine, *preuve):
        return False
    if ancienne == taille:
        return not preuve and racine_ancienne == racine
    suite = list(preuve)
    if not ancienne & (ancienne - 1):  # a complete tree: its root is the first node
        suite.insert(0, racine_ancienne)
    if not suite:
        return False
    rang, dernier = ancienne - 1, taille - 1
    while rang & 1:
        rang, dernier = rang >> 1, dernier >> 1
    avant = apres = suite[0]
    for voisin in suite[1:]:
        if dernier == 0:
            return False
        if rang & 1 or rang == dernier:
            avant, apres = noeud(voisin, avant), noeud(voisin, apres)
            while rang and not rang & 1:
                rang, dernier = rang >> 1, dernier >> 1
        else:
            apres = noeud(apres, voisin)
        rang, dernier = rang >> 1, dernier >> 1
    return dernier == 0 and avant == racine_ancienne and apres == racine


def _empreintes(*morceaux: bytes) -> bool:
    return all(type(m) is bytes and len(m) == TAILLE_EMPREINTE for m in morceaux)
