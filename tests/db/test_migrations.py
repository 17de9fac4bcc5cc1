"""Up, down and up again; the models and the schema are one; two migrations at once do no harm."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool, text
from sqlalchemy.exc import IntegrityError

from cli.dev.postgres import EmbeddedPostgres
from db.migrate import MIGRATIONS, _config, downgrade, head_revision, upgrade
from db.queries.health import shipped_revisions
from db.tables.metadata import METADATA
from tests.conftest import FreshDatabaseUrl
from tests.db.schema import PARTS, Schema, read_schema
from tests.deadline import eventually

ROOT = Path(__file__).parents[2]
REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
EMPTY: Schema = {part: {} for part in PARTS} | {"extensions": {"plpgsql": "1.0"}}
A_SALE = text(
    "WITH buyer AS (INSERT INTO users (email, password_hash) VALUES ('a@b.it', '') RETURNING id)"
    " INSERT INTO subscriptions (user_id, plan_id, plan_price_id, workflow_id, idempotency_key, request_hash,"
    " status, current_period_start, current_period_end, cancel_at_period_end, version, state)"
    " SELECT buyer.id, plan_id, plan_prices.id, 'workflow', 'key', 'hash', 'active', now(),"
    " now() + interval '1 day', false, 1, '{}' FROM buyer, plan_prices LIMIT 1"
)
A_PROMO_CODE = text(
    "WITH staff AS (INSERT INTO users (email, password_hash) VALUES ('a@b.it', '') RETURNING id)"
    " INSERT INTO promo_codes (code, percent_off, duration, created_by)"
    " SELECT 'CIAO', 10, 'once', id FROM staff"
)
ASKING_FOR_THE_LOCK = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND (query = 'COMMIT' OR query LIKE 'SELECT pg_try_advisory_lock%') AND pid <> pg_backend_pid()"
)
NOT_VALIDATED = text("SELECT conname FROM pg_constraint WHERE NOT convalidated")
UNUSABLE = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


async def test_every_migration_goes_up_down_and_up_again(postgres: EmbeddedPostgres) -> None:
    url = await postgres.create_database("up_and_down")
    before = read_schema(url)
    for revision in REVISIONS:
        upgrade(url, revision)
        after = read_schema(url)
        downgrade(url, "-1")
        assert read_schema(url) == before
        upgrade(url, revision)
        assert read_schema(url) == after
        before = after


async def test_the_way_down_leaves_nothing_behind(fresh_database_url: FreshDatabaseUrl) -> None:
    url = await fresh_database_url()
    full = read_schema(url)

    downgrade(url, "base")
    assert read_schema(url) == EMPTY

    upgrade(url)
    assert read_schema(url) == full


async def test_every_constraint_holds_and_every_index_is_whole(database_url: str) -> None:
    with connected(database_url) as connection:
        assert connection.execute(NOT_VALIDATED).scalars().all() == []
        assert connection.execute(UNUSABLE).scalars().all() == []


LEFT_HALF_BUILT = {
    "0005": ("uq_subscriptions_one_live_per_user_next", "uq_subscriptions_one_trial_per_user"),
    "0012": ("uq_invoices_one_per_period_next", "ix_timeline_entries_settling_next"),
    "0014": ("uq_outbox_key", "ix_outbox_subscription_id"),
    "0015": ("uq_outbox_sequence", "ix_outbox_published_at", "ix_subscriptions_ahead"),
    "0016": ("ix_webhook_inbox_parked",),
    "0018": ("uq_subscriptions_one_start_per_key", "uq_subscriptions_one_trial_each"),
}


@pytest.mark.parametrize("revision", LEFT_HALF_BUILT)
async def test_an_index_that_was_left_half_built_is_built_anew(
    postgres: EmbeddedPostgres, database_url: str, revision: str
) -> None:
    url = await postgres.create_database(f"interrupted_after_{revision}")
    upgrade(url, revision)
    with connected(url) as connection:
        for name in LEFT_HALF_BUILT[revision]:
            connection.execute(text(f"CREATE INDEX {name} ON users (id)"))

    upgrade(url)

    assert read_schema(url) == read_schema(database_url)


async def test_alembic_finds_nothing_to_migrate(database_url: str) -> None:
    command.check(_config(database_url))


async def test_the_models_describe_the_very_schema(postgres: EmbeddedPostgres, database_url: str) -> None:
    url = await postgres.create_database("from_the_models")
    with connected(url) as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))
        METADATA.create_all(connection)

    modeled, migrated = read_schema(url), read_schema(database_url)

    for part in ("columns", "constraints", "indexes"):
        assert modeled[part] == migrated[part]


async def upgrade_in_another_process(database_url: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alembic", "upgrade", "head"),
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_of_two_migrations_at_once_one_waits_for_the_other(postgres: EmbeddedPostgres) -> None:
    url = await postgres.create_database("two_at_once")
    with connected(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(4716210035)"))
        both = asyncio.gather(asyncio.to_thread(upgrade, url), upgrade_in_another_process(url))

        async def both_wait() -> bool:
            waiting: int = connection.execute(ASKING_FOR_THE_LOCK).scalar_one()
            return waiting == 2

        await eventually(both_wait)
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
        _, (exit_code, output) = await both
        revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()

    assert exit_code == 0, output
    assert revisions == [head_revision()]


async def test_plans_that_were_sold_are_not_unsold(fresh_database_url: FreshDatabaseUrl) -> None:
    url = await fresh_database_url()
    with connected(url) as connection:
        connection.execute(A_SALE)

    with pytest.raises(IntegrityError, match="fk_subscriptions_plan_price_id"):
        downgrade(url, "0002")

    with connected(url) as connection:
        assert connection.execute(text("SELECT count(*) FROM plan_prices")).scalar_one() == 4


async def test_what_a_table_alone_knows_is_not_thrown_away(fresh_database_url: FreshDatabaseUrl) -> None:
    url = await fresh_database_url()
    with connected(url) as connection:
        connection.execute(A_PROMO_CODE)

    with pytest.raises(IntegrityError, match="promo_codes is in use"):
        downgrade(url, "0007")

    with connected(url) as connection:
        assert connection.execute(text("SELECT code FROM promo_codes")).scalar_one() == "CIAO"
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0008"


def test_the_files_are_named_and_ordered_by_their_revisions() -> None:
    assert list(shipped_revisions()) == REVISIONS
