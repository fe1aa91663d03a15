"""The statement that adds lines and command ids, and what it is given.

One statement is one transaction, and one round trip. It adds nothing when the line before is not
the one that the writer read; a position or an id already taken makes it fail whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..preuve.ligne import VERSION_LIGNE
from .port import Ecriture, EntreeIndex
from .postgres_reglages import DURABLES, SONT_SURES
from .postgres_schema import CANAL, SCHEMA

_FIN = f'","v":{VERSION_LIGNE}}}'

_EN_PLACE = f"""WHERE tete = (
        SELECT encode(sha256(
            '\\x00'::bytea || convert_to(
                '{{"journal":"' || t.programme || '","pos":' || t.position || ',"state":', 'UTF8')
            || e.state || convert_to(',"type":"' || e.topic || '{_FIN}', 'UTF8')), 'hex')
        FROM {SCHEMA}.stored_events e
        WHERE e.originator_id = t.programme AND e.originator_version = t.position)"""
"""Of lines named by programme, position and leaf (`tete`), those that the table holds."""

AJOUTER = f"""
WITH temoins AS MATERIALIZED (
    SELECT count(*) AS vus
    FROM unnest(%(programmes)s::text[], %(avant)s::bigint[], %(tetes)s::text[])
        AS t(programme, position, tete)
    {_EN_PLACE}
), serveur AS MATERIALIZED (
    SELECT {DURABLES}
), permis AS MATERIALIZED (
    SELECT vus = cardinality(%(tetes)s::text[]) AND {SONT_SURES}
        AND pg_backend_pid() = %(session)s::int AS ecrire
    FROM temoins, serveur
), lignes AS (
    INSERT INTO {SCHEMA}.stored_events (originator_id, originator_version, topic, state)
    SELECT l.* FROM unnest(
        %(journaux)s::text[], %(positions)s::bigint[], %(topics)s::text[], %(etats)s::bytea[]
    ) AS l, permis WHERE ecrire
    RETURNING 1
), ids AS (
    INSERT INTO {SCHEMA}.fabriques_commandes (programme, id_commande, position, empreinte)
    SELECT i.* FROM unnest(
        %(journaux_ids)s::text[], %(ids)s::text[], %(places)s::bigint[], %(empreintes)s::text[]
    ) AS i, permis WHERE ecrire
    RETURNING 1
)
SELECT vus, (SELECT count(*) FROM lignes), (SELECT count(*) FROM ids), serveur.*,
    pg_backend_pid()
FROM temoins, serveur"""
"""Counts what it saw and added, then says the settings that it found: unsafe, it adds nothing."""

REINDEXER = f"""
WITH serveur AS MATERIALIZED (
    SELECT {DURABLES}
), ids AS (
    INSERT INTO {SCHEMA}.fabriques_commandes (programme, id_commande, position, empreinte)
    SELECT i.* FROM unnest(
        %(journaux_ids)s::text[], %(ids)s::text[], %(places)s::bigint[], %(empreintes)s::text[]
    ) AS i WHERE pg_backend_pid() = %(session)s::int
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
    (SELECT count(pg_notify('{CANAL}', a.nom)) FROM unnest(%(avises)s::text[]) AS a(nom)),
    (SELECT count(*) FROM unnest(%(programmes)s::text[], %(places)s::bigint[], %(tetes)s::text[])
        AS t(programme, position, tete) {_EN_PLACE})""".encode()
"""Apart, after the commit: inside it, a notice makes every commit of the server wait for its turn
(a lock held until the disk and the standby have answered). Lost, it delays whoever follows.

Looks at the lines again on the way: those before may have been taken away while the write waited
for its turn, which its own statement does not see."""


def valeurs(ecritures: Sequence[Ecriture]) -> tuple[dict[str, Any], tuple[int, int, int]]:
    """The parameters, and what must be counted: lines seen before, lines added, ids added.

    In one order for every writer: two of them never wait for each other.
    """
    rangees = sorted(ecritures, key=lambda e: e.programme)
    lignes = [(e.programme, *ligne) for e in rangees for ligne in e.lignes]
    temoins = [
        (e.programme, e.lignes[0].position - 1, e.tete)
        for e in rangees
        if e.tete is not None and e.lignes
    ]
    index = valeurs_index([(e.programme, entree) for e in rangees for entree in e.ids])
    parametres = {
        "programmes": [t[0] for t in temoins],
        "avant": [t[1] for t in temoins],
        "tetes": [t[2] for t in temoins],
        "journaux": [ligne[0] for ligne in lignes],
        "positions": [ligne[1] for ligne in lignes],
        "topics": [ligne[2] for ligne in lignes],
        "etats": [ligne[3] for ligne in lignes],
        **index,
    }
    return parametres, (len(temoins), len(lignes), len(index["ids"]))


def valeurs_apres(ecritures: Sequence[Ecriture]) -> dict[str, Any]:
    """The parameters of `AVISER`: the lines before and the last ones added, as far as known."""
    places: list[tuple[str, int, str]] = []
    for e in ecritures:
        if e.lignes:
            bords = ((e.lignes[0].position - 1, e.tete), (e.lignes[-1].position, e.fin))
            places += [(e.programme, place, feuille) for place, feuille in bords if feuille]
    return {
        "avises": sorted({e.programme for e in ecritures}),
        "programmes": [p[0] for p in places],
        "places": [p[1] for p in places],
        "tetes": [p[2] for p in places],
    }


def valeurs_index(entrees: Sequence[tuple[str, EntreeIndex]]) -> dict[str, Any]:
    """The parameters of the index entries: programme, id, position, digest."""
    rangees = sorted(entrees)
    return {
        "journaux_ids": [programme for programme, _ in rangees],
        "ids": [entree.id_commande for _, entree in rangees],
        "places": [entree.position for _, entree in rangees],
        "empreintes": [entree.empreinte for _, entree in rangees],
    }
