"""One table as CSV: as a French spreadsheet opens it, or as programs and data portals expect it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from ..tableur import cellule
from .modele import Colonne, Dit, Formule, Tableau
from .rangees import Case, case, points

Norme = Literal["fr", "standard"]
"""`fr`: UTF-8 with a mark, `;`, CRLF, `1234,50`, JJ/MM/AAAA, French headings and words, a rate in
per cent. `standard`: UTF-8, comma, LF, `1234.50`, AAAA-MM-JJ, ASCII headings, codes, a rate as a
share of one."""

_TAMPON = 1 << 16


def ecrire_csv(tableau: Tableau, norme: Norme) -> Iterator[bytes]:
    """The table as CSV, in pieces: headings and lines, without totals. Amounts are in euros.

    Formulas give their value; those that need the sums of a workbook are left empty. A text that a
    spreadsheet would run gets an apostrophe.
    """
    francais = norme == "fr"
    tampon = io.StringIO(newline="")
    redacteur = csv.writer(
        tampon,
        delimiter=";" if francais else ",",
        lineterminator="\r\n" if francais else "\n",
    )
    if francais:
        tampon.write("\N{ZERO WIDTH NO-BREAK SPACE}")
    redacteur.writerow([c.titre if francais else c.cle for c in tableau.colonnes])
    rendre = _en_francais if francais else _standard
    for ligne in tableau.lignes:
        cases = zip(tableau.colonnes, ligne, strict=True)
        redacteur.writerow([rendre(_case(c, v, francais=francais)) for c, v in cases])
        if tampon.tell() > _TAMPON:
            yield tampon.getvalue().encode("utf-8")
            tampon.seek(0)
            tampon.truncate()
    yield tampon.getvalue().encode("utf-8")


def _case(colonne: Colonne, valeur: object, *, francais: bool) -> Case:
    if isinstance(valeur, Formule):
        valeur = None if callable(valeur.valeur) else valeur.valeur
    if isinstance(valeur, Dit) and not francais:
        valeur = valeur.code
    return case(colonne, valeur)  # type: ignore[arg-type]


def _en_francais(case_: Case) -> str | int:
    valeur = case_.valeur
    if isinstance(valeur, Decimal):
        return f"{_nombre(case_)}".replace(".", ",")
    if isinstance(valeur, datetime):
        return f"{_jour(valeur)} {valeur:%H:%M:%S}"
    if isinstance(valeur, date):
        return _jour(valeur)
    return cellule(valeur)


def _nombre(case_: Case) -> str:
    valeur = case_.valeur
    if isinstance(valeur, Decimal) and case_.genre == "taux":
        return f"{valeur.scaleb(2):f} %"
    if isinstance(valeur, Decimal) and case_.genre == "points":
        return points(valeur)
    return f"{valeur:f}"


def _jour(valeur: date) -> str:
    return f"{valeur.day:02d}/{valeur.month:02d}/{valeur.year:04d}"


def _standard(case_: Case) -> str | int:
    valeur = case_.valeur
    if isinstance(valeur, Decimal):
        return f"{valeur:f}"
    if isinstance(valeur, datetime):
        return f"{valeur.isoformat()}Z"
    if isinstance(valeur, date):
        return valeur.isoformat()
    return cellule(valeur)
