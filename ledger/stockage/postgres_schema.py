"""What a ledger is inside a PostgreSQL database: one schema, two tables, the guards on them.

The tables have the columns that they have on SQLite. Text sorts by bytes (`COLLATE "C"`): an
upgrade of the system's dictionaries changes no order, hence no index.
"""

from __future__ import annotations

SCHEMA = "fabriques"
VERSION = 1
"""Of the shape of the tables, kept in `fabriques_schema`; not that of the stored bytes."""
CANAL = "fabriques"
"""Where `NOTIFY` says which programme has something new."""
TABLES = ("stored_events", "fabriques_commandes")
VERROU = 0x46414254
"""Advisory lock of whoever creates the schema ("FABT")."""

_GARDE = f"{SCHEMA}.refuser_de_changer"
_STOCKAGE = (  # the library's: rows are only added, statistics follow
    "autovacuum_enabled = true, autovacuum_vacuum_threshold = 100000000, "
    "autovacuum_vacuum_scale_factor = 0.5, autovacuum_analyze_threshold = 1000, "
    "autovacuum_analyze_scale_factor = 0.01"
)

CREATION: tuple[str, ...] = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.stored_events (
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic text COLLATE "C" NOT NULL,
    state bytea NOT NULL CHECK (octet_length(state) <= 1000000),
    PRIMARY KEY (originator_id, originator_version)
) WITH ({_STOCKAGE})""",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.fabriques_commandes (
    programme text COLLATE "C" NOT NULL,
    id_commande text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    empreinte text COLLATE "C" NOT NULL,
    PRIMARY KEY (programme, id_commande)
) WITH ({_STOCKAGE})""",
    f"""CREATE OR REPLACE FUNCTION {_GARDE}() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $garde$
BEGIN
    RAISE EXCEPTION 'grand livre : % interdit sur %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$garde$""",
    *(
        f"""CREATE OR REPLACE TRIGGER {table}_immuable
BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.{table}
FOR EACH STATEMENT EXECUTE FUNCTION {_GARDE}()"""
        for table in TABLES
    ),
    *(f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER {table}_immuable" for table in TABLES),
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.fabriques_schema (version integer PRIMARY KEY)",
    f"INSERT INTO {SCHEMA}.fabriques_schema VALUES ({VERSION}) ON CONFLICT DO NOTHING",
)
"""Makes what is missing, and changes nothing that is there. One transaction."""

PROPRIETAIRE, ECRITURE, LECTURE = (
    f"{SCHEMA}_proprietaire",
    f"{SCHEMA}_ecriture",
    f"{SCHEMA}_lecture",
)

_CREER_ROLE = """DO $role$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
END $role$"""

ROLES: tuple[str, ...] = (
    *(_CREER_ROLE.format(role=role) for role in (PROPRIETAIRE, ECRITURE, LECTURE)),
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO {ECRITURE}, {LECTURE}",
    f"GRANT SELECT, INSERT ON {SCHEMA}.stored_events, {SCHEMA}.fabriques_commandes TO {ECRITURE}",
    f"GRANT SELECT ON {SCHEMA}.fabriques_schema TO {ECRITURE}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {LECTURE}",
    f"REVOKE ALL ON FUNCTION {_GARDE}() FROM PUBLIC",
    *(
        f"ALTER TABLE {SCHEMA}.{table} OWNER TO {PROPRIETAIRE}"
        for table in (*TABLES, "fabriques_schema")
    ),
    f"ALTER FUNCTION {_GARDE}() OWNER TO {PROPRIETAIRE}",
    f"ALTER SCHEMA {SCHEMA} OWNER TO {PROPRIETAIRE}",
)
"""Three roles that nobody logs in with: to be granted to accounts. Whoever runs it may create
roles."""

INTRUS = f"""
SELECT 'déclencheur ' || t.tgname FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_namespace np ON np.oid = p.pronamespace
WHERE n.nspname = '{SCHEMA}' AND NOT t.tgisinternal
  AND NOT (t.tgname = c.relname || '_immuable' AND np.nspname || '.' || p.proname = '{_GARDE}')
UNION ALL
SELECT 'règle ' || rulename FROM pg_catalog.pg_rules WHERE schemaname = '{SCHEMA}'
UNION ALL
SELECT 'vue ' || viewname FROM pg_catalog.pg_views WHERE schemaname = '{SCHEMA}'
UNION ALL
SELECT 'politique ' || policyname FROM pg_catalog.pg_policies WHERE schemaname = '{SCHEMA}'
ORDER BY 1"""
"""What could undo, hide or change what is acknowledged."""

GARDES_ABSENTES = f"""
SELECT 'garde absente ou inactive : ' || n.nom || '_immuable'
FROM pg_catalog.unnest(ARRAY['{"', '".join(TABLES)}']) AS n(nom)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
    WHERE s.nspname = '{SCHEMA}' AND c.relname = n.nom AND t.tgname = n.nom || '_immuable'
      AND t.tgenabled = 'A' AND t.tgtype = 58)
UNION ALL
SELECT 'index invalide : ' || c.relname FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = '{SCHEMA}' AND NOT i.indisvalid
ORDER BY 1"""
"""tgtype 58: before, statement, delete, update and truncate."""


def script(*, roles: bool = True) -> str:
    """The SQL that a database administrator runs with psql, in one transaction, as often as wanted.

    psql -v ON_ERROR_STOP=1 -f script.sql
    """
    requetes = [*CREATION, *(ROLES if roles else ())]
    return "\n\n".join(
        [
            "-- Grand livre « fabriques » : schéma, gardes et rôles. Se relance sans danger.",
            "BEGIN;",
            f"DO $verrou$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock({VERROU}); END $verrou$;",
            *(f"{requete};" for requete in requetes),
            "COMMIT;",
            "",
        ]
    )
