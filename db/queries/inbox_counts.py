"""What of the webhook inbox waits or is set aside, for Prometheus: read from indexes that hold just that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, null, select, union_all

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
    waits = func.extract("epoch", func.clock_timestamp() - func.min(PaymentReport.received_at))
    waiting = select(null().label("reason"), func.count(), func.coalesce(waits, 0)).where(
        PaymentReport.status == ReportStatus.RECEIVED
    )
    aside = (
        select(PaymentReport.parked_reason, func.count(), literal(0))
        .where(PaymentReport.status == ReportStatus.PARKED)
        .group_by(PaymentReport.parked_reason)
    )
    rows: list[Any] = list(await connection.execute(union_all(waiting, aside)))
    counted = {reason: (count, age) for reason, count, age in rows}
    received, oldest = counted.pop(None)
    parked = {str(reason): 0 for reason in REASONS} | {reason: counted[reason][0] for reason in counted}
    return InboxCounts(received, float(oldest), parked)
