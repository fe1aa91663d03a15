"""What a file of tables holds: cells of a known kind, rows that know their number.

A number is kept as its exact decimal text, a date as ISO text: no float leaves the reader.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Genre = Literal["vide", "texte", "nombre", "date", "heure", "booleen", "erreur"]
ABSENTS = frozenset({"", "#"})
"""Texts that say "nothing here": blank, and the `#` of Chorus extracts."""
_LETTRES = 26


class Cellule(Struct, frozen=True, gc=False):
    """One cell: its kind, and its text.

    texte: as written. nombre: decimal, `17833.1`, `21860194600000`. date: `2020-02-03`, or with a
    time `2020-02-03T10:30:00`. heure: a time or a duration without a day. booleen: `oui`, `non`.
    erreur: `#DIV/0!`, or `#VALEUR?` for a formula that was saved without its value. `formule`: the
    value is the one that the spreadsheet saved beside a formula.
    """

    genre: Genre
    texte: str
    formule: bool = False
    unite: str | None = None
    """The unit that the spreadsheet shows beside the number, when it is not the euro."""

    @property
    def vide(self) -> bool:
        """Whether nobody would read anything there."""
        return self.genre == "vide" or (self.genre == "texte" and self.texte.strip() in ABSENTS)


VIDE = Cellule("vide", "")


class Rangee(Struct, frozen=True, gc=False):
    """One row: its number as a spreadsheet shows it (in a text file, the line where it starts).

    `defaut` is the French sentence of a row that could not be read at all; it has no cell.
    """

    numero: int
    cellules: tuple[Cellule, ...]
    defaut: str | None = None

    @property
    def vide(self) -> bool:
        """Whether the row holds nothing."""
        return self.defaut is None and all(c.vide for c in self.cellules)

    def cellule(self, colonne: int) -> Cellule:
        """The cell of a column (from 0), blank beyond the last one."""
        return self.cellules[colonne] if colonne < len(self.cellules) else VIDE


def nom_colonne(colonne: int) -> str:
    """The letters of a column counted from 0: `A`, `Z`, `AA`."""
    lettres = ""
    reste = colonne + 1
    while reste:
        reste, chiffre = divmod(reste - 1, _LETTRES)
        lettres = chr(ord("A") + chiffre) + lettres
    return lettres
