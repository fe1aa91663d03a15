"""What each connection to PostgreSQL sets, and what it demands of the server.

A writer refuses a server that may lose what it acknowledged. What the server says is read back on
each connection: after a failover, the next one goes to another server.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from ..erreurs import StoreReadOnlyError, StoreUnsafeError
from .adresse import Adresse
from .postgres_erreurs import SESSION_CHANGEE, cause

VERSION_MIN = 140000
"""The oldest PostgreSQL served (`CREATE OR REPLACE TRIGGER`)."""
_MILLE = 1_000
_DIX_MILLE = 10_000

DURABLES = (
    "current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages_entieres, "
    "current_setting('synchronous_commit') AS validation, "
    "current_setting('synchronous_standby_names') AS secours"
)
"""Read again by each statement that leads to an acknowledgement: a server reads its files again
under an open session."""
SONT_SURES = (
    "fsync <> 'off' AND pages_entieres <> 'off' AND validation <> 'off' "
    "AND (secours = '' OR validation NOT IN ('local', 'remote_write'))"
)
"""What `exiger_durables` demands of `DURABLES`, said to the server."""
_LIRE = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), "
    f"{DURABLES}, pg_is_in_recovery(), current_setting('transaction_read_only')"
)


class Etat(NamedTuple):
    """What a server says of itself."""

    version: int
    encodage: str
    fsync: str
    pages_entieres: str
    validation: str
    secours: str
    """Names of the standbys that commits wait for; empty: none."""
    en_reprise: bool
    lecture_seule: str


def regler(connexion: psycopg.Connection[Any], *, ecriture: bool, attente: float) -> None:
    """Make the settings of a session, whatever the account and the database say: names are ours or
    the system's, a backslash is itself, nothing waits for ever, and no delay but ours cuts.
    """
    verrou = max(1, int(attente * _MILLE))
    requete = (
        f"SET search_path = pg_catalog; SET lock_timeout = {verrou}; SET statement_timeout = 0; "
        "SET standard_conforming_strings = on; "
        "SET default_transaction_isolation = 'read committed'; "
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'"
    )
    if not ecriture:
        requete += "; SET default_transaction_read_only = on"
    connexion.execute(requete.encode("ascii"))


def lire_etat(connexion: psycopg.Connection[Any]) -> Etat:
    """What the server says of itself."""
    with connexion.cursor(row_factory=tuple_row) as curseur:
        (ligne,) = curseur.execute(_LIRE).fetchall()
    return Etat(*ligne)


def exiger(adresse: Adresse, etat: Etat, *, ecriture: bool) -> None:
    """Refuse a server that the ledger cannot rely on.

    Raises: StoreUnsafeError, StoreReadOnlyError.
    """
    if etat.version < VERSION_MIN:
        raise StoreUnsafeError(
            f"Le serveur de {adresse} est un PostgreSQL {numero(etat.version)} ; "
            f"{numero(VERSION_MIN)} ou plus récent est requis.",
            remede="Mettre le serveur à jour.",
        )
    if etat.encodage != "UTF8":
        raise StoreUnsafeError(
            f"La base {adresse} est en {etat.encodage}, pas en UTF8.",
            remede="La créer avec createdb --encoding=UTF8 --template=template0.",
        )
    if not ecriture:
        return
    if etat.en_reprise:
        raise StoreReadOnlyError(
            f"Le serveur de {adresse} est un secours : il ne fait que recopier le principal.",
            remede="Écrire au principal (target_session_attrs=read-write le choisit).",
        )
    if etat.lecture_seule != "off":
        raise StoreReadOnlyError(
            f"La base {adresse} est réglée en lecture seule.",
            remede="Regarder default_transaction_read_only de la base et du compte.",
        )
    exiger_durables(adresse, etat.fsync, etat.pages_entieres, etat.validation, etat.secours)


def exiger_durables(
    adresse: Adresse, fsync: str, pages_entieres: str, validation: str, secours: str
) -> None:
    """Refuse what `DURABLES` says when the server may lose what it acknowledges.

    With named standbys, a commit that does not wait for their disks is no better than `off`.

    Raises: StoreUnsafeError.
    """
    for reglage, valeur, dangereuses in (
        ("fsync", fsync, ("off",)),
        ("full_page_writes", pages_entieres, ("off",)),
        (
            "synchronous_commit",
            validation,
            ("off", *(("local", "remote_write") if secours else ())),
        ),
    ):
        if valeur in dangereuses:
            raise StoreUnsafeError(
                f"Le serveur de {adresse} a {reglage} = {valeur} : il peut perdre ce qu'il "
                "acquitte.",
                remede=f"Mettre {reglage} = on, puis recommencer.",
            )


def numero(version: int) -> str:
    """A version as people say it."""
    return f"{version // _DIX_MILLE}.{version % _DIX_MILLE}"


def est_rompue(erreur: BaseException) -> bool:
    """Whether the connection is to be given up: what it was doing is done, or not, who knows."""
    origine = cause(erreur)
    if not isinstance(origine, psycopg.OperationalError | psycopg.InterfaceError):
        # ... or whose prepared statements went away (DISCARD ALL, another session behind a pooler)
        return getattr(origine, "sqlstate", None) in SESSION_CHANGEE
    etat = getattr(origine, "sqlstate", None)
    return etat is None or etat.startswith(("08", "57P")) or etat in SESSION_CHANGEE
