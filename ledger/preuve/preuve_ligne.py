"""The proof of one line: C2SP tlog-proof, a small text that a stranger checks without the base.

    c2sp.org/tlog-proof@v1
    index 11
    <hash, standard base64>
    <hash, standard base64>

    <the checkpoint, as it was signed>

`index` counts from 0, positions from 1. Hashes go from the leaf's neighbour up to the root's child.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from msgspec import Struct

from .merkle import TAILLE_EMPREINTE
from .preuves import inclusion_tient
from .releve import (
    NOTE_MAX_OCTETS,
    TAILLE_MAX,
    Releve,
    illisible,
    lire_base64,
    lire_nombre,
    lire_releve,
)

ENTETE = "c2sp.org/tlog-proof@v1"
HACHAGES_MAX = TAILLE_MAX.bit_length()
"""The height of the tallest tree whose size a checkpoint can say."""
SUPPLEMENT_MAX_OCTETS = 4_096
_TETE_MAX_OCTETS = 16_384
_QUOI = "Preuve"


class PreuveLigne(Struct, frozen=True):
    """That a line is at `position` (from 1) among the lines of a checkpoint.

    `hachages` is the inclusion proof (32 bytes each). `supplement` is the optional `extra` of the
    format: nothing vouches for it, ours is empty.
    """

    position: int
    hachages: tuple[bytes, ...]
    releve: Releve
    supplement: bytes = b""

    def texte(self) -> bytes:
        """The file (`.tlog-proof`)."""
        lignes = [ENTETE]
        if self.supplement:
            lignes.append(f"extra {_base64(self.supplement)}")
        lignes.append(f"index {self.position - 1}")
        lignes += [_base64(hachage) for hachage in self.hachages]
        return "".join(f"{ligne}\n" for ligne in lignes).encode() + b"\n" + self.releve.note()

    def tient(self, ligne: bytes) -> bool:
        """Whether the journal line (no line feed) is where the proof says, under the root said.

        The root is worth what `releve.verdict` says of its signatures: to be asked apart.
        """
        feuille = sha256(b"\x00" + ligne).digest()
        return inclusion_tient(
            feuille, self.position, self.releve.taille, self.hachages, self.releve.racine
        )


def lire_preuve(octets: bytes) -> PreuveLigne:
    """A proof file, checked to the last byte. Raises ReleveUnreadableError."""
    if len(octets) > _TETE_MAX_OCTETS + NOTE_MAX_OCTETS:
        raise illisible("le fichier est trop gros", _QUOI)
    tete, separateur, note = octets.partition(b"\n\n")
    if not separateur or len(tete) > _TETE_MAX_OCTETS or not tete.isascii():
        raise illisible("il lui manque la ligne vide avant le relevé", _QUOI)
    lignes = tete.decode("ascii").split("\n")
    if lignes.pop(0) != ENTETE:
        raise illisible(f"la première ligne n'est pas {ENTETE}", _QUOI)
    supplement = b""
    if lignes and lignes[0].startswith("extra "):
        supplement = lire_base64(lignes.pop(0).removeprefix("extra ")) or b""
        if not 0 < len(supplement) <= SUPPLEMENT_MAX_OCTETS:
            raise illisible("la ligne extra est mal formée", _QUOI)
    rang = lire_nombre(lignes.pop(0).removeprefix("index ")) if lignes else None
    hachages = [lire_base64(ligne) for ligne in lignes]
    lus = tuple(h for h in hachages if h is not None and len(h) == TAILLE_EMPREINTE)
    if rang is None:
        raise illisible("la ligne index est absente ou mal formée", _QUOI)
    if len(lus) != len(lignes) or len(lus) > HACHAGES_MAX:
        raise illisible("une ligne n'est pas 32 octets en base64, ou il y en a trop", _QUOI)
    preuve = PreuveLigne(rang + 1, lus, lire_releve(note), supplement)
    if preuve.texte() != octets:
        raise illisible("elle n'a pas sa forme canonique", _QUOI)
    return preuve


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
