"""The tables of the read model: STRICT, ASCII columns, integer cents, foreign keys.

Nothing stored depends on the day of view: what does (status of an instalment, late instalments) is
computed by a view from `programmes.derniere_date`, so a new fact rewrites only what it touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from ledger.budget import LigneCredits
from ledger.registre import TYPES

from ..anomalies import CODES
from ..enveloppe import Enveloppe
from .vues import VUES

APPLICATION_ID = 0x4641424C  # "FABL": marks the file as a read model (a base is "FABT")
VERSION = 4
"""Of the tables *and* of what fills them: to raise whenever a stored figure changes."""

ETATS = {
    "deposee": "Candidature déposée",
    "rejetee": "Candidature rejetée",
    "retiree": "Candidature retirée",
    "labellisee": "Labellisée",
    "label_retire": "Label retiré",
}
LABELS = ("total", "qpv", "hors_qpv", "numeriques")
FIGURES = tuple(c for c in Enveloppe.__struct_fields__ if c not in ("au", "labels", "quotas"))


class Table(NamedTuple):
    """One table: its columns in order, key, foreign keys, columns that may be NULL, indexes."""

    colonnes: dict[str, type]
    pk: tuple[str, ...]
    cles: tuple[tuple[tuple[str, ...], str], ...]
    facultatives: frozenset[str]
    acces: tuple[tuple[str, ...], ...]
    calculees: dict[str, tuple[type, str]]
    """Columns that SQLite computes from the stored ones when somebody asks for them."""
    ordonnee: bool
    """Stored in the order of its key, with no other order: rows are short."""


def _table(
    colonnes: str,
    pk: str = "",
    *cles: tuple[tuple[str, ...], str],
    acces: tuple[tuple[str, ...], ...] = (),
    calculees: dict[str, tuple[type, str]] | None = None,
    ordonnee: bool = False,
) -> Table:
    """`colonnes`: names, those of integers ending in `#`, those that may be NULL in `?`."""
    mots = colonnes.split()
    return Table(
        {mot.rstrip("#?"): int if "#" in mot else str for mot in mots},
        tuple(pk.split()),
        cles,
        frozenset(mot.rstrip("#?") for mot in mots if mot.endswith("?")),
        acces,
        calculees or {},
        ordonnee,
    )


_PROGRAMME = (("programme",), "programmes")
_FAIT = (("programme", "position"), "faits")
_STRUCTURE = (("programme", "structure"), "structures")

TABLES: dict[str, Table] = {
    "types": _table("type libelle", "type"),
    "etats": _table("etat libelle", "etat"),
    "codes": _table("code libelle", "code"),
    "programmes": _table(
        "programme numero# intitule position# racine derniere_date dernier_instant tete souches "
        "saisie effectifs",
        "programme",
    ),
    "structures": _table(
        "numero# programme structure porteur code_postal ville territoire numerique# siret? rna? "
        "vague? etat avis? instruite# montant_centimes# paye_centimes# retire_centimes# "
        "reclame_centimes# encaisse_centimes# label_date? label_position#? retrait_date? "
        "retrait_position#? evenements# autres_graphies "
        "cle_porteur",
        "numero",
        _PROGRAMME,
        (("etat",), "etats"),
    ),
    "faits": _table(
        "programme position# type structure? date_effet exercice#? montant_centimes#? "
        "enregistre_le acteur_id acteur_role id_commande tardif# etat",
        "programme position",
        _PROGRAMME,
        (("type",), "types"),
        _STRUCTURE,
        acces=(("structure", "programme", "position"),),
        calculees={
            "exercice_effet": (int, "CAST(substr(date_effet, 1, 4) AS INTEGER)"),
            "ligne": (
                str,
                """'{"journal":"' || programme || '","pos":' || position || ',"state":' || etat """
                """|| ',"type":"' || type || '","v":1}'""",
            ),
        },
    ),
    "regles": _table("programme position# date_effet source contenu", "programme position", _FAIT),
    "tranches": _table(
        "programme structure rang# exercice# echeance montant_centimes# verse_centimes# "
        "reste_centimes# annulee#",
        "programme structure rang",
        _STRUCTURE,
    ),
    "bonus": _table(
        "programme structure montant_centimes# exercice# verse_centimes#",
        "programme structure",
        _STRUCTURE,
        ordonnee=True,
    ),
    "conventions": _table(
        "programme structure rang# reference",
        "programme structure rang",
        _STRUCTURE,
        ordonnee=True,
    ),
    "versements": _table(
        "programme position# structure rang# montant_centimes# exercice# exercice_prevu# "
        "date_effet reference annule# cle_reference",
        "programme position",
        _FAIT,
        _STRUCTURE,
        acces=(("programme", "structure"),),
    ),
    "signalements": _table(
        "programme structure? rang# code position#? detail",
        "",
        _PROGRAMME,
        _STRUCTURE,
        (("code",), "codes"),
        acces=(("programme", "structure", "rang"),),
    ),
    "saisies": _table(
        "programme rang# code structure? position# detail",
        "programme rang",
        _PROGRAMME,
        _STRUCTURE,
        (("code",), "codes"),
    ),
    "soldes": _table("programme exercice# membre valeur#", "programme exercice membre", _PROGRAMME),
    "comptes": _table("programme compte solde_centimes#", "programme compte", _PROGRAMME),
    "credits": _table(
        "programme " + " ".join(f"{c}#" for c in LigneCredits.__struct_fields__),
        "programme exercice",
        _PROGRAMME,
    ),
    "enveloppe": _table(
        "programme "
        + " ".join(f"{c}#" for c in FIGURES if c != "programme")
        + "".join(f" {quoi}_{nom}#" for quoi in ("labels", "quotas") for nom in LABELS),
        "programme",
        _PROGRAMME,
    ),
    "jours": _table(
        "programme date_effet variation_centimes# position#", "programme date_effet", _PROGRAMME
    ),
}
"""Every table, parents first.

`numero` is only the row number that the full-text index needs; `autres_graphies` what a search
without ligature must find; `cle_porteur` and `cle_reference` what duplicates have in common.
`programmes.saisie` is what `anomalies_saisie` goes on from, `effectifs` the rows of each table.
`soldes` is `ledger.soldes.Soldes` as it stands (exercice 0: what
belongs to no year); `credits` and `enveloppe` are read from it.
"""

PAR_STRUCTURE = ("tranches", "bonus", "conventions", "versements", "signalements")
"""Tables whose rows of a structure are rewritten together when a fact touches it."""
PAR_PROGRAMME = ("saisies", "soldes", "credits")
"""Tables of a few rows, rewritten whole."""
RECHERCHE = ("structure", "porteur", "code_postal", "ville", "autres_graphies")
TOKENIZE = "unicode61 remove_diacritics 2"


def creer_tables(db: Database) -> None:
    """The empty tables and the lists of codes. Indexes come after the rows: see `creer_acces`."""
    for nom, table in TABLES.items():
        db.execute(_definition(nom, table))
    inserer(db, "types", ((topic, libelle(c.__name__)) for topic, c in TYPES.items()))
    inserer(db, "etats", ETATS.items())
    inserer(db, "codes", CODES.items())


def _definition(nom: str, table: Table) -> str:
    """The statement of a table. sqlite-utils writes neither computed columns nor this order."""
    noms = {int: "INTEGER", str: "TEXT"}
    parties = [
        f'"{c}" {noms[genre]}{"" if c in table.facultatives else " NOT NULL"}'
        for c, genre in table.colonnes.items()
    ]
    parties += [f'"{c}" {noms[g]} AS ({sql}) VIRTUAL' for c, (g, sql) in table.calculees.items()]
    if table.pk:
        parties.append(f"PRIMARY KEY ({', '.join(table.pk)})")
    for colonnes, ou in table.cles:
        liste = ", ".join(colonnes)
        parties.append(f"FOREIGN KEY ({liste}) REFERENCES {ou} ({liste})")
    suite = "STRICT, WITHOUT ROWID" if table.ordonnee else "STRICT"
    return f'CREATE TABLE "{nom}" (\n  {", ".join(parties)}\n) {suite}'


def creer_acces(db: Database) -> None:
    """Indexes, full-text index (kept by triggers) and views: after the rows, once, is faster."""
    structures = db.table("structures")
    structures.create_index(["programme", "structure"], unique=True)
    for nom, table in TABLES.items():
        for colonnes in table.acces:
            db.table(nom).create_index(colonnes)
    structures.enable_fts(RECHERCHE, create_triggers=True, tokenize=TOKENIZE)
    for nom, sql in VUES.items():
        db.create_view(nom, sql)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")


def vider(db: Database) -> None:
    """Drop everything the file holds (foreign keys must be off)."""
    objets = [
        (str(genre), str(nom))
        for genre, nom, sql in db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        if sql is not None and not str(nom).startswith("sqlite_")
    ]
    virtuelles = [n for g, n in objets if g == "table" and db.table(n).virtual_table_using]
    for genre, noms in (
        ("VIEW", [n for g, n in objets if g == "view"]),
        ("TABLE", virtuelles),  # dropping one drops its shadow tables
        ("TABLE", [n for g, n in objets if g == "table"]),
    ):
        for nom in noms:
            db.execute(f'DROP {genre} IF EXISTS "{nom}"')


def inserer(
    db: Database, table: str, lignes: Iterable[tuple[object, ...]], *, ou_remplacer: bool = False
) -> int:
    """Insert rows given in the order of the columns, inside the caller's transaction; how many.

    `executemany` and not `insert_all`: the latter looks at every value for something to convert to
    JSON, which this schema never holds, and takes several times longer on the tables of facts.
    """
    colonnes = TABLES[table].colonnes
    noms, valeurs = ",".join(colonnes), ",".join("?" * len(colonnes))
    sql = f'INSERT INTO "{table}" ({noms}) VALUES ({valeurs})'  # noqa: S608
    if ou_remplacer:
        pk = TABLES[table].pk
        # not the columns that other tables refer to: they never change, and it would look there
        fixes = (*pk, "programme", "structure")
        reste = ",".join(f"{c}=excluded.{c}" for c in colonnes if c not in fixes)
        sql += f" ON CONFLICT ({','.join(pk)}) DO UPDATE SET {reste}"
    return db.conn.executemany(sql, lignes).rowcount


def libelle(classe: str) -> str:
    """`CréditsOuverts` -> `Crédits ouverts`."""
    return re.sub(r"(?<=.)(?=[A-ZÉ])", " ", classe).capitalize()
