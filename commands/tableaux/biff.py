"""What an .xls says and its parser does not: formulas, errors, units, the date system of numbers.

An .xls is an OLE container: sectors chained by an allocation table, in which the stream `Workbook`
is a sequence of records. Only what marks need is read; a container that is not whole is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from .erreurs import TableauIllisible
from .inspection import SANS_VALEUR, Marques
from .unites import unite_du_format

_FIN_DE_CHAINE = 0xFFFFFFFA
"""From here on, a sector number is a mark: end of chain, free, table."""
_BOF, _EOF, _FEUILLE, _CALENDRIER, _FORMULE, _ERREUR = 0x809, 0x0A, 0x85, 0x22, 0x06, 0x205
_FORMAT, _STYLE, _NOMBRE, _COMPRIME, _COMPRIMES = 0x41E, 0xE0, 0x203, 0x27E, 0xBD
_ERREURS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!"}
_DOSSIER = 128
_RACINE = 5
"""Kind of the directory entry that holds the small streams."""
_BIFF8 = 0x600


def inspecter_xls(chemin: Path, nom: str, feuille: str, rang: int) -> tuple[Marques, int]:
    """The marks of a sheet, by its rank from 0, and the date system. `nom`: of the file, as told.

    Raises: TableauIllisible.
    """
    try:
        flux = _classeur(chemin.read_bytes())
        calendrier, debuts, formats = 1900, [], _Formats()
        for genre, _, corps in _articles(flux, 0):
            if genre == _CALENDRIER and corps[:1] == b"\x01":
                calendrier = 1904
            elif genre == _FEUILLE and corps[5] == 0:  # a sheet of cells, not a chart or a macro
                debuts.append(struct.unpack_from("<L", corps)[0])
            else:
                formats.lire(genre, corps)
        marques, unites = Marques(feuille), formats.unites()
        if rang < len(debuts):
            for genre, _, corps in _articles(flux, debuts[rang]):
                _marquer(marques, genre, corps)
                for ligne, colonne, style in _nombres_de(genre, corps) if unites else ():
                    if style in unites:
                        marques.unite(ligne + 1, colonne + 1, unites[style])
    except (struct.error, IndexError, ValueError) as erreur:
        raise TableauIllisible(
            "classeur_endommage",
            f"{nom} ne se lit pas comme un classeur .xls.",
            remede="L'ouvrir dans un tableur et l'enregistrer en .xlsx ou .ods.",
        ) from erreur
    return marques, calendrier


class _Formats:
    """The number formats of a workbook, and which style of cell uses which."""

    def __init__(self) -> None:
        self._large = True
        self._codes: dict[int, str] = {}
        self._styles: list[int] = []

    def lire(self, genre: int, corps: bytes) -> None:
        """One record of the globals; those of no use here are passed over."""
        if genre == _BOF:
            self._large = struct.unpack_from("<H", corps)[0] >= _BIFF8
        elif genre == _STYLE:
            self._styles.append(struct.unpack_from("<H", corps, 2)[0])
        elif genre == _FORMAT:
            (numero,) = struct.unpack_from("<H", corps)
            if not self._large:
                code = corps[3:].decode("cp1252", "replace")
            elif corps[4] & 1:
                code = corps[5 : len(corps) - (len(corps) - 5) % 2].decode("utf-16-le", "replace")
            else:
                code = corps[5:].decode("latin-1")
            self._codes[numero] = code

    def unites(self) -> dict[int, str]:
        """Style -> the unit that its format shows, when it is not the euro."""
        vues = (
            (n, unite_du_format(str(f), self._codes.get(f))) for n, f in enumerate(self._styles)
        )
        return {style: unite for style, unite in vues if unite is not None}


def _nombres_de(genre: int, corps: bytes) -> Iterator[tuple[int, int, int]]:
    """Row and column from 0, and style, of each number that a record holds."""
    if genre in (_NOMBRE, _COMPRIME, _FORMULE):
        yield struct.unpack_from("<HHH", corps)
    elif genre == _COMPRIMES:
        ligne, colonne = struct.unpack_from("<HH", corps)
        for n, debut in enumerate(range(4, len(corps) - 2, 6)):
            yield ligne, colonne + n, struct.unpack_from("<H", corps, debut)[0]


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
    """The stream of the workbook: in its own sectors, or in those of the root when small."""
    secteur = 1 << struct.unpack_from("<H", octets, 30)[0]
    premier, _, petit = struct.unpack_from("<3L", octets, 48)
    table = _table(octets, secteur)
    corps = octets[secteur:]
    dossiers = _chaine(corps, table, premier, secteur)
    entrees = [dossiers[n : n + _DOSSIER] for n in range(0, len(dossiers), _DOSSIER)]
    for entree in entrees:
        (longueur,) = struct.unpack_from("<H", entree, 64)
        if entree[: max(longueur - 2, 0)].decode("utf-16-le") not in ("Workbook", "Book"):
            continue
        debut, taille = struct.unpack_from("<LL", entree, 116)
        if taille < petit:
            corps, table, secteur = _petits(octets, corps, table, entrees[0])
        flux = _chaine(corps, table, debut, secteur)[:taille]
        if len(flux) < taille:
            raise ValueError("cut short")
        return flux
    raise ValueError("no workbook")


def _petits(
    octets: bytes, corps: bytes, table: tuple[int, ...], racine: bytes
) -> tuple[bytes, tuple[int, ...], int]:
    """The small sectors, their allocation table and their size."""
    secteur = 1 << struct.unpack_from("<H", octets, 30)[0]
    if racine[66] != _RACINE:
        raise ValueError("no root")
    (debut,) = struct.unpack_from("<L", racine, 116)
    (suite,) = struct.unpack_from("<L", octets, 60)
    petits = _nombres(_chaine(corps, table, suite, secteur))
    return (
        _chaine(corps, table, debut, secteur),
        petits,
        1 << struct.unpack_from("<H", octets, 32)[0],
    )


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
        morceaux.append(octets[rang * secteur : (rang + 1) * secteur])
        rang = table[rang]
    return b"".join(morceaux)
