"""What can be taken away from a page: one writer per file, in one table.

A writer is a function of a view alone. To offer another format, add a line.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from msgspec import Struct

from ..rapport import ecrire, rapport, tableaux_csv
from ..situation import Vue
from ..tableurs import ecrire_csv, ecrire_ods, ecrire_xlsx
from ..tableurs.programme import classeur_du_programme, tableau


class Ecrivain(Struct, frozen=True):
    """A file offered: its name after the programme, what it is, its media type, its bytes."""

    fichier: str
    titre: str
    media: str
    ecrire: Callable[[Vue], bytes]


def _csv(fichier: str) -> Callable[[Vue], bytes]:
    return lambda vue: tableaux_csv(rapport(vue))[fichier]


def _csv_francais(cle: str) -> Callable[[Vue], bytes]:
    return lambda vue: b"".join(ecrire_csv(tableau(vue, cle), "fr"))


def _ods(vue: Vue) -> bytes:
    flux = io.BytesIO()
    ecrire_ods(classeur_du_programme(vue), flux)
    return flux.getvalue()


def _xlsx(vue: Vue) -> bytes:
    flux = io.BytesIO()
    ecrire_xlsx(classeur_du_programme(vue), flux)
    return flux.getvalue()


_HTML, _JSON, _CSV = "text/html; charset=utf-8", "application/json", "text/csv; charset=utf-8"

_TABLEAUX = {
    "enveloppe": "Enveloppe",
    "labels": "Labels et quotas",
    "vagues": "Labels par vague",
    "exercices": "AE, CP et restes à payer par exercice",
    "matrice": "Engagements et paiements par année",
    "structures": "Registre des structures",
    "echeanciers": "Échéanciers",
    "anomalies": "Anomalies",
    "journal": "Journal",
}
"""The tables of the workbook, one by one, as `exporter csv --feuille` writes them."""

ECRIVAINS: tuple[Ecrivain, ...] = (
    Ecrivain(
        "rapport.html",
        "Rapport complet : une page qui se suffit, s'imprime et se refait à l'identique",
        _HTML,
        lambda vue: ecrire(rapport(vue), "html"),
    ),
    Ecrivain(
        "rapport.json",
        "Les mêmes chiffres pour un programme, montants en centimes",
        _JSON,
        lambda vue: ecrire(rapport(vue), "json"),
    ),
    Ecrivain(
        "classeur.ods",
        "Classeur LibreOffice : tout le programme, qui se recompte",
        "application/vnd.oasis.opendocument.spreadsheet",
        _ods,
    ),
    Ecrivain(
        "classeur.xlsx",
        "Le même classeur pour Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
    ),
    *(
        Ecrivain(f"{cle}-tableur.csv", f"{quoi} : CSV (tableur français)", _CSV, _csv_francais(cle))
        for cle, quoi in _TABLEAUX.items()
    ),
    Ecrivain("enveloppe.csv", "Enveloppe (CSV, montants en centimes)", _CSV, _csv("enveloppe.csv")),
    Ecrivain("credits.csv", "AE et CP par exercice (CSV)", _CSV, _csv("credits.csv")),
    Ecrivain("matrice.csv", "Engagements et paiements par année (CSV)", _CSV, _csv("matrice.csv")),
    Ecrivain("structures.csv", "Registre des structures (CSV)", _CSV, _csv("structures.csv")),
    Ecrivain("echeanciers.csv", "Échéanciers (CSV)", _CSV, _csv("echeanciers.csv")),
    Ecrivain("anomalies.csv", "Anomalies (CSV)", _CSV, _csv("anomalies.csv")),
)
"""In the order of the page."""
