"""The webhook inbox: what providers reported, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from db.database import Connection
from db.tables.billing import Invoice, Payment
from db.tables.messages import PaymentReport
from domain.payment import PaymentFact, PaymentStatus, PaymentTerms, ReportedStatus, Verdict


class ReportStatus(StrEnum):
    RECEIVED = "received"
    APPLIED = "applied"
    PARKED = "parked"
    IGNORED = "ignored"


@dataclass(frozen=True)
class IncomingReport:
    """A webhook that was verified. `event_id` is the provider's own, when it gives one."""

    provider: str
    event_id: str | None
    payment_id: int
    fact: PaymentFact
    decline_code: str | None
    occurred_at: datetime | None
    raw_body: bytes
    trace_id: str

    @property
    def fact_key(self) -> str:
        """What tells a repetition: the event's id or, without one, all that is said of the payment.

        The amount is part of it: a report that was parked for its amount must not hide the right one.

        The two never meet, whatever a provider calls its events.
        """
        if self.event_id is not None:
            return f"event:{self.event_id}"
        amount = "" if self.fact.amount_cents is None else self.fact.amount_cents
        return f"fact:{self.payment_id}:{self.fact.status}:{amount}:{self.fact.currency or ''}"


@dataclass(frozen=True)
class StoredReport:
    """`earlier_unread`: the same payment's reports that came before it and have not had their effect."""

    report_id: int
    provider: str
    payment_id: int
    status: ReportStatus
    fact: PaymentFact
    decline_code: str | None
    trace_id: str
    earlier_unread: tuple[int, ...]


@dataclass(frozen=True)
class ReportedPayment:
    """A payment of ours, as it stands when a report of it comes in."""

    subscription_id: int
    terms: PaymentTerms
    settled_at: datetime | None


@dataclass(frozen=True)
class WaitingReport:
    report_id: int
    fact: PaymentFact


async def store_report(
    connection: Connection,
    report: IncomingReport,
    status: ReportStatus,
    applied_at: datetime | None = None,
) -> int | None:
    """Returns the report's id, or `None` when the same fact is stored already."""
    return (
        await connection.execute(
            upsert(PaymentReport)
            .values(
                provider=report.provider,
                fact_key=report.fact_key,
                payment_id=report.payment_id,
                reported_status=report.fact.status,
                amount_cents=report.fact.amount_cents,
                currency=report.fact.currency,
                decline_code=report.decline_code,
                occurred_at=report.occurred_at,
                raw_body=report.raw_body,
                trace_id=report.trace_id,
                status=status,
                applied_at=applied_at,
            )
            .on_conflict_do_nothing()
            .returning(PaymentReport.id)
        )
    ).scalar_one_or_none()


async def share_lock_payment(
    connection: Connection, payment_id: int, provider: str
) -> ReportedPayment | None:
    """That provider's payment, if it is ours.

    The lock lets a step that settles it, or is about to void its invoice, wait for the report, or the report
    for the step.
    """
    query = (
        select(
            Invoice.subscription_id,
            Payment.status,
            Payment.amount_cents,
            Payment.currency,
            Payment.settled_at,
        )
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .where(Payment.id == payment_id, Payment.provider == provider)
        .with_for_update(read=True, of=Payment)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    terms = PaymentTerms(PaymentStatus(row.status), row.amount_cents, row.currency)
    return ReportedPayment(row.subscription_id, terms, row.settled_at)


async def load_report(connection: Connection, report_id: int) -> StoredReport:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such report."""
    earlier = aliased(PaymentReport)
    earlier_unread = select(func.array_agg(aggregate_order_by(earlier.id, earlier.id))).where(
        earlier.payment_id == PaymentReport.payment_id,
        earlier.id < PaymentReport.id,
        earlier.status == ReportStatus.RECEIVED,
    )
    row = (
        await connection.execute(
            select(
                PaymentReport.id,
                PaymentReport.provider,
                PaymentReport.payment_id,
                PaymentReport.status,
                PaymentReport.reported_status,
                PaymentReport.amount_cents,
                PaymentReport.currency,
                PaymentReport.decline_code,
                PaymentReport.trace_id,
                earlier_unread.scalar_subquery().label("earlier_unread"),
            ).where(PaymentReport.id == report_id)
        )
    ).one()
    fact = PaymentFact(ReportedStatus(row.reported_status), row.amount_cents, row.currency)
    return StoredReport(
        report_id=row.id,
        provider=row.provider,
        payment_id=row.payment_id,
        status=ReportStatus(row.status),
        fact=fact,
        decline_code=row.decline_code,
        trace_id=row.trace_id,
        earlier_unread=tuple(row.earlier_unread or ()),
    )


async def find_unread(connection: Connection, payment_ids: Sequence[int]) -> tuple[int, ...]:
    """The payments' reports that have not had their effect, oldest first."""
    query = (
        select(PaymentReport.id)
        .where(PaymentReport.payment_id.in_(payment_ids), PaymentReport.status == ReportStatus.RECEIVED)
        .order_by(PaymentReport.id)
    )
    return tuple((await connection.execute(query)).scalars())


async def list_waiting(connection: Connection, payment_id: int) -> list[WaitingReport]:
    """The payment's reports that are unread, or came before its success and were set aside; oldest first."""
    query = (
        select(
            PaymentReport.id,
            PaymentReport.reported_status,
            PaymentReport.amount_cents,
            PaymentReport.currency,
        )
        .where(
            PaymentReport.payment_id == payment_id,
            or_(
                PaymentReport.status == ReportStatus.RECEIVED,
                PaymentReport.parked_reason == Verdict.TOO_EARLY,
            ),
        )
        .order_by(PaymentReport.id)
    )
    return [
        WaitingReport(
            row.id, PaymentFact(ReportedStatus(row.reported_status), row.amount_cents, row.currency)
        )
        for row in await connection.execute(query)
    ]


async def was_told(connection: Connection, payment_id: int, status: ReportedStatus, *, but: int) -> bool:
    """Whether a report other than `but` has said this of the payment, and had its effect."""
    query = select(
        exists().where(
            PaymentReport.payment_id == payment_id,
            PaymentReport.reported_status == status,
            PaymentReport.status == ReportStatus.APPLIED,
            PaymentReport.id != but,
        )
    )
    return bool((await connection.execute(query)).scalar_one())


async def receive_again(connection: Connection, report_id: int) -> None:
    """It is judged anew and delivered at once: what it came before is known now, or a person says so."""
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id)
        .values(
            status=ReportStatus.RECEIVED,
            parked_reason=None,
            deliveries=0,
            last_failure=None,
            next_delivery_at=func.clock_timestamp(),
        )
    )


async def mark_applied(connection: Connection, report_id: int, at: datetime) -> None:
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id)
        .values(status=ReportStatus.APPLIED, applied_at=at)
    )


async def park(connection: Connection, report_id: int, reason: str) -> None:
    """Sets it aside for a person."""
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id)
        .values(status=ReportStatus.PARKED, parked_reason=reason)
    )
