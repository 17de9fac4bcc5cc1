"""How migrations run: one at a time across all processes, each in its own transaction, never waiting long.

A migration that cannot get its lock within `LOCK_TIMEOUT` gives up and can be repeated, instead of queueing
in front of every reader.
"""

import os
import time

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from db.grants import apply_grants
from db.tables.metadata import METADATA

ADVISORY_LOCK = 4_716_210_035  # any constant of our own: only one migration runs at a time
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"
TURN_SECONDS = 300
ASK_AGAIN_SECONDS = 0.1


def run_migrations(connection: Connection) -> None:
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    _wait_for_the_turn(connection)
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
    if context.get_context().get_current_revision() == context.script.get_current_head():
        apply_grants(connection)  # they name columns that older schemas have not
    connection.commit()


def _wait_for_the_turn(connection: Connection) -> None:
    """Asks again and again: whoever waited in a statement would hold up an index built concurrently."""
    asked = text("SELECT pg_try_advisory_lock(:key)")
    give_up_at = time.monotonic() + TURN_SECONDS
    while not connection.execute(asked, {"key": ADVISORY_LOCK}).scalar_one():
        connection.commit()
        if time.monotonic() > give_up_at:
            raise TimeoutError("another migration is still running")
        time.sleep(ASK_AGAIN_SECONDS)


def main() -> None:
    """Closing the connection releases the advisory lock."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run_migrations(connection)
    engine.dispose()


main()
