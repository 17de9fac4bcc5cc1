"""How migrations run: one at a time across all processes, each in its own transaction, never waiting long.

A migration that cannot get its lock within `LOCK_TIMEOUT` gives up and can be repeated, instead of queueing
in front of every reader.
"""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from db.tables.metadata import METADATA

ADVISORY_LOCK = 4_716_210_035  # any constant of our own: only one migration runs at a time
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


def run_migrations(connection: Connection) -> None:
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Closing the connection releases the advisory lock."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run_migrations(connection)
    engine.dispose()


main()
