"""What was announced before events had keys is not announced once more after the migration."""

from dataclasses import replace

from sqlalchemy import text

from cli.dev.postgres import EmbeddedPostgres
from db.database import Database
from db.migrate import upgrade
from db.queries import outbox
from domain.events import price_change_notice
from tests.db.rows import START
from tests.db.sold import insert_sold
from tests.domain.states import ACTIVE
from tests.stack import settings_for

OLD = text(
    "INSERT INTO outbox (subscription_id, event, due_at, details)"
    " VALUES (:id, 'subscription.price_change_notice', :due_at, '{}')"
)


async def test_an_old_row_has_the_key_that_it_would_have_now(postgres: EmbeddedPostgres) -> None:
    url = await postgres.create_database("old_announcements")
    upgrade(url, "0008")
    database = Database.from_settings(settings_for(url))
    due_at = START.replace(microsecond=42)
    async with database.transaction() as connection:
        sold = await insert_sold(connection, "draft")
        await connection.execute(OLD, {"id": sold.subscription_id, "due_at": due_at})

    upgrade(url)

    event = price_change_notice(replace(ACTIVE, subscription_id=sold.subscription_id), {}, due_at)
    async with database.transaction() as connection:
        await outbox.append_event(connection, event)
        keys = list((await connection.execute(text("SELECT key FROM outbox"))).scalars())
    assert keys == [event.key]
    await database.close()
