"""Is a ledger there: its tables, of the version that this program knows, that this account may use,
and nothing that could undo what is acknowledged."""

from __future__ import annotations

from typing import Any

import psycopg

from ..erreurs import StoreAccessError, StoreForeignError, StoreUnsafeError
from .adresse import Adresse
from .postgres_reglages import Etat, exiger, numero
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


def promesses(c: psycopg.Cursor[Any], adresse: Adresse, etat: Etat) -> tuple[list[str], list[str]]:
    """What a server promises to a writer, in sentences, and where it falls short."""
    dits: list[str] = []
    defauts: list[str] = []
    dits.append(
        f"PostgreSQL {numero(etat.version)}, {etat.encodage}, fsync {etat.fsync}, "
        f"full_page_writes {etat.pages_entieres}, synchronous_commit {etat.validation}."
    )
    if etat.en_reprise:
        dits.append("Secours : il recopie un principal, et ne sert qu'à lire.")
    elif etat.secours:
        dits.append(f"Chaque écriture attend ses secours : {etat.secours}.")
    else:
        dits.append("Aucun secours attendu : à la perte du disque, il reste les sauvegardes.")
    try:
        exiger(adresse, etat._replace(en_reprise=False, lecture_seule="off"), ecriture=True)
    except StoreUnsafeError as erreur:
        defauts.append(f"{erreur.message} {erreur.remede}")
    c.execute(
        "SELECT current_user, rolsuper, has_table_privilege(%s, 'UPDATE') "
        "OR has_table_privilege(%s, 'DELETE') OR has_table_privilege(%s, 'TRUNCATE') "
        "FROM pg_roles WHERE rolname = current_user",
        (_LIGNES, _LIGNES, _LIGNES),
    )
    compte, tout_puissant, efface = c.fetchone() or ("?", False, False)
    if tout_puissant or efface:
        dits.append(
            f"Le compte {compte} peut plus que lire et ajouter : au quotidien, lui préférer un "
            f"compte du rôle {ECRITURE}."
        )
    return dits, defauts
