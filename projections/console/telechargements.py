"""What can be taken away from a page: one writer per file, in one table.

A writer is a function of a view alone. To offer another format, add a line.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import NamedTuple

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
        "Une page qui se suffit, s'imprime et se refait à l'identique",
        _HTML,
        lambda vue: ecrire(rapport(vue), "html"),
    ),
    Ecrivain(
        "rapport.json",
        "Les mêmes chiffres, pour un programme, en centimes",
        _JSON,
        lambda vue: ecrire(rapport(vue), "json"),
    ),
    Ecrivain(
        "classeur.ods",
        "Pour LibreOffice",
        "application/vnd.oasis.opendocument.spreadsheet",
        _ods,
    ),
    Ecrivain(
        "classeur.xlsx",
        "Pour Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
    ),
    *(
        Ecrivain(f"{cle}-tableur.csv", quoi, _CSV, _csv_francais(cle))
        for cle, quoi in _TABLEAUX.items()
    ),
    Ecrivain("enveloppe.csv", "Enveloppe", _CSV, _csv("enveloppe.csv")),
    Ecrivain("credits.csv", "AE et CP par exercice", _CSV, _csv("credits.csv")),
    Ecrivain("matrice.csv", "Engagements et paiements par année", _CSV, _csv("matrice.csv")),
    Ecrivain("structures.csv", "Registre des structures", _CSV, _csv("structures.csv")),
    Ecrivain("echeanciers.csv", "Échéanciers", _CSV, _csv("echeanciers.csv")),
    Ecrivain("anomalies.csv", "Anomalies", _CSV, _csv("anomalies.csv")),
)
"""In the order of the page."""


class Famille(NamedTuple):
    """Files of one use: what they are, what one does with them, the files."""

    nature: str
    sens: str
    fichiers: tuple[Ecrivain, ...]


_FAMILLES = (
    (
        "Rapport",
        "Le programme, sa position, sa racine, et comment le vérifier.",
        "rapport.",
    ),
    (
        "Classeur",
        "Une feuille par tableau ; les totaux s'y recomptent.",
        "classeur.",
    ),
    (
        "Tableaux pour un tableur français",
        "CSV à ouvrir dans LibreOffice ou Excel : points-virgules, montants en euros à virgule.",
        "-tableur.csv",
    ),
    ("Tableaux pour un programme", "CSV à virgules, montants en centimes.", ".csv"),
    ("Autres fichiers", "Ajoutés par cette installation.", ""),
)


def familles(ecrivains: Iterable[Ecrivain]) -> tuple[Famille, ...]:
    """The files, each in the first family that its name belongs to; no family is empty."""
    restants, suite = list(ecrivains), list[Famille]()
    for nature, sens, signe in _FAMILLES:
        pris = tuple(e for e in restants if signe in e.fichier)
        restants = [e for e in restants if e not in pris]
        if pris:
            suite.append(Famille(nature, sens, pris))
    return tuple(suite)
