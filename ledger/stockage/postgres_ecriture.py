"""The statement that adds lines and command ids, and what it is given.

One statement is one transaction, and one round trip. It adds nothing when the line before is not
the one that the writer read; a position or an id already taken makes it fail whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ..preuve.ligne import VERSION_LIGNE
from .port import Ecriture, EntreeIndex
from .postgres_reglages import DURABLES, SONT_SURES
from .postgres_schema import CANAL, SCHEMA

_Place = dict[str, str | int]
_FIN = f'","v":{VERSION_LIGNE}}}'

_EN_PLACE = f"""WHERE tete = (
        SELECT encode(sha256(
            '\\x00'::bytea || convert_to(
                '{{"journal":"' || t.programme || '","pos":' || t.position || ',"state":', 'UTF8')
            || e.state || convert_to(',"type":"' || e.topic || '{_FIN}', 'UTF8')), 'hex')
        FROM {SCHEMA}.stored_events e
        WHERE e.originator_id = t.programme AND e.originator_version = t.position)"""
"""Of lines named by programme, position and leaf (`tete`), those that the table holds."""

_INDEX = (
    "json_to_recordset(%(ids)s::json) "
    "AS i(programme text, id_commande text, position bigint, empreinte text)"
)

AJOUTER = f"""
WITH temoins AS MATERIALIZED (
    SELECT count(*) AS vus
    FROM json_to_recordset(%(temoins)s::json) AS t(programme text, position bigint, tete text)
    {_EN_PLACE}
), serveur AS MATERIALIZED (
    SELECT {DURABLES}
), permis AS MATERIALIZED (
    SELECT vus = %(attendus)s::int AND {SONT_SURES} AND pg_backend_pid() = %(session)s::int
        AS ecrire
    FROM temoins, serveur
), lignes AS (
    INSERT INTO {SCHEMA}.stored_events (originator_id, originator_version, topic, state)
    SELECT l.programme, l.position, l.topic, decode(l.etat, 'hex')
    FROM json_to_recordset(%(lignes)s::json)
        AS l(programme text, position bigint, topic text, etat text), permis
    WHERE ecrire
    RETURNING 1
), ids AS (
    INSERT INTO {SCHEMA}.fabriques_commandes (programme, id_commande, position, empreinte)
    SELECT i.* FROM {_INDEX}, permis WHERE ecrire
    RETURNING 1
)
SELECT vus, (SELECT count(*) FROM lignes), (SELECT count(*) FROM ids), serveur.*,
    pg_backend_pid()
FROM temoins, serveur"""
"""Counts what it saw and added, then says the settings that it found: unsafe, it adds nothing.

Rows travel as JSON: psycopg makes an array element by element, which cost more than the rest."""

REINDEXER = f"""
WITH serveur AS MATERIALIZED (
    SELECT {DURABLES}
), permis AS MATERIALIZED (
    SELECT {SONT_SURES} AND pg_backend_pid() = %(session)s::int AS ecrire FROM serveur
), ids AS (
    INSERT INTO {SCHEMA}.fabriques_commandes (programme, id_commande, position, empreinte)
    SELECT i.* FROM {_INDEX}, permis WHERE ecrire
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT 0, 0, (SELECT count(*) FROM ids), serveur.*, pg_backend_pid() FROM serveur"""

ASSURER = f"""
WITH serveur AS MATERIALIZED (SELECT {DURABLES})
SELECT 0, 0, CASE WHEN pg_logical_emit_message(true, 'fabriques', '') IS NULL THEN 0 ELSE 1 END,
    serveur.*, pg_backend_pid() FROM serveur"""
"""Nothing is added, and its commit waits for the disk and the standbys like any other, hence for
all that was readable before it: a commit whose wait was cut short is visible all the same. A
transaction that writes nothing to the log, even numbered, waits for nothing."""


AVISER = f"""
SELECT set_config('synchronous_commit', 'off', true),
    (SELECT count(pg_notify('{CANAL}', a.nom))
        FROM json_array_elements_text(%(avises)s::json) AS a(nom)),
    (SELECT count(*)
        FROM json_to_recordset(%(places)s::json) AS t(programme text, position bigint, tete text)
        {_EN_PLACE})""".encode()
"""Apart, after the commit: inside it, a notice makes every commit of the server wait for its turn
(a lock held until the disk and the standby have answered). Lost, it delays whoever follows.

Looks at the lines again on the way: those before may have been taken away while the write waited
for its turn, which its own statement does not see."""


class Demande(NamedTuple):
    """What a transaction asks of the server, and what it must count."""

    ajouter: dict[str, Any]
    comptes: tuple[int, int, int]
    """Lines seen before, lines added, ids added."""
    aviser: dict[str, Any]
    places: int
    """Lines to see again after the commit: those before and the last added, as far as known."""


def demander(ecritures: Sequence[Ecriture]) -> Demande:
    """The parameters of `AJOUTER` and of `AVISER`.

    In one order for every writer: two of them never wait for each other.
    """
    rangees = sorted(ecritures, key=lambda e: e.programme)
    temoins: list[_Place] = []
    lignes: list[dict[str, Any]] = []
    places: list[_Place] = []
    for e in rangees:
        if not e.lignes:
            continue
        for ligne in e.lignes:
            rangee = {"programme": e.programme, "position": ligne.position, "topic": ligne.topic}
            lignes.append({**rangee, "etat": ligne.octets.hex()})
        avant = _place(e.programme, e.lignes[0].position - 1, e.tete)
        temoins += avant
        places += avant + _place(e.programme, e.lignes[-1].position, e.fin)
    ids = [(e.programme, entree) for e in rangees for entree in e.ids]
    ajouter = {
        "temoins": _json(temoins),
        "attendus": len(temoins),
        "lignes": _json(lignes),
        **valeurs_index(ids),
    }
    aviser = {"avises": _json(sorted({e.programme for e in rangees})), "places": _json(places)}
    return Demande(ajouter, (len(temoins), len(lignes), len(ids)), aviser, len(places))


def _place(programme: str, position: int, tete: str | None) -> list[_Place]:
    """Where a line must be, when its leaf is known."""
    return [] if tete is None else [{"programme": programme, "position": position, "tete": tete}]


def valeurs_index(entrees: Sequence[tuple[str, EntreeIndex]]) -> dict[str, Any]:
    """The parameter of the index entries: programme, id, position, digest."""
    return {
        "ids": _json(
            [
                {
                    "programme": programme,
                    "id_commande": entree.id_commande,
                    "position": entree.position,
                    "empreinte": entree.empreinte,
                }
                for programme, entree in sorted(entrees)
            ]
        )
    }


def _json(rangees: Any) -> str:
    return msgspec.json.encode(rangees).decode()
