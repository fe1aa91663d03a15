"""Targets of the files that others make: any bytes as a table, read to its end and imported."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from commands.importer import (
    Bilan,
    Lecture,
    Plan,
    Registre,
    actes_du_tableau,
    entete_de,
)
from commands.tableaux import CODES, TableauIllisible, ouvrir_tableau
from ledger import MemoryStore
from tests.fuzz import atelier
from tests.fuzz.moteur import Cible
from tests.tableaux.ecrire import ecrire

_RANGS: list[list[Any]] = [
    ["Nom", "Code postal", "Ville", "QPV", "Numérique", "Date", "Montant", "SIRET"],
    ["Le Lieu", "75011", "Évry", "oui", "non", date(2020, 2, 3), 17833.1, "35600000000048"],
    ["L'« Œuvre »", "01500", "a;b", "hors QPV", "x", "03/02/2020", "17 833,10 €", ""],
]
_CONSTANTES = dict.fromkeys(("porteur", "ville"), "x") | {
    "code_postal": "75011",
    "territoire": "qpv",
    "numerique": "non",
    "date_effet": "2020-02-03",
}
_PLAN = Plan("fabriques", "import", "instructeur")


def tableau(octets: bytes) -> str:
    """Any bytes as a file of tables: rows with their outcome, or a refusal by name."""
    with atelier.fichier(octets, "essai") as ici:
        return _importer(ici)


def _importer(ici: Path) -> str:
    bilan = Bilan()
    try:
        with ouvrir_tableau(ici) as lu:
            entete = entete_de(lu, "candidatures", {}, _CONSTANTES)
            pleines = [r.numero for r in lu.rangees() if r.numero > entete.ligne]
            actes = list(
                actes_du_tableau(
                    lu,
                    entete,
                    "candidatures",
                    _PLAN,
                    Registre(MemoryStore(), "fabriques"),
                    bilan,
                    constantes=_CONSTANTES,
                    lecture=Lecture(lu.calendrier),
                )
            )
    except TableauIllisible as refus:
        if refus.code in CODES and refus.remede:
            return refus.code
        raise
    assert len(actes) + bilan.vides == len(pleines), "une ligne s'est perdue"
    assert all(acte.refus or acte.commande for acte in actes)
    return f"{lu.genre} {sorted({c.code for acte in actes for c in acte.refus})[:3]}"


@cache
def _textes() -> list[bytes]:
    with atelier.fichier(b"") as ici:
        utf8 = ecrire("csv", ici.parent, _RANGS).read_bytes()
    return [
        utf8,
        b"\xef\xbb\xbf" + utf8,
        utf8.decode().replace(",", ";").encode("cp1252", "replace"),
        b"sep=\t\n" + utf8.replace(b",", b"\t"),
        utf8.decode().encode("utf-16"),
    ]


@cache
def _classeurs() -> list[bytes]:
    with atelier.fichier(b"") as ici:
        return [ecrire(g, ici.parent, _RANGS).read_bytes() for g in ("xlsx", "ods", "xls")]


CIBLES = (
    Cible(
        "tableau-texte",
        "un fichier de texte à colonnes, importé",
        _textes,
        tableau,
        suivi=("commands/tableaux", "commands/importer"),
        jetons=(b'"', b"\r", b";", b"\t", b"sep=", b"\x00", b"2017/09/08", b"12.500", b"E+13"),
        maximum=4_000,
    ),
    Cible("tableau-classeur", "un classeur, importé", _classeurs, tableau, executions=30),
)
