"""The counts that tell how the business goes, for Prometheus."""

from dataclasses import dataclass

from sqlalchemy import func, select, text, true

from db.database import Connection
from db.tables.subscriptions import SETTLING, Subscription, TimelineEntry
from domain.lifecycle import Event


@dataclass(frozen=True)
class BusinessCounts:
    """Of payments, what was reported: a decline stays one when the same payment succeeds after it."""

    payments_succeeded: int
    payments_failed: int
    active_subscriptions: int
    parked_subscriptions: int


async def count_business(connection: Connection) -> BusinessCounts:
    is_decline = TimelineEntry.event.in_((Event.PAYMENT_DECLINED, Event.PLAN_CHANGE_DECLINED))
    payments = (
        select(
            func.count().filter(~is_decline).label("succeeded"),
            func.count().filter(is_decline).label("failed"),
        )
        .where(text(SETTLING))  # spelled as in the index that holds nothing else
        .select_from(TimelineEntry)
        .subquery()
    )
    has_access = Subscription.access_until > func.clock_timestamp() + Subscription.clock_offset
    subscriptions = (
        select(
            func.count().filter(has_access).label("with_access"),
            func.count(Subscription.parked_reason).label("parked"),
        )
        .select_from(Subscription)
        .subquery()
    )
    counts = select(
        payments.c.succeeded, payments.c.failed, subscriptions.c.with_access, subscriptions.c.parked
    )
    row = (await connection.execute(counts.join_from(payments, subscriptions, true()))).one()
    return BusinessCounts(*row)
