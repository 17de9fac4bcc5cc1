"""What goes out. The announcement of a renewal follows the renewal: moved with it, dropped with it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.outbox import OutboxEvent
from domain.reminder import Reminder

RENEWAL_UPCOMING = "renewal.upcoming"
PAYMENT_REMINDER = "invoice.payment_reminder"
PRICE_CHANGE_NOTICE = "subscription.price_change_notice"


async def replace_reminder(
    connection: Connection, subscription_id: int, reminder: Reminder | None, at: datetime
) -> None:
    """Takes back what is not due at `at` yet, and announces the coming renewal instead."""
    await connection.execute(
        delete(OutboxEvent).where(
            OutboxEvent.subscription_id == subscription_id,
            OutboxEvent.event == RENEWAL_UPCOMING,
            OutboxEvent.due_at > at,
        )
    )
    if reminder is not None:
        details = {"renews_at": reminder.renews_at.isoformat()}
        await append_event(connection, subscription_id, RENEWAL_UPCOMING, reminder.due_at, details)


async def append_event(
    connection: Connection,
    subscription_id: int,
    event: str,
    due_at: datetime,
    details: Mapping[str, str | int],
) -> None:
    """Once: the same event at the same instant is there already."""
    await connection.execute(
        upsert(OutboxEvent)
        .values(subscription_id=subscription_id, event=event, due_at=due_at, details=dict(details))
        .on_conflict_do_nothing()
    )
