"""Writing the same rows as csv, xlsx, xls and ods, with the libraries that others use."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import xlwt
from odfdo import Document, Table

Valeur = str | int | float | bool | date | None
Rangs = Sequence[Sequence[Valeur]]


def en_csv(
    chemin: Path,
    rangs: Rangs,
    *,
    separateur: str = ",",
    encodage: str = "utf-8",
    fin: str = "\r\n",
) -> Path:
    texte = io.StringIO()
    csv.writer(texte, delimiter=separateur, lineterminator=fin).writerows(rangs)
    chemin.write_bytes(texte.getvalue().encode(encodage))
    return chemin


def en_xlsx(chemin: Path, rangs: Rangs, *, feuille: str = "Feuil1") -> Path:
    classeur = openpyxl.Workbook()
    page: Any = classeur.active
    page.title = feuille
    for rang in rangs:
        page.append(list(rang))
    classeur.save(chemin)
    return chemin


def en_xls(chemin: Path, rangs: Rangs) -> Path:
    classeur = xlwt.Workbook(encoding="utf-8")
    page = classeur.add_sheet("Feuil1")
    jours = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for ligne, rang in enumerate(rangs):
        for colonne, valeur in enumerate(rang):
            if valeur is not None and valeur != "":
                style = (jours,) if isinstance(valeur, date) else ()
                page.write(ligne, colonne, valeur, *style)
    classeur.save(str(chemin))
    return chemin


def en_ods(chemin: Path, rangs: Rangs) -> Path:
    document = Document("spreadsheet")
    document.body.clear()
    page = Table("Feuil1")
    for ligne, rang in enumerate(rangs):
        for colonne, valeur in enumerate(rang):
            if valeur is not None and valeur != "":
                page.set_value((colonne, ligne), valeur)
    document.body.append(page)
    document.save(chemin)
    return chemin


ECRIVAINS: dict[str, Callable[[Path, Rangs], Path]] = {
    "csv": en_csv,
    "xlsx": en_xlsx,
    "xls": en_xls,
    "ods": en_ods,
}


def ecrire(genre: str, dossier: Path, rangs: Rangs, nom: str = "tableau") -> Path:
    """The rows in a file of that kind."""
    return ECRIVAINS[genre](dossier / f"{nom}.{genre}", rangs)
