"""Targets made of text: dates, instants, amounts, names of cells, arguments of the command line."""

from __future__ import annotations

import json
import os
from datetime import date

from commands.cli.options import lire_jour, lire_moment
from ledger.erreurs import LedgerError
from ledger.montants import CENTIMES_MAX, MontantIllisible, format_euros, lire_euros
from ledger.temps import ANNEE_MAX, ANNEE_MIN, est_instant, lire_date, lire_instant
from projections import expliquer, regarder
from projections.cellules import MEMBRES, lire_cellule, valeurs
from tests.cli.outils import lancer
from tests.fuzz import atelier
from tests.fuzz.moteur import Cible

_DATES = [b"2020-02-29", b"2019-12-31", b"29/02/2020", b"2021-01-31T10:00:00Z", b"12", b"0"]
_DATES += [b"2021-01-31T10:00:00.5+01:00", b"20210131T100000Z", b"2021-W05-7T10:00:00Z"]


def _texte(octets: bytes) -> str:
    """An argument as Python receives it: any bytes are a text."""
    return octets.decode("utf-8", "surrogateescape")


def _date(texte: str) -> None:
    jour = lire_date(texte)
    assert jour.isoformat() == texte
    assert ANNEE_MIN <= jour.year <= ANNEE_MAX


def _jour(texte: str) -> None:
    jour = lire_jour(texte)
    assert lire_jour(f"{jour.day:02d}/{jour.month:02d}/{jour.year}") == jour


def _instant(texte: str) -> None:
    instant = lire_instant(texte)
    assert est_instant(instant), instant
    assert lire_instant(instant) == instant


def _moment(texte: str) -> None:
    moment = lire_moment(texte)
    assert isinstance(moment, int) or est_instant(moment), moment


def dates(octets: bytes) -> str:
    """A date, a day, an instant, a moment: a ValueError in French, or the one stored form."""
    texte, reponse, francaises = _texte(octets), "", True
    for lire in (_date, _jour, _instant, _moment):
        try:
            lire(texte)
            reponse += lire.__name__
        except ValueError as erreur:
            phrase = str(erreur)
            francaises &= phrase.startswith(("la date ", "l'instant ")) or " ni " in phrase
    assert francaises
    return reponse


def montants(octets: bytes) -> str:
    """An amount: MontantIllisible, or cents that print as an amount read alike."""
    try:
        centimes = lire_euros(_texte(octets))
    except MontantIllisible as erreur:
        return str(erreur)[-20:]
    assert abs(centimes) <= CENTIMES_MAX
    assert lire_euros(format_euros(centimes)) == centimes
    chiffres = [c for c in octets.decode() if c.isdecimal()]
    assert int("".join(chiffres)) in (abs(centimes), abs(centimes) // 100)
    return "lu"


def cellules(octets: bytes) -> str:
    """A name of cell: UsageError, or a cell whose explanation sums to the value of the tables."""
    try:
        cellule = lire_cellule(_texte(octets))
    except LedgerError as erreur:
        return erreur.remede[:8]
    assert lire_cellule(str(cellule)) == cellule
    try:
        explication = expliquer(atelier.journal(), cellule, au=date(2022, 1, 1))
    except LedgerError as erreur:
        return f"lue, {erreur.remede[:8]}"
    assert sum(c.centimes for c in explication.contributions) == explication.valeur_centimes
    tables = valeurs(regarder(atelier.journal(), au=date(2022, 1, 1)))
    assert explication.valeur_centimes == tables.get(cellule, 0)
    return f"{cellule.table} {cellule.membre}"


_VERBES = (
    "enveloppe",
    "credits",
    "structures",
    "echeancier",
    "anomalies",
    "journal",
    "verifier",
    "expliquer",
    "comparer",
    "sonder",
    "exporter",
    "doctor",
)


def arguments(octets: bytes) -> str:
    """A reading verb and its options, one a line: an announced exit code, one JSON if asked."""
    verbe, *suite = _texte(octets).replace("\0", "").split("\n")
    ecrites = ("sortie", "incompletes", "retards")
    if verbe not in _VERBES or any(
        "/" in a or a.startswith("-o") or any(mot in a for mot in ecrites) for a in suite
    ):
        return "écarté"  # nothing may be written, nothing else than the base be read
    base = atelier.dossier() / "arguments.db"
    if not base.exists():
        base.write_bytes(atelier.base_sqlite())
    courant = atelier.dossier() / "vide"
    courant.mkdir(exist_ok=True)
    ancien = os.getcwd()  # noqa: PTH109
    os.chdir(courant)
    try:
        fait = lancer(verbe, *suite, env={"FABRIQUES_BASE": str(base)})
    finally:
        os.chdir(ancien)
    assert fait.code in range(5), fait
    assert "inattendue" not in fait.erreur, fait.erreur
    assert "Traceback" not in fait.erreur, fait.erreur
    assert not [*courant.iterdir()]
    if fait.code in (0, 1) and "json" in suite and "--help" not in suite:
        json.loads(fait.octets)
    return f"{verbe} {fait.code} {fait.erreur.partition(' : ')[0][-30:]}"


def _noms() -> list[bytes]:
    cles = {"credits": ["2020"], "structures": ["s-1"], "echeancier": ["s-1", "1"]}
    return [
        ".".join((table, *cles.get(table, ()), membre)).encode()
        for table, membres in MEMBRES.items()
        for membre in membres
    ]


CIBLES = (
    Cible(
        "dates",
        "dates, jours, moments et instants saisis",
        lambda: [*_DATES],
        dates,
        ("ledger/temps.py", "commands/cli/options.py"),
        (b"-", b"T", b"Z", b"+00:00", b"-23:59", b"W01", b",5", b".000001"),
        2_000,
        300,
    ),
    Cible(
        "montants",
        "montants saisis",
        lambda: ["150 000,00 €".encode(), b"150000.00", "−1 000\u202f000".encode()],
        montants,
        ("ledger/montants.py",),
        ("€".encode(), "\u00a0".encode(), "\u202f".encode(), "−".encode(), b",00", b" 000"),
        2_000,
        300,
    ),
    Cible(
        "cellules",
        "noms de cellules, expliqués",
        _noms,
        cellules,
        ("projections/cellules.py", "projections/explication.py", "projections/suivi.py"),
        (b".", b"enveloppe", b"credits.2019", b"labels.qpv", b"s-2", b"_centimes", b"0", b"2"),
        250,
        500,
    ),
    Cible(
        "arguments",
        "arguments des verbes de lecture",
        lambda: [
            b"enveloppe\n--format\njson",
            b"credits\n--au\n2021-12-31\n--format\ncsv",
            b"structures\n--etat\nlabellisee\n--format\njsonl",
            b"echeancier\ns-1\n--connu-au\n12\n--format\njson",
            b"anomalies\n--format\njson",
            b"journal\n--connu-au\n2024-01-01",
            b"verifier\n--format\njson",
            b"expliquer\ncredits.2020.cp_payes\n--format\njson",
            b"comparer\n3\n9\n--format\njson",
            b"sonder\n--methode\nmus\n--nombre\n2\n--alea\na",
            b"exporter\n--format\nbeancount",
        ],
        arguments,
        (),
        (
            b"\n--au\n",
            b"\n--connu-au\n",
            b"\n--programme\n",
            b"fabriques",
            b"\n--format\n",
            b"json",
        ),
        60,
        400,
    ),
)
