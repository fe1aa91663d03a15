"""Which server and which database a connection is on: other processes that read in its place must
be on the same ones, wherever the name of the server leads by then."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

_QUI = (
    "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
    "extract(epoch FROM pg_postmaster_start_time())::text, "
    "(SELECT oid::text FROM pg_database WHERE datname = current_database())"
)


class Serveur(NamedTuple):
    """One run of one server, one of its databases, and where it was reached."""

    hote: str
    adresse: str
    """Of the network; empty for a socket of the system."""
    port: int
    identifiant: str
    """Of its data: a standby has that of its primary."""
    demarrage: str
    """A standby put in the place of its primary was started at another instant."""
    base: str
    """The number of the database: another one may be given its name."""

    def place(self) -> dict[str, str]:
        """What libpq is given to reach it, among several or behind a name."""
        return {"host": self.hote, "hostaddr": self.adresse, "port": str(self.port)}


def lire_serveur(connexion: psycopg.Connection[Any]) -> Serveur:
    """Which one a connection is on."""
    with connexion.cursor(row_factory=tuple_row) as curseur:
        (qui,) = curseur.execute(_QUI.encode("ascii")).fetchall()
    vue = connexion.info
    return Serveur(vue.host, vue.hostaddr, vue.port, *qui)
