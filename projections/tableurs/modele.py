"""A workbook as plain values: sheets of tables, typed columns, cells and formulas. No file format.

    Classeur(
        titre="Rapprochement", sujet="fabriques-de-territoire, position 485", pied="...",
        cree_le=instant, feuilles=(Feuille("Lignes", (tableau,)),),
    )

A writer (`ecrire_xlsx`, `ecrire_ods`, `ecrire_csv`) is a function of this value alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

Genre = Literal["texte", "montant", "entier", "centimes", "taux", "points", "date", "instant"]
"""How a column reads: an integer is cents in `montant`, shown in euros, and in `centimes`, shown as
they are; ten-thousandths in `taux`, shown per cent, and in `points`, the difference of two rates; a
plain number in `entier`."""


class Nombre(NamedTuple):
    """An integer that reads otherwise than its column; it enters no sum."""

    valeur: int
    genre: Genre


class Dit(NamedTuple):
    """A code of the ledger and its French words: programs read the one, people the others."""

    code: str
    mots: str


Valeur = str | int | bool | Nombre | Dit | date | datetime | None
"""The type says what a cell is, whatever its column: `str` is always text, never a formula; `bool`
is shown as oui or non; `datetime` has its zone, and is shown in UTC to the second; None is empty.
Only an `int` needs its column: cents, ten-thousandths, or a plain number."""

LARGEURS: dict[Genre, int] = {
    "texte": 24,
    "montant": 18,
    "entier": 10,
    "centimes": 18,
    "taux": 11,
    "points": 14,
    "date": 12,
    "instant": 21,
}
"""Width of a column that says none, in characters."""
PAGE = 60
"""Rows that one printed page holds, reduced."""


class Colonne(NamedTuple):
    """A column: ASCII key, French heading, how it reads, width in characters.

    `total` asks for a sum of the integers of the column in a last line of the table; `replie` folds
    a long text within its cell, instead of cutting it at the next one.
    """

    cle: str
    titre: str
    genre: Genre = "texte"
    largeur: int | None = None
    total: bool = False
    replie: bool = False


class Somme(NamedTuple):
    """The integers of one column of a table already written, added up: cents, or plain numbers."""

    tableau: str
    colonne: str


Sommes = dict[Somme, int]
"""What the columns of the tables written so far add up to, those of formulas included."""


class Formule(NamedTuple):
    """A computed cell: its text, and the value that a program shows before it recomputes.

    The text is the grammar that every spreadsheet shares: English function names, `;` between
    arguments (written as each format wants it), and references between braces:

    - `{reste}`: the cell of that column, on the same line;
    - `{exercices.cp_payes}`: the lines of that column of a table of the workbook;
    - `{exercices.cp_payes@2}`: its cell on line 2 (from 0); `@total`: on the line of totals.

    Cells are in euros: what compares cents writes `ROUND(...*100;0)`. The value is of the unit of
    its column (cents for `montant`), or a function of the sums of the tables written before.
    """

    texte: str
    valeur: Valeur | Callable[[Sommes], Valeur]


Cellule = Valeur | Formule
Ligne = Sequence[Cellule]


@dataclass(frozen=True, slots=True)
class Lues:
    """Lines made each time they are read, for a table too long for memory."""

    faire: Callable[[], Iterator[Ligne]]

    def __iter__(self) -> Iterator[Ligne]:
        return self.faire()


@dataclass(frozen=True, slots=True)
class Tableau:
    """A table. `lignes` is read once per writing, `nombre` is how many lines it gives.

    `cle` is unique in a workbook. `titre` is shown above it on a sheet of several tables.
    """

    cle: str
    titre: str
    colonnes: tuple[Colonne, ...]
    lignes: Iterable[Ligne]
    nombre: int
    libelle_total: str = "Total"

    @property
    def a_un_total(self) -> bool:
        """Whether a line of totals follows the lines."""
        return self.nombre > 0 and any(c.total for c in self.colonnes)

    def rang(self, cle: str) -> int:
        """Which column has that key, from 0. Raises KeyError."""
        for rang, colonne in enumerate(self.colonnes):
            if colonne.cle == cle:
                return rang
        raise KeyError(f"{self.cle}.{cle}")

    def extraire(self, cle: str, titre: str, colonnes: Sequence[str]) -> Tableau:
        """Some columns of this table as a table of its own; their formulas must stay within."""
        rangs = [self.rang(colonne) for colonne in colonnes]
        return Tableau(
            cle,
            titre,
            tuple(self.colonnes[rang] for rang in rangs),
            [[ligne[rang] for rang in rangs] for ligne in self.lignes],
            self.nombre,
            self.libelle_total,
        )


@dataclass(frozen=True, slots=True)
class Feuille:
    """A sheet. With one table, it is a list: headings on row 1, frozen, repeated and filterable.

    With several, one below the other, it is a page: a title and a subtitle above, frozen.
    `figees` is how many columns stay on screen.
    """

    nom: str
    tableaux: tuple[Tableau, ...]
    sous_titre: str = ""
    figees: int = 1

    @property
    def est_liste(self) -> bool:
        """Whether it is a list rather than a page."""
        return len(self.tableaux) == 1 and not self.sous_titre

    @property
    def figees_a_l_ecran(self) -> tuple[int, int]:
        """How many columns and rows stay on screen."""
        return (self.figees, 1) if self.est_liste else (0, 2)

    @property
    def tient_sur_une_page(self) -> bool:
        """Whether it is printed on one page: a page short enough to stay readable."""
        return not self.est_liste and 3 + sum(t.nombre + 4 for t in self.tableaux) <= PAGE

    def largeurs(self) -> list[int]:
        """The width of each column, in characters: the widest that its tables ask for."""
        trouvees: list[int] = []
        for tableau in self.tableaux:
            for rang, colonne in enumerate(tableau.colonnes):
                largeur = LARGEURS[colonne.genre] if colonne.largeur is None else colonne.largeur
                if rang == len(trouvees):
                    trouvees.append(largeur)
                trouvees[rang] = max(trouvees[rang], largeur)
        return trouvees


@dataclass(frozen=True, slots=True)
class Classeur:
    """A workbook: title and subject of the file, footer of every printed page, sheets in order.

    `cree_le`, with its zone, is written in the file: take it from the journal, never from a clock.
    """

    titre: str
    sujet: str
    pied: str
    cree_le: datetime
    feuilles: tuple[Feuille, ...]
