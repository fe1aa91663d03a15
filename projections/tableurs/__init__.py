"""Spreadsheets: one workbook in memory, written as XLSX, ODS or CSV.

    from projections.tableurs import Classeur, Colonne, Feuille, Tableau, ecrire_xlsx

`modele` is the workbook; a format is one module that turns the rows of `rangees` into bytes. The
sheets of a programme are in `programme`; other reports make their tables, and add `controle`.
Values are exact: an amount is integer cents in, a decimal number of euros out, never a float.
"""

from __future__ import annotations

from typing import IO

from .modele import (
    Cellule,
    Classeur,
    Colonne,
    Feuille,
    Formule,
    Genre,
    Ligne,
    Lues,
    Nombre,
    Somme,
    Sommes,
    Tableau,
)
from .textes import Norme, ecrire_csv

__all__ = [
    "Cellule",
    "Classeur",
    "Colonne",
    "Feuille",
    "Formule",
    "Genre",
    "Ligne",
    "Lues",
    "Nombre",
    "Norme",
    "Somme",
    "Sommes",
    "Tableau",
    "ecrire_csv",
    "ecrire_ods",
    "ecrire_xlsx",
]


def ecrire_xlsx(classeur: Classeur, flux: IO[bytes]) -> None:
    """Write a workbook as XLSX. Raises: UsageError when it is longer than a sheet can be."""
    from .xlsx import ecrire_xlsx as ecrire  # noqa: PLC0415 - xlsxwriter only when it is needed

    ecrire(classeur, flux)


def ecrire_ods(classeur: Classeur, flux: IO[bytes]) -> None:
    """Write a workbook as ODS. Raises: UsageError when it is longer than a sheet can be."""
    from .ods import ecrire_ods as ecrire  # noqa: PLC0415

    ecrire(classeur, flux)
