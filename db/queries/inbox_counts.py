"""What of the webhook inbox waits or is set aside, for Prometheus: read from the indexes that hold just that."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from db.database import Connection
from db.queries.payment_reports import ReportStatus
from db.queries.report_deliveries import UNDELIVERABLE
from db.tables.messages import PaymentReport
from domain.payment import Verdict

REASONS = (Verdict.MISMATCH, Verdict.TOO_EARLY, UNDELIVERABLE)
"""Why reports are parked: each is counted also when there is none, so that an alert sees it rise."""


@dataclass(frozen=True)
class InboxCounts:
    """`oldest_seconds` is how long the oldest of those that are received waits; 0 without any."""

    received: int
    oldest_seconds: float
    parked: Mapping[str, int]


async def count_inbox(connection: Connection) -> InboxCounts:
    age = func.extract("epoch", func.clock_timestamp() - func.min(PaymentReport.received_at))
    waiting = select(func.count(), func.coalesce(age, 0)).where(PaymentReport.status == ReportStatus.RECEIVED)
    received, oldest = (await connection.execute(waiting)).one()
    parked = (
        select(PaymentReport.parked_reason, func.count())
        .where(PaymentReport.status == ReportStatus.PARKED)
        .group_by(PaymentReport.parked_reason)
    )
    found = {str(reason): count for reason, count in await connection.execute(parked)}
    return InboxCounts(received, float(oldest), {str(reason): 0 for reason in REASONS} | found)
