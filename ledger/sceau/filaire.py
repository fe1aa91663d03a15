"""The wire forms of SSH (RFC 4251): length-prefixed strings, and Ed25519 keys as blobs."""

from __future__ import annotations

from ..preuve.merkle import TAILLE_EMPREINTE

TYPE_CLE = b"ssh-ed25519"
TAILLE_CLE = TAILLE_EMPREINTE
TAILLE_SIGNATURE = 64
_PREFIXE = 4


def chaine(octets: bytes) -> bytes:
    """A string: its length on 4 bytes, then itself."""
    return len(octets).to_bytes(_PREFIXE, "big") + octets


class Lecteur:
    """Reads a message from its beginning. Raises ValueError when it is too short or too long."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._rang = 0

    def _prendre(self, nombre: int) -> bytes:
        fin = self._rang + nombre
        if fin > len(self._octets):
            raise ValueError("message tronqué")
        debut, self._rang = self._rang, fin
        return self._octets[debut:fin]

    def entier(self) -> int:
        """An unsigned number on 4 bytes."""
        return int.from_bytes(self._prendre(_PREFIXE), "big")

    def chaine(self) -> bytes:
        """A string."""
        return self._prendre(self.entier())

    def finir(self) -> None:
        """Nothing may be left."""
        if self._rang != len(self._octets):
            raise ValueError("message trop long")


def en_blob(cle: bytes) -> bytes:
    """An Ed25519 public key (32 bytes) as SSH names it."""
    return chaine(TYPE_CLE) + chaine(cle)


def lire_blob(blob: bytes) -> bytes | None:
    """The 32 bytes of an Ed25519 key, or None for a key of another kind."""
    try:
        lecteur = Lecteur(blob)
        nature, cle = lecteur.chaine(), lecteur.chaine()
        lecteur.finir()
    except ValueError:
        return None
    return cle if nature == TYPE_CLE and len(cle) == TAILLE_CLE else None
