"""A page of stored lines read whole: decoded strictly, hashed, linked from one to the next.

The fast way of every reader (journal, audit, figures): a page that is right passes at once; at the
first doubt there is no page, and the caller goes line by line to say what is wrong, and where.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import MsgspecError, Struct

from ..evenements import Fait
from .canonique import DECODEURS
from .ligne import Lineur

Ligne = tuple[int, str, bytes]


class Page(Struct, frozen=True, gc=False):
    """Facts and leaves of lines that follow one another. What precedes them is not looked at."""

    premiere: int
    """The position of the first line."""
    faits: list[Fait]
    feuilles: bytes
    """32 bytes a line."""

    def suit(self, tete: str | None, instant: str) -> bool:
        """Whether the page follows a line of that leaf, no line before being recorded later."""
        premier = self.faits[0]
        return premier.precedent == tete and premier.enregistre_le >= instant


def lire_page(lineur: Lineur, lignes: Sequence[Ligne], attendue: int) -> Page | None:
    """The lines as a page, when each can be read, is at its place from `attendue` on, links to the
    one before it and was not recorded before it. None as soon as anything is wrong.
    """
    if not lignes:
        return None
    positions, topics, octets = zip(*lignes, strict=True)
    if set(map(type, positions)) != {int} or set(map(type, octets)) != {bytes}:
        return None
    if positions != tuple(range(attendue, attendue + len(lignes))):
        return None
    try:
        faits = [DECODEURS[topic](etat) for topic, etat in zip(topics, octets, strict=True)]
        liens = "".join([fait.precedent for fait in faits[1:]])  # type: ignore[misc]
    except (MsgspecError, ValueError, LookupError, TypeError, RecursionError):
        return None
    instants = [fait.enregistre_le for fait in faits]
    if instants != sorted(instants):
        return None
    feuilles = b"".join(lineur.feuilles(lignes))
    if feuilles[:-32].hex() != liens:
        return None
    return Page(attendue, faits, feuilles)
