"""The webhook inbox as staff look at it: what came, what became of it, and who had it judged again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, select

from db.database import Connection
from db.queries.payment_reports import ReportStatus
from db.tables.billing import Invoice, Payment
from db.tables.messages import PaymentReport, ReportReplay


@dataclass(frozen=True)
class ReportView:
    """`fact_key` is what a repetition of it is known by. `next_delivery_at` is there while it is received.

    `subscription_id` is missing when the payment is not one of that provider's that we have.
    """

    id: int
    provider: str
    fact_key: str
    payment_id: int
    subscription_id: int | None
    reported_status: str
    amount_cents: int | None
    currency: str | None
    decline_code: str | None
    status: ReportStatus
    parked_reason: str | None
    last_failure: str | None
    deliveries: int
    next_delivery_at: datetime | None
    occurred_at: datetime | None
    received_at: datetime
    applied_at: datetime | None
    trace_id: str


@dataclass(frozen=True)
class ReplayView:
    actor: str
    reason: str
    was_status: ReportStatus
    was_parked_for: str | None
    replayed_at: datetime


@dataclass(frozen=True)
class ReportFilter:
    """What is `None` is not asked for."""

    status: ReportStatus | None = None
    provider: str | None = None
    payment_id: int | None = None


async def list_reports(
    connection: Connection, only: ReportFilter, *, before_id: int | None, limit: int
) -> list[ReportView]:
    """The newest first, from the one before `before_id` on."""
    query = _reports().order_by(PaymentReport.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(PaymentReport.id < before_id)
    if only.status is not None:
        query = query.where(PaymentReport.status == only.status)
    if only.provider is not None:
        query = query.where(PaymentReport.provider == only.provider)
    if only.payment_id is not None:
        query = query.where(PaymentReport.payment_id == only.payment_id)
    return [_view(row) for row in await connection.execute(query)]


async def find_report(connection: Connection, report_id: int) -> ReportView | None:
    row = (await connection.execute(_reports().where(PaymentReport.id == report_id))).one_or_none()
    return None if row is None else _view(row)


async def read_body(connection: Connection, report_id: int) -> bytes:
    """As it was signed. Raises `sqlalchemy.exc.NoResultFound` when there is no such report."""
    query = select(PaymentReport.raw_body).where(PaymentReport.id == report_id)
    return (await connection.execute(query)).scalar_one()


async def list_replays(connection: Connection, report_id: int) -> list[ReplayView]:
    """The first one first."""
    query = (
        select(
            ReportReplay.actor,
            ReportReplay.reason,
            ReportReplay.was_status,
            ReportReplay.was_parked_for,
            ReportReplay.replayed_at,
        )
        .where(ReportReplay.report_id == report_id)
        .order_by(ReportReplay.id)
    )
    return [
        ReplayView(row.actor, row.reason, ReportStatus(row.was_status), row.was_parked_for, row.replayed_at)
        for row in await connection.execute(query)
    ]


def _reports() -> Select[*tuple[Any, ...]]:
    return (
        select(
            PaymentReport.id,
            PaymentReport.provider,
            PaymentReport.fact_key,
            PaymentReport.payment_id,
            Invoice.subscription_id,
            PaymentReport.reported_status,
            PaymentReport.amount_cents,
            PaymentReport.currency,
            PaymentReport.decline_code,
            PaymentReport.status,
            PaymentReport.parked_reason,
            PaymentReport.last_failure,
            PaymentReport.deliveries,
            case((PaymentReport.status == ReportStatus.RECEIVED, PaymentReport.next_delivery_at)).label(
                "next_delivery_at"
            ),
            PaymentReport.occurred_at,
            PaymentReport.received_at,
            PaymentReport.applied_at,
            PaymentReport.trace_id,
        )
        .outerjoin(
            Payment,
            (Payment.id == PaymentReport.payment_id) & (Payment.provider == PaymentReport.provider),
        )
        .outerjoin(Invoice, Invoice.id == Payment.invoice_id)
    )


def _view(row: Row[*tuple[Any, ...]]) -> ReportView:
    return ReportView(**{**row._mapping, "status": ReportStatus(row.status)})  # noqa: SLF001 - its public name
