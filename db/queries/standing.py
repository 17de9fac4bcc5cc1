"""How the books stand, for whoever looks whether all is well: a handful of counts and clocks."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from db.database import Connection
from db.tables.billing import Payment, Refund
from db.tables.subscriptions import Subscription
from domain.payment import PaymentStatus


@dataclass(frozen=True)
class ServerView:
    version: str
    now: datetime
    is_read_only: bool


async def read_server(connection: Connection) -> ServerView:
    """Its clock is read as late as can be."""
    query = "SELECT current_setting('server_version'), clock_timestamp(), pg_is_in_recovery()"
    version, now, is_read_only = (await connection.execute(text(query))).one()
    return ServerView(version, now, is_read_only)


async def count_parked(connection: Connection) -> int:
    query = select(func.count()).where(Subscription.parked_reason.is_not(None))
    return (await connection.execute(query)).scalar_one()


async def count_unknown(connection: Connection) -> tuple[int, int]:
    """Payments, and refunds, of which nobody knows what became of them."""
    payments = select(func.count()).where(Payment.status == PaymentStatus.UNKNOWN).scalar_subquery()
    refunds = select(func.count()).where(Refund.status == "unknown").scalar_subquery()
    row = (await connection.execute(select(payments, refunds))).one()
    return row[0], row[1]
