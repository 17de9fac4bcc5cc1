"""What a user sees of their invoices, with lines, payments and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, select

from db.database import Connection
from db.queries.credit_notes import CreditNoteView, list_notes
from db.queries.refund_views import RefundView, list_refunds
from db.tables.billing import Invoice, InvoiceLine, Payment
from db.tables.subscriptions import Subscription
from domain.invoice import InvoiceStatus
from domain.payment import GivenUp, PaymentStatus


@dataclass(frozen=True)
class LineView:
    invoice_id: int
    kind: str
    description: str
    period_start: datetime
    period_end: datetime
    amount_cents: int


@dataclass(frozen=True)
class PaymentView:
    """`action_url` is where its payer confirms it, while that is waited for."""

    id: int
    invoice_id: int
    attempt_no: int
    provider: str
    status: str
    amount_cents: int
    currency: str
    failure_code: str | None
    action_url: str | None
    created_at: datetime
    settled_at: datetime | None

    @property
    def was_given_up(self) -> bool:
        """Nobody declined it: it is not waited for any more."""
        return self.status == PaymentStatus.FAILED and self.failure_code in set(GivenUp)


@dataclass(frozen=True)
class BillView:
    """Whose subscription an invoice is for, and where it stands."""

    subscription_id: int
    status: InvoiceStatus


@dataclass(frozen=True)
class DueView:
    """An invoice that waits for its payment, and how much is asked for."""

    invoice_id: int
    amount_due_cents: int
    currency: str


@dataclass(frozen=True)
class InvoiceView:
    """`amount_due_cents` is what is left to be charged after promo, gift cards and balance."""

    id: int
    number: str | None
    subscription_id: int
    billing_reason: str
    status: str
    currency: str
    promo_code: str | None
    subtotal_cents: int
    discount_cents: int
    total_cents: int
    gift_cents: int
    balance_cents: int
    amount_due_cents: int
    net_cents: int
    vat_cents: int
    vat_rate_bp: int
    period_start: datetime
    period_end: datetime
    finalized_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    lines: list[LineView]
    payments: list[PaymentView]
    refunds: list[RefundView]
    credit_notes: list[CreditNoteView]


_INVOICE = select(
    Invoice.id,
    Invoice.number,
    Invoice.subscription_id,
    Invoice.billing_reason,
    Invoice.status,
    Invoice.currency,
    Invoice.promo_code,
    (Invoice.total_cents + Invoice.discount_cents).label("subtotal_cents"),
    Invoice.discount_cents,
    Invoice.total_cents,
    Invoice.gift_cents,
    Invoice.balance_cents,
    (Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents).label("amount_due_cents"),
    Invoice.net_cents,
    Invoice.vat_cents,
    Invoice.vat_rate_bp,
    Invoice.period_start,
    Invoice.period_end,
    Invoice.finalized_at,
    Invoice.paid_at,
    Invoice.voided_at,
)


_LINES = select(
    InvoiceLine.invoice_id,
    InvoiceLine.kind,
    InvoiceLine.description,
    InvoiceLine.period_start,
    InvoiceLine.period_end,
    InvoiceLine.amount_cents,
).order_by(InvoiceLine.invoice_id, InvoiceLine.position)

_ACTION_URL = case((Payment.status == PaymentStatus.PENDING, Payment.action_url))
_PAYMENTS = select(
    Payment.invoice_id,
    Payment.id,
    Payment.attempt_no,
    Payment.provider,
    Payment.status,
    Payment.amount_cents,
    Payment.currency,
    Payment.failure_code,
    _ACTION_URL.label("action_url"),
    Payment.created_at,
    Payment.settled_at,
).order_by(Payment.invoice_id, Payment.attempt_no)


async def list_invoices(
    connection: Connection, user_id: int, *, after_id: int | None, limit: int, status: str | None
) -> list[InvoiceView]:
    """The user's invoices, newest first, from the one before `after_id` on."""
    query = _INVOICE.where(Invoice.user_id == user_id).order_by(Invoice.id.desc()).limit(limit)
    if after_id is not None:
        query = query.where(Invoice.id < after_id)
    if status is not None:
        query = query.where(Invoice.status == status)
    return await _whole(connection, (await connection.execute(query)).all())


async def list_of_subscription(
    connection: Connection, subscription_id: int, *, limit: int
) -> list[InvoiceView]:
    """Anybody's, the newest first: for staff."""
    query = _INVOICE.where(Invoice.subscription_id == subscription_id).order_by(Invoice.id.desc())
    return await _whole(connection, (await connection.execute(query.limit(limit))).all())


async def find_invoice(
    connection: Connection, invoice_id: int, *, user_id: int | None = None
) -> InvoiceView | None:
    """The user's, or anybody's when none is named."""
    query = _INVOICE.where(Invoice.id == invoice_id)
    if user_id is not None:
        query = query.where(Invoice.user_id == user_id)
    found = await _whole(connection, (await connection.execute(query)).all())
    return found[0] if found else None


async def find_bill(connection: Connection, user_id: int, invoice_id: int) -> BillView | None:
    """`None` when it is not the user's."""
    query = select(Invoice.subscription_id, Invoice.status).where(
        Invoice.id == invoice_id, Invoice.user_id == user_id
    )
    row = (await connection.execute(query)).one_or_none()
    return row and BillView(row.subscription_id, InvoiceStatus(row.status))


async def find_due(connection: Connection, subscription_id: int) -> DueView | None:
    """A subscription has one at most that is open."""
    query = (
        select(
            Invoice.id,
            (Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents).label("amount_due_cents"),
            Invoice.currency,
        )
        .where(Invoice.subscription_id == subscription_id, Invoice.status == InvoiceStatus.OPEN)
        .order_by(Invoice.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return row and DueView(*row)


async def find_newest(connection: Connection, subscription_id: int, user_id: int) -> int | None:
    """The id of the user's invoice that is open or, when none is, of their last one."""
    query = (
        select(Invoice.id)
        .where(Invoice.subscription_id == subscription_id, Invoice.user_id == user_id)
        .order_by((Invoice.status == InvoiceStatus.OPEN).desc(), Invoice.id.desc())
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def find_last_payment(connection: Connection, invoice_id: int) -> tuple[PaymentView, bool] | None:
    """The newest attempt to pay an invoice, and whether it is still with its provider.

    `None` when nobody was ever charged: nothing was due.
    """
    query = (
        _PAYMENTS.add_columns(Subscription.payment_in_progress)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .join(Subscription, Invoice.subscription_id == Subscription.id)
        .where(Payment.invoice_id == invoice_id)
        .order_by(None)
        .order_by(Payment.attempt_no.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return None
    payment = _fields(found)
    in_progress: bool = payment.pop("payment_in_progress")
    return PaymentView(**payment), in_progress


async def _whole(connection: Connection, invoices: Sequence[Row[*tuple[Any, ...]]]) -> list[InvoiceView]:
    ids = [invoice.id for invoice in invoices]
    lines = [_fields(row) for row in await connection.execute(_LINES.where(InvoiceLine.invoice_id.in_(ids)))]
    payments = [
        _fields(row) for row in await connection.execute(_PAYMENTS.where(Payment.invoice_id.in_(ids)))
    ]
    invoice_of = {payment["id"]: payment["invoice_id"] for payment in payments}
    refunds = await list_refunds(connection, list(invoice_of))
    credit_notes = await list_notes(connection, ids)
    return [
        InvoiceView(
            **_fields(invoice),
            lines=[LineView(**line) for line in lines if line["invoice_id"] == invoice.id],
            payments=[PaymentView(**payment) for payment in payments if payment["invoice_id"] == invoice.id],
            refunds=[refund for refund in refunds if invoice_of[refund.payment_id] == invoice.id],
            credit_notes=[note for note in credit_notes if note.invoice_id == invoice.id],
        )
        for invoice in invoices
    ]


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
