"""What was really paid for the time that a subscription is in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select

from db.database import Connection
from db.tables.billing import Invoice, InvoiceLine, Payment, Refund
from db.tables.corrections import CreditNote
from db.tables.subscriptions import Period
from domain.invoice import InvoiceStatus, LineKind
from domain.refund import RefundStatus

OF_THE_TIME = (LineKind.PLAN, LineKind.PRORATION_CHARGE, LineKind.DISCOUNT)


@dataclass(frozen=True)
class PaidTime:
    """`cents` paid for it, by card, gift cards, balance, or with time of another plan that was left.

    `given_back_cents` of them are the customer's again, or on their way.
    """

    cents: int
    given_back_cents: int


NOT_PAID = PaidTime(0, 0)

_CHARGED = (
    select(cast(func.coalesce(func.sum(InvoiceLine.amount_cents), 0), BigInteger))
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind.in_(OF_THE_TIME))
    .scalar_subquery()
)
_REFUNDED = (
    select(cast(func.coalesce(func.sum(Refund.amount_cents), 0), BigInteger))
    .where(Refund.payment_id == Invoice.paid_by_payment_id, Refund.status != RefundStatus.FAILED)
    .scalar_subquery()
)
_SURPLUS = func.coalesce(Payment.received_cents - Payment.amount_cents, 0)
"""What a payment has brought beyond its invoice goes back first, and paid for no time."""

_CREDITED = (
    select(cast(func.coalesce(func.sum(CreditNote.gift_cents + CreditNote.balance_cents), 0), BigInteger))
    .where(CreditNote.invoice_id == Invoice.id)
    .scalar_subquery()
)


async def load_paid_time(connection: Connection, subscription_id: int, at: datetime) -> PaidTime:
    """Of the running time at `at`; nothing when none was paid for."""
    query = (
        select(
            _CHARGED.label("charged"),
            (func.greatest(_REFUNDED - _SURPLUS, 0) + _CREDITED).label("given_back"),
        )
        .select_from(Period)
        .join(Invoice, Period.invoice_id == Invoice.id)
        .outerjoin(Payment, Invoice.paid_by_payment_id == Payment.id)
        .where(
            Period.subscription_id == subscription_id,
            Period.during.contains(at),
            Invoice.status == InvoiceStatus.PAID,
        )
    )
    row = (await connection.execute(query)).one_or_none()
    return PaidTime(row.charged, row.given_back) if row else NOT_PAID
