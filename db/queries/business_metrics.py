"""The counts that tell how the business goes, for Prometheus."""

from dataclasses import dataclass

from sqlalchemy import func, select

from db.database import Connection
from db.tables.billing import Payment
from db.tables.subscriptions import Subscription


@dataclass(frozen=True)
class BusinessCounts:
    payments_succeeded: int
    payments_failed: int
    active_subscriptions: int


async def count_business(connection: Connection) -> BusinessCounts:
    payments = select(
        func.count().filter(Payment.status == "succeeded").label("succeeded"),
        func.count().filter(Payment.status == "failed").label("failed"),
    ).subquery()
    with_access = (
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.status == "active")
        .scalar_subquery()
    )
    row = (await connection.execute(select(payments.c.succeeded, payments.c.failed, with_access))).one()
    return BusinessCounts(*row)
