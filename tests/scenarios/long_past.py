"""Makes all that the rows of one subscription say lie further in the past, as if nobody had looked since."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from db.database import Connection, Database

OWN = "subscription_id = :id"
OF_INVOICE = "invoice_id IN (SELECT id FROM invoices WHERE subscription_id = :id)"
DATED = (
    ("invoices", OWN, "period_start period_end created_at paid_at"),
    ("invoice_lines", OF_INVOICE, "period_start period_end"),
    ("payments", OF_INVOICE, "created_at settled_at"),
    ("timeline_entries", OWN, "occurred_at"),
    ("subscriptions", "id = :id", "current_period_start current_period_end next_action_at access_until"),
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


async def make_old(database: Database, subscription_id: int, by: timedelta) -> None:
    """With the triggers off that keep what is written as it is. Only numbers stay in their year."""
    of_this = {"id": subscription_id, "by": by}
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, condition, columns in DATED:
            moved = ", ".join(f"{column} = {column} - :by" for column in columns.split())
            await connection.execute(text(f"UPDATE {table} SET {moved} WHERE {condition}"), of_this)  # noqa: S608 - names of our own
        await connection.execute(
            text(
                "UPDATE periods SET during = tstzrange(lower(during) - :by, upper(during) - :by)"
                " WHERE subscription_id = :id"
            ),
            of_this,
        )
        await _make_state_old(connection, subscription_id, by)


async def _make_state_old(connection: Connection, subscription_id: int, by: timedelta) -> None:
    query = text("SELECT state FROM subscriptions WHERE id = :id")
    state = (await connection.execute(query, {"id": subscription_id})).scalar_one()
    await connection.execute(
        text("UPDATE subscriptions SET state = cast(:state AS jsonb) WHERE id = :id"),
        {"id": subscription_id, "state": json.dumps(_older(state, by))},
    )


def _older(value: Any, by: timedelta) -> Any:
    match value:
        case dict():
            return {name: _older(inner, by) for name, inner in value.items()}
        case list():
            return [_older(inner, by) for inner in value]
        case str() if INSTANT.match(value):
            return (datetime.fromisoformat(value) - by).isoformat()
        case _:
            return value
