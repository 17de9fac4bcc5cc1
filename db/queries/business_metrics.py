"""The counts that tell how the business goes, for Prometheus."""

from dataclasses import dataclass

from sqlalchemy import func, select, text

from db.database import Connection
from db.tables.subscriptions import SETTLING, Subscription, TimelineEntry
from domain.lifecycle import Event


@dataclass(frozen=True)
class BusinessCounts:
    """Of payments, what was reported: a decline stays one when the same payment succeeds after it."""

    payments_succeeded: int
    payments_failed: int
    active_subscriptions: int


async def count_business(connection: Connection) -> BusinessCounts:
    is_decline = TimelineEntry.event == Event.PAYMENT_DECLINED
    payments = (
        select(
            func.count().filter(~is_decline).label("succeeded"),
            func.count().filter(is_decline).label("failed"),
        )
        .where(text(SETTLING))  # spelled as in the index that holds nothing else
        .select_from(TimelineEntry)
        .subquery()
    )
    with_access = (
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.access_until > func.clock_timestamp() + Subscription.clock_offset)
        .scalar_subquery()
    )
    row = (await connection.execute(select(payments.c.succeeded, payments.c.failed, with_access))).one()
    return BusinessCounts(*row)
