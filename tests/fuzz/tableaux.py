"""Targets of the files that others make: any bytes as a table, read to its end and imported."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from commands.cli.chorus import lire_extrait
from commands.importer import (
    Bilan,
    Lecture,
    Plan,
    Registre,
    actes_du_tableau,
    entete_de,
)
from commands.tableaux import CODES, TableauIllisible, ouvrir_tableau
from ledger import Journal, MemoryStore
from ledger.erreurs import UsageError
from projections.rapprochement.bilan import dresser
from projections.rapprochement.livre import versements
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


_CHORUS: list[list[Any]] = [
    ["N° EJ", "N° poste EJ", "Code taxe 1", "Exercice comptable", "N° DP", "N° poste DP"],
    ["2100000001", "10", "35600000000048", 2020, "100200300", "1"],
    ["2100000001", "20", "35600000000048", 2020, "100200300", "2"],
    ["", "", "", 2021, "100200301", "1"],
]
_PAYE = ["Montant payé", "30000,00", "12 000,50 €", "-1 200,00 €"]


def chorus(octets: bytes) -> str:
    """Any bytes as a payment extract: every cent read is in one verdict, or a refusal by name."""
    with atelier.fichier(octets, "essai") as ici:
        try:
            extrait = lire_extrait(str(ici), feuille=None, referentiels=(), progres=None)
        except TableauIllisible as refus:
            if refus.code in CODES and refus.remede:
                return refus.code
            raise
        except UsageError as refus:
            return refus.code
    livre = versements(Journal(atelier.livre().store, atelier.P).rattraper())
    vu = dresser(extrait, livre, programme=atelier.P, position=1, racine="")
    assert sum(t.chorus_centimes for t in vu.totaux) == sum(
        ligne.montant_centimes for ligne in extrait.lignes
    ), "des centimes de l'extrait ne sont dans aucun verdict"
    assert vu.concordant <= (not extrait.refusees)
    json.dumps(to_builtins(vu), ensure_ascii=False).encode()
    codes = sorted({refusee.code for refusee in extrait.refusees})
    return f"{[t.verdict for t in vu.totaux]} {codes[:3]}"


@cache
def _extraits() -> list[bytes]:
    rangs = [[*rang, paye] for rang, paye in zip(_CHORUS, _PAYE, strict=True)]
    with atelier.fichier(b"") as ici:
        return [ecrire("csv", ici.parent, rangs).read_bytes()]


CIBLES = (
    Cible(
        "chorus",
        "un extrait de paiements, rapproché du livre",
        _extraits,
        chorus,
        suivi=("commands/cli/chorus.py", "projections/rapprochement"),
        jetons=(b"100200300", b"2100000001", b"2020", b"-", b"=1+1", b"0", b",,"),
        maximum=4_000,
    ),
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
