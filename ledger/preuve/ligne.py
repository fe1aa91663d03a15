"""The journal line, format v1, frozen: one line per event, and the leaf of the Merkle tree.

    {"journal":SLUG,"pos":N,"state":{...},"type":TOPIC,"v":1}

`state` is the stored bytes, inserted as they are. Leaf = SHA-256(0x00 || line), no line feed.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from ..registre import TYPES

VERSION_LIGNE = 1
LIGNE_MAX_OCTETS = 65_535
"""An entry of a transparency-log tile holds at most that many bytes."""
ETAT_MAX_OCTETS = LIGNE_MAX_OCTETS - 200
"""What is left for the state: slug, position, topic and punctuation take less than 200 bytes."""


class Lineur:
    """Builds the lines of one journal (the parts that never change are prepared once)."""

    __slots__ = ("_fins", "_prefixe")

    def __init__(self, journal: str) -> None:
        # slugs and topics are [a-z0-9-]: no character of theirs needs escaping in JSON
        self._prefixe = b'{"journal":"' + journal.encode("ascii") + b'","pos":'
        self._fins = {topic: _fin(topic) for topic in TYPES}

    def ligne(self, position: int, topic: str, octets: bytes) -> bytes:
        """The journal line of the event at that position."""
        fin = self._fins.get(topic) or _fin(topic)
        return b'%b%d,"state":%b%b' % (self._prefixe, position, octets, fin)

    def feuille(self, position: int, topic: str, octets: bytes) -> bytes:
        """The 32 bytes of the Merkle leaf of that event."""
        fin = self._fins.get(topic) or _fin(topic)
        return sha256(b'\x00%b%d,"state":%b%b' % (self._prefixe, position, octets, fin)).digest()

    def feuilles(self, lignes: Iterable[tuple[int, str, bytes]]) -> list[bytes]:
        """The Merkle leaves of lines whose topics are all known, as `feuille` gives them."""
        prefixe, fins = b"\x00" + self._prefixe, self._fins
        return [
            sha256(b'%b%d,"state":%b%b' % (prefixe, position, octets, fins[topic])).digest()
            for position, topic, octets in lignes
        ]


def _fin(topic: str) -> bytes:
    return b',"type":"%b","v":%d}' % (topic.encode("ascii", "replace"), VERSION_LIGNE)
