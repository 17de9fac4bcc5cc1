"""What was really paid for the time that a subscription is in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select

from db.database import Connection
from db.queries import refundable
from db.tables.billing import Invoice, InvoiceLine
from db.tables.subscriptions import Period
from domain.invoice import InvoiceStatus, LineKind

OF_THE_TIME = (LineKind.PLAN, LineKind.PRORATION_CHARGE, LineKind.DISCOUNT)


@dataclass(frozen=True)
class PaidTime:
    """`cents` paid for it, by card, gift cards, balance, or with time of another plan that was left.

    `given_back_cents` of them are the customer's again, on their way, or were charged back.
    """

    cents: int
    given_back_cents: int


NOT_PAID = PaidTime(0, 0)

_CHARGED = (
    select(cast(func.coalesce(func.sum(InvoiceLine.amount_cents), 0), BigInteger))
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind.in_(OF_THE_TIME))
    .scalar_subquery()
)


async def load_paid_time(connection: Connection, subscription_id: int, at: datetime) -> PaidTime:
    """Of the running time at `at`; nothing when none was paid for."""
    query = (
        select(Invoice.id, Invoice.total_cents, _CHARGED.label("charged"))
        .join(Period, Period.invoice_id == Invoice.id)
        .where(
            Period.subscription_id == subscription_id,
            Period.during.contains(at),
            Invoice.status == InvoiceStatus.PAID,
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return NOT_PAID
    left = {
        invoice.invoice_id: invoice.left.total_cents
        for invoice in await refundable.list_invoices(connection, subscription_id)
    }
    given_back = row.total_cents - left.get(row.id, 0)
    # The time of a plan that was left has paid for it, too: it counts as far as its own invoice still does.
    return PaidTime(row.charged, max(given_back, row.charged - sum(left.values())))
