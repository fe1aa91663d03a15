"""Is a session ours alone? What stands between us and the server may lend it to others.

A pooler by transaction or by statement (PgBouncer) gives each statement the session that is free:
what we set is then somebody else's, and what he set ours; a prepared statement's name may lead to
that of another program; `LISTEN` hears nothing.
"""

from __future__ import annotations

import selectors
import time
from contextlib import suppress
from typing import Any

import psycopg
import psycopg.pq
from psycopg.rows import DictRow, tuple_row

from ..erreurs import StoreUnsafeError
from .adresse import Adresse
from .usage import garder_apres_fork

QUI = "SELECT pg_catalog.pg_backend_pid()"
_ESSAIS = 3
_PATIENCE = 2
"""Seconds: a pooler by session whose sessions are all taken makes a newcomer wait."""


class Connexion(psycopg.Connection[DictRow]):
    """A connection, and the server process that serves it."""

    session: int = 0


def est_interposee(connexion: Connexion) -> bool:
    """Whether something stands between: it hands out keys of its own to cancel with, in place of
    the server's, since one server process serves many of its clients. Notes the session."""
    connexion.session = _qui(connexion)
    return connexion.session != connexion.info.backend_pid


def exiger_une_session(adresse: Adresse, connexion: Connexion, conninfo: str) -> None:
    """Refuse an intermediary that changes session under an idle connection, before anything is set
    in a session that may not be ours.

    Kept by session, an idle connection keeps its server process, and nobody else gets it. Asked
    twice in a row, then by a second client: whether the pooler gives the session last returned or
    the one that waited longest, one of the two answers betrays it.

    Raises: StoreUnsafeError.
    """
    with suppress(psycopg.OperationalError):  # no room for a second client: the first stays guarded
        temoin = Connexion.connect(conninfo, autocommit=True)
        garder_apres_fork(temoin)
        try:
            for _ in range(_ESSAIS):
                autre = _qui_sans_attendre(temoin)
                if _qui(connexion) != connexion.session or autre == connexion.session:
                    raise session_changee(adresse)
                if _qui(connexion) != connexion.session:
                    raise session_changee(adresse)
                if autre is None:
                    return
        finally:
            temoin.close()


def session_changee(adresse: Adresse) -> StoreUnsafeError:
    """The error of a session that is not ours."""
    return StoreUnsafeError(
        f"Devant {adresse}, un intermédiaire change de session d'une requête à l'autre : rien "
        "n'a été écrit.",
        remede="Le régler par session pour cette base (PgBouncer : pool_mode = session), ou "
        "donner l'adresse du serveur lui-même.",
    )


def _qui(connexion: psycopg.Connection[Any]) -> int:
    with connexion.cursor(row_factory=tuple_row) as curseur:
        ((numero,),) = curseur.execute(QUI, prepare=False).fetchall()
    return int(numero)


def _qui_sans_attendre(connexion: psycopg.Connection[Any]) -> int | None:
    """The same; None when no session comes in time: the connection is then to be closed."""
    pg = connexion.pgconn
    pg.send_query(QUI.encode())
    fin = time.monotonic() + _PATIENCE
    numero = None
    with selectors.DefaultSelector() as guet:
        guet.register(pg.socket, selectors.EVENT_READ)
        while True:
            while pg.is_busy():  # a result asked for too early would hold every thread back
                if not guet.select(max(0, fin - time.monotonic())):
                    return None
                pg.consume_input()
            reponse = pg.get_result()
            if reponse is None:
                return numero
            if reponse.status == psycopg.pq.ExecStatus.TUPLES_OK:
                numero = int(reponse.get_value(0, 0) or b"0")
