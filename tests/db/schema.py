"""What a schema is made of, in Postgres's own words, so that two can be compared."""

from sqlalchemy import create_engine, pool, text

PARTS = {
    "columns": (
        "SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default,"
        " identity_generation) FROM information_schema.columns WHERE table_schema = 'public'"
    ),
    "constraints": (
        "SELECT conrelid::regclass || '.' || conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')"
        " FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype <> 't'"
    ),
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": (
        "SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE NOT tgisinternal"
    ),
    "functions": (
        "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')"
    ),
    "extensions": "SELECT extname::text, extversion FROM pg_extension",
}

Schema = dict[str, dict[str, str]]


def read_schema(database_url: str) -> Schema:
    """Alembic's own table is left out: it is no part of ours."""
    engine = create_engine(database_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        schema = {
            part: {row[0]: row[1] for row in connection.execute(text(query))} for part, query in PARTS.items()
        }
    engine.dispose()
    return {
        part: {name: words for name, words in things.items() if not name.startswith("alembic_version")}
        for part, things in schema.items()
    }
