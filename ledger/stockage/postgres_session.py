"""Is a session ours alone? What stands between us and the server may lend it to others.

A pooler by transaction or by statement (PgBouncer) gives each statement the session that is free:
what we set is then somebody else's, and what he set ours; a prepared statement's name may lead to
that of another program; `LISTEN` hears nothing.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import psycopg.pq
from psycopg.rows import DictRow, tuple_row

from ..erreurs import StoreBusyError, StoreUnsafeError
from .adresse import Adresse
from .usage import garder_apres_fork

QUI = "SELECT pg_catalog.pg_backend_pid()"
_ESSAIS = 3
_PATIENCE = 2
"""Seconds: a pooler by session whose sessions are all taken makes a newcomer wait."""
_SURSIS = 1 / 10
"""Seconds more for an answer on its way."""


class Connexion(psycopg.Connection[DictRow]):
    """A connection, and the server process that serves it."""

    session: int = 0
    incertaine: bool = False
    """Whether nothing proved that the session is kept: looked at before each use."""


def est_interposee(connexion: Connexion) -> bool:
    """Whether something stands between: it hands out keys of its own to cancel with, in place of
    the server's, since one server process serves many of its clients. Notes the session."""
    connexion.session = _qui(connexion)
    return connexion.session != connexion.info.backend_pid


def eprouver(adresse: Adresse, connexion: Connexion, conninfo: str) -> bool:
    """Refuse an intermediary that changes session under an idle connection, before anything is set
    in a session that may not be ours. Returns whether it was proven to keep them.

    Kept by session, an idle connection keeps its server process, and nobody else gets it. Asked
    twice in a row, then by a second client: whether the pooler gives the session last returned or
    the one that waited longest, one of the two answers betrays it.

    Not proven: the second client waits, and ours, which asked after it, is served at once. That is
    what pooling by session does once its sessions are taken; by transaction ours holds none, and
    comes after those that wait.

    Raises: StoreUnsafeError; StoreBusyError when the second client is turned away: nothing is
    known; psycopg.Error of our connection.
    """
    with _du_second(adresse):
        temoin = Connexion.connect(conninfo, autocommit=True)
        garder_apres_fork(temoin)
    try:
        servis = attentes = 0
        autre: int | None = 0
        while servis < _ESSAIS and attentes < _ESSAIS:
            with _du_second(adresse):
                if autre is not None:
                    temoin.pgconn.send_query(QUI.encode())
                autre = _repondu(temoin, _SURSIS if attentes else _PATIENCE)
            if not tient(connexion) or autre == connexion.session or not tient(connexion):
                raise session_changee(adresse)
            if autre is None:
                attentes += 1
            else:
                servis += 1
    finally:
        temoin.close()
    return servis == _ESSAIS


def tient(connexion: Connexion) -> bool:
    """Whether the session is still the one that it had."""
    return _qui(connexion) == connexion.session


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


@contextmanager
def _du_second(adresse: Adresse) -> Iterator[None]:
    """What happens to the second client alone: without it, nothing is known."""
    try:
        yield
    except psycopg.OperationalError as erreur:
        raise StoreBusyError(
            f"Devant {adresse}, un intermédiaire refuse une seconde connexion : rien ne dit s'il "
            "garde une session à chacune.",
            remede="Réessayer ; si cela dure, lui donner une place de plus (PgBouncer : "
            "max_client_conn), ou donner l'adresse du serveur lui-même.",
        ) from erreur


def _repondu(connexion: psycopg.Connection[Any], patience: float) -> int | None:
    """What a question already sent is answered; None when no session came in time."""
    pg = connexion.pgconn
    fin = time.monotonic() + patience
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
            if reponse.status != psycopg.pq.ExecStatus.TUPLES_OK:
                raise psycopg.OperationalError("no answer")
            numero = int(reponse.get_value(0, 0) or b"0")
