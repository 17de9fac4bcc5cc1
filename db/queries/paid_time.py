"""What was really paid for the time that a subscription is in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import aliased

from db.database import Connection
from db.queries.refundable import kept_of
from db.tables.billing import Invoice, InvoiceLine
from db.tables.subscriptions import Period
from domain.invoice import BillingReason, InvoiceStatus, LineKind

OF_THE_TIME = (LineKind.PLAN, LineKind.PRORATION_CHARGE, LineKind.DISCOUNT)


@dataclass(frozen=True)
class PaidTime:
    """`cents` paid for it, by card, gift cards, balance, or with time of another plan that was left.

    `given_back_cents` of them are the customer's again, on their way, or were charged back.
    """

    cents: int
    given_back_cents: int


NOT_PAID = PaidTime(0, 0)

_paid, _began = aliased(Invoice), aliased(Invoice)

_CHARGED = (
    select(cast(func.coalesce(func.sum(InvoiceLine.amount_cents), 0), BigInteger))
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind.in_(OF_THE_TIME))
    .scalar_subquery()
)
_BEGAN = (
    select(func.max(_began.id))
    .where(
        _began.subscription_id == Invoice.subscription_id,
        _began.id <= Invoice.id,
        _began.status == InvoiceStatus.PAID,
        _began.billing_reason != BillingReason.SUBSCRIPTION_UPDATE,
    )
    .correlate(Invoice)
    .scalar_subquery()
)
_KEPT_WITH_THOSE_BEFORE = (
    select(cast(func.sum(kept_of(_paid)), BigInteger))
    .where(
        _paid.subscription_id == Invoice.subscription_id,
        _paid.id.between(_BEGAN, Invoice.id),
        _paid.status == InvoiceStatus.PAID,
    )
    .correlate(Invoice)
    .scalar_subquery()
)
"""Of the last period that was billed as one and the changes of plan after it: each is paid with the credit of
the one before, whether it left the period as it was or began another. Earlier periods are over.
"""


async def load_paid_time(connection: Connection, subscription_id: int, at: datetime) -> PaidTime:
    """Of the running time at `at`; nothing when none was paid for."""
    query = (
        select(
            Invoice.total_cents,
            kept_of(Invoice).label("kept_cents"),
            _CHARGED.label("charged"),
            _KEPT_WITH_THOSE_BEFORE.label("kept_with_those_before"),
        )
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
    given_back = row.total_cents - row.kept_cents
    # The time of a plan that was left has paid for it, too: it counts as far as its own invoice still does.
    return PaidTime(row.charged, max(given_back, row.charged - row.kept_with_those_before))
