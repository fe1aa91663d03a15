"""Is a ledger there: its tables, of the version that this program knows, that this account may use,
and nothing that could undo what is acknowledged."""

from __future__ import annotations

from typing import Any

import psycopg

from ..erreurs import StoreAccessError, StoreForeignError, StoreUnsafeError
from .adresse import Adresse
from .postgres_schema import ECRITURE, INTRUS, SCHEMA, VERSION

_LIGNES = f"{SCHEMA}.stored_events"
_INDEX = f"{SCHEMA}.fabriques_commandes"
_MARQUE = f"{SCHEMA}.fabriques_schema"


def reconnaitre(c: psycopg.Cursor[Any], adresse: Adresse, *, ecriture: bool) -> bool:
    """Whether the tables of a ledger are there; False when nothing is.

    Raises: StoreForeignError, StoreAccessError, StoreUnsafeError.
    """
    c.execute(
        "SELECT to_regclass(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL "
        "OR to_regclass(%s) IS NOT NULL",
        (_MARQUE, _LIGNES, _INDEX),
    )
    marque, tables = c.fetchone() or (False, False)
    if not marque:
        if tables:
            raise StoreForeignError(
                f"La base {adresse} a un schéma {SCHEMA} qui n'est pas d'un grand livre.",
                remede="Vérifier --base.",
            )
        return False
    c.execute(f"SELECT max(version) FROM {_MARQUE}")
    (version,) = c.fetchone() or (None,)
    if version != VERSION:
        raise StoreForeignError(
            f"La base {adresse} a des tables de version {version} ; ce programme connaît la "
            f"version {VERSION}.",
            remede="Prendre la version du programme qui les a faites.",
        )
    if ecriture:
        _exiger_d_ecrire(c, adresse)
    return True


def _exiger_d_ecrire(c: psycopg.Cursor[Any], adresse: Adresse) -> None:
    c.execute(
        "SELECT has_table_privilege(%s, 'INSERT') AND has_table_privilege(%s, 'INSERT')",
        (_LIGNES, _INDEX),
    )
    if tuple(c.fetchone() or ()) != (True,):
        raise StoreAccessError(
            f"Le compte de {adresse} ne peut pas écrire.",
            remede=f"Lui donner le rôle {ECRITURE}, ou ne demander que des lectures.",
        )
    c.execute(INTRUS)
    intrus = [str(nom) for (nom,) in c.fetchall()]
    if intrus:
        raise StoreUnsafeError(
            f"La base {adresse} porte {', '.join(intrus)} : rien n'y sera écrit.",
            remede="Un grand livre n'en a pas ; trouver qui l'a posé, puis l'ôter.",
        )
