"""Preparing a database: the script of `postgres_schema`, run by whoever may create roles."""

from __future__ import annotations

from psycopg.rows import tuple_row

from .adresse import Adresse
from .postgres_bassin import Bassin
from .postgres_erreurs import traduire
from .postgres_reconnaissance import reconnaitre
from .postgres_schema import CREATION, ROLES, VERROU


def preparer(adresse: Adresse, *, roles: bool) -> None:
    """Run the script in one transaction, on a server found fit.

    Raises: StoreAccessError, StoreForeignError (tables of others), StoreError.
    """
    bassin = Bassin(adresse, ecriture=True, attente=30)
    try:
        with traduire(adresse), bassin.connection() as connexion, connexion.transaction():
            with connexion.cursor(row_factory=tuple_row) as curseur:
                reconnaitre(curseur, adresse, ecriture=False)
            connexion.execute("SELECT pg_advisory_xact_lock(%s)", (VERROU,))
            for requete in (*CREATION, *(ROLES if roles else ())):
                connexion.execute(requete.encode())
    finally:
        bassin.close()
