"""What an .xls says and its parser does not: formulas, errors, the date system of bare numbers.

An .xls is an OLE container: sectors chained by an allocation table, in which the stream `Workbook`
is a sequence of records. Only what marks need is read; a container that is not whole is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from .erreurs import TableauIllisible
from .inspection import SANS_VALEUR, Marques

_FIN_DE_CHAINE = 0xFFFFFFFA
"""From here on, a sector number is a mark: end of chain, free, table."""
_BOF, _EOF, _FEUILLE, _CALENDRIER, _FORMULE, _ERREUR = 0x809, 0x0A, 0x85, 0x22, 0x06, 0x205
_ERREURS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!"}
_DOSSIER = 128
_PETIT = 4096


def inspecter_xls(chemin: Path, feuille: str, rang: int) -> tuple[Marques, int]:
    """The marks of a sheet, by its rank from 0, and the date system. Raises TableauIllisible."""
    try:
        flux = _classeur(chemin.read_bytes())
        calendrier, debuts = 1900, []
        for genre, _, corps in _articles(flux, 0):
            if genre == _CALENDRIER and corps[:1] == b"\x01":
                calendrier = 1904
            elif genre == _FEUILLE and corps[5] == 0:  # a sheet of cells, not a chart or a macro
                debuts.append(struct.unpack_from("<L", corps)[0])
        marques = Marques(feuille)
        if rang < len(debuts):
            for genre, _, corps in _articles(flux, debuts[rang]):
                _marquer(marques, genre, corps)
    except (struct.error, IndexError, ValueError) as erreur:
        raise TableauIllisible(
            "classeur_endommage",
            f"{chemin.name} ne se lit pas comme un classeur .xls.",
            remede="L'ouvrir dans un tableur et l'enregistrer en .xlsx ou .ods.",
        ) from erreur
    return marques, calendrier


def _marquer(marques: Marques, genre: int, corps: bytes) -> None:
    if genre not in (_FORMULE, _ERREUR):
        return
    ligne, colonne = (n + 1 for n in struct.unpack_from("<HH", corps))
    if genre == _FORMULE:
        marques.formule(ligne, colonne)
        if corps[12:14] == b"\xff\xff" and corps[6] in (2, 3):  # an error, or nothing
            texte = _ERREURS.get(corps[8], SANS_VALEUR) if corps[6] == 2 else SANS_VALEUR  # noqa: PLR2004
            marques.erreur(ligne, colonne, texte)
    elif corps[7]:
        marques.erreur(ligne, colonne, _ERREURS.get(corps[6], SANS_VALEUR))


def _articles(flux: bytes, position: int) -> Iterator[tuple[int, int, bytes]]:
    """The records of one substream: kind, place, body. Nested ones (charts) are passed over."""
    profondeur = 0
    while position + 4 <= len(flux):
        genre, taille = struct.unpack_from("<HH", flux, position)
        corps = flux[position + 4 : position + 4 + taille]
        profondeur += (genre == _BOF) - (genre == _EOF)
        if profondeur == 1:
            yield genre, position, corps
        if profondeur == 0:
            return
        position += 4 + taille
    raise ValueError("truncated")


def _classeur(octets: bytes) -> bytes:
    """The stream of the workbook."""
    secteur = 1 << struct.unpack_from("<H", octets, 30)[0]
    (premier,) = struct.unpack_from("<L", octets, 48)
    table = _table(octets, secteur)
    dossiers = _chaine(octets, table, premier, secteur)
    entrees = [dossiers[n : n + _DOSSIER] for n in range(0, len(dossiers), _DOSSIER)]
    for entree in entrees:
        (longueur,) = struct.unpack_from("<H", entree, 64)
        if entree[: max(longueur - 2, 0)].decode("utf-16-le") not in ("Workbook", "Book"):
            continue
        debut, taille = struct.unpack_from("<LL", entree, 116)
        if taille < _PETIT:
            raise ValueError("kept among the small streams, where no spreadsheet writes a workbook")
        return _chaine(octets, table, debut, secteur)[:taille]
    raise ValueError("no workbook")


def _table(octets: bytes, secteur: int) -> tuple[int, ...]:
    """The allocation table: for each sector, the next one of its chain."""
    (nombre,) = struct.unpack_from("<L", octets, 44)
    lieux = list(struct.unpack_from("<109L", octets, 76))
    (suite,) = struct.unpack_from("<L", octets, 68)
    while suite < _FIN_DE_CHAINE and len(lieux) < nombre:
        bloc = _nombres(octets[(suite + 1) * secteur : (suite + 2) * secteur])
        lieux += bloc[:-1]
        suite = bloc[-1]
    return _nombres(b"".join(octets[(n + 1) * secteur : (n + 2) * secteur] for n in lieux[:nombre]))


def _nombres(octets: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(octets) // 4}L", octets[: len(octets) // 4 * 4])


def _chaine(octets: bytes, table: tuple[int, ...], rang: int, secteur: int) -> bytes:
    """The bytes of a chain of sectors. A chain that turns round is a ValueError."""
    morceaux: list[bytes] = []
    while rang < _FIN_DE_CHAINE:
        if len(morceaux) > len(table):
            raise ValueError("endless chain")
        morceaux.append(octets[(rang + 1) * secteur : (rang + 2) * secteur])
        rang = table[rang]
    return b"".join(morceaux)
