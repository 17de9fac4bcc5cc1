"""Money that somebody has to look after, for Prometheus: from indexes and tables that hold little else."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from db.database import Connection
from db.tables.billing import Payment
from db.tables.corrections import Dispute
from domain.payment import PaymentStatus


@dataclass(frozen=True)
class MoneyCounts:
    """`oldest_unknown_seconds`: since when the oldest of the unknown payments was opened; 0 without any."""

    unknown_payments: int
    oldest_unknown_seconds: float
    chargebacks: Mapping[str, int]


async def count_money(connection: Connection) -> MoneyCounts:
    waits = func.extract("epoch", func.clock_timestamp() - func.min(Payment.recorded_at))
    unknown = select(func.count(), func.coalesce(waits, 0)).where(Payment.status == PaymentStatus.UNKNOWN)
    count, oldest = (await connection.execute(unknown)).one()
    disputes = (
        select(Payment.provider, func.count())
        .select_from(Dispute)
        .join(Payment, Dispute.payment_id == Payment.id)
        .group_by(Payment.provider)
    )
    chargebacks = {row[0]: row[1] for row in await connection.execute(disputes)}
    return MoneyCounts(count, float(oldest), chargebacks)
