"""The time that a subscription is paid for: one row a paid period, and they never overlap."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.tables.subscriptions import Period
from domain.billing_calendar import Period as BillingPeriod


async def insert_paid_period(
    connection: Connection, subscription_id: int, invoice_id: int, period: BillingPeriod
) -> None:
    await connection.execute(
        insert(Period).values(
            subscription_id=subscription_id, invoice_id=invoice_id, during=Range(period.start, period.end)
        )
    )


async def stretch_paid_time(
    connection: Connection, subscription_id: int, since: datetime, by: timedelta
) -> None:
    """Moves paid time that is not over at `since`: what has begun ends later, the rest moves whole.

    The last period first: they never overlap, not even on the way.
    """
    not_over = (
        select(Period.id, Period.during)
        .where(Period.subscription_id == subscription_id, func.upper(Period.during) > since)
        .order_by(func.lower(Period.during).desc())
    )
    for row in (await connection.execute(not_over)).all():
        starts_at = row.during.lower if row.during.lower <= since else row.during.lower + by
        moved = Range(starts_at, row.during.upper + by)
        await connection.execute(update(Period).where(Period.id == row.id).values(during=moved))


async def cut_paid_period(connection: Connection, subscription_id: int, at: datetime) -> None:
    """Ends the running paid period at `at`; one that has not begun goes away."""
    of_this = Period.subscription_id == subscription_id
    await connection.execute(delete(Period).where(of_this, func.lower(Period.during) >= at))
    await connection.execute(
        update(Period)
        .where(of_this, Period.during.contains(at))
        .values(during=func.tstzrange(func.lower(Period.during), at))
    )
