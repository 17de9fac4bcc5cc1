"""What of payments and invoices has not gone back and is not on its way: the one place that knows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, case, cast, func, select

from db.database import Connection
from db.queries import purses
from db.queries.disputes import disputed_of
from db.tables.balances import CustomerBalance
from db.tables.billing import Invoice, Payment, Refund
from db.tables.subscriptions import Period, Subscription
from domain.billing_calendar import Period as BillingPeriod
from domain.correction import Paid, given_back
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus
from domain.refund import RefundStatus


@dataclass(frozen=True)
class RefundablePayment:
    """`applied_left_cents` is left of what paid its invoice, `unapplied_left_cents` of what paid for nothing.

    That lies in the customer's balance once the invoice is paid otherwise, and what they have spent of it
    since is not left, nor is what was charged back. `clock_offset` is the subscription's.
    """

    payment_id: int
    invoice_id: int
    invoice_status: str
    subscription_id: int
    user_id: int
    provider: str
    status: str
    amount_cents: int
    received_cents: int | None
    applied_left_cents: int
    unapplied_left_cents: int
    disputed_cents: int
    currency: str
    clock_offset: timedelta

    @property
    def left_cents(self) -> int:
        return self.applied_left_cents + self.unapplied_left_cents

    @property
    def is_surplus_in_balance(self) -> bool:
        """What came for an invoice that was given up is nobody's until it is back."""
        return self.invoice_status == InvoiceStatus.PAID

    def unapplied_part(self, amount_cents: int) -> int:
        """What paid for nothing goes back first."""
        return min(amount_cents, self.unapplied_left_cents)


@dataclass(frozen=True)
class RefundableInvoice:
    """`left` is what can go back, by what it was paid with; of a card by `payment_id`."""

    invoice_id: int
    subscription_id: int
    user_id: int
    currency: str
    vat_rate_bp: int
    payment_id: int | None
    period: BillingPeriod | None
    left: Paid
    clock_offset: timedelta


def _gone(cents: Any) -> Any:
    """Of the payment's refunds that gave it back, or will."""
    return (
        select(cast(func.coalesce(func.sum(cents), 0), BigInteger))
        .where(Refund.payment_id == Payment.id, Refund.status != RefundStatus.FAILED)
        .scalar_subquery()
    )


def kept_of(invoice: type[Invoice]) -> ColumnElement[int]:
    """Of a paid one, as a column: below zero when its payer's bank took back what had gone back before."""
    return (
        invoice.total_cents
        - func.given_back_cents(invoice.id, type_=BigInteger)
        - func.charged_back_cents(invoice.id, type_=BigInteger)
    )


_LEFT_OF_INVOICE = case(
    (Invoice.status == InvoiceStatus.PAID, func.greatest(kept_of(Invoice), 0)),
    else_=0,
)
_DISPUTED = disputed_of(Payment.id)
"""What was charged back is gone: of what paid the invoice first."""

_APPLIED = case((Invoice.paid_by_payment_id == Payment.id, Payment.amount_cents), else_=0)
_APPLIED_KEPT = _APPLIED - _gone(Refund.amount_cents - Refund.unapplied_cents) - _DISPUTED
_APPLIED_LEFT = func.greatest(func.least(_APPLIED_KEPT, _LEFT_OF_INVOICE), 0)
_UNAPPLIED_LEFT = func.greatest(
    func.coalesce(Payment.received_cents, 0)
    - _APPLIED
    - _gone(Refund.unapplied_cents)
    + func.least(_APPLIED_KEPT, 0),
    0,
)
_BALANCE = (
    select(CustomerBalance.balance_cents)
    .where(CustomerBalance.user_id == Invoice.user_id, CustomerBalance.currency == Invoice.currency)
    .scalar_subquery()
)

_PAYMENT = (
    select(
        Payment.id.label("payment_id"),
        Payment.invoice_id,
        Invoice.status.label("invoice_status"),
        Invoice.subscription_id,
        Invoice.user_id,
        Payment.provider,
        Payment.status,
        Payment.amount_cents,
        Payment.received_cents,
        _APPLIED_LEFT.label("applied_left_cents"),
        case(
            (Payment.status != PaymentStatus.SUCCEEDED, 0),
            (Invoice.status == InvoiceStatus.PAID, func.least(_UNAPPLIED_LEFT, func.coalesce(_BALANCE, 0))),
            else_=_UNAPPLIED_LEFT,
        ).label("unapplied_left_cents"),
        _DISPUTED.label("disputed_cents"),
        Payment.currency,
        Subscription.clock_offset,
    )
    .join(Invoice, Payment.invoice_id == Invoice.id)
    .join(Subscription, Invoice.subscription_id == Subscription.id)
)
_INVOICE = (
    select(
        Invoice.id,
        Invoice.subscription_id,
        Invoice.user_id,
        Invoice.currency,
        Invoice.vat_rate_bp,
        Invoice.paid_by_payment_id,
        Period.during,
        _LEFT_OF_INVOICE.label("left_cents"),
        func.coalesce(_APPLIED_LEFT, 0).label("card_cents"),
        Subscription.clock_offset,
    )
    .join(Subscription, Invoice.subscription_id == Subscription.id)
    .outerjoin(Payment, Payment.id == Invoice.paid_by_payment_id)
    .outerjoin(Period, Period.invoice_id == Invoice.id)
)

KEPT_OF_CARD = func.greatest(_APPLIED_KEPT, 0)
"""Of what a payment has paid of its invoice, credited elsewhere or not: neither back nor on its way."""


async def find_payment(connection: Connection, payment_id: int) -> RefundablePayment | None:
    row = (await connection.execute(_PAYMENT.where(Payment.id == payment_id))).one_or_none()
    return None if row is None else _payment(row)


async def load_payment(connection: Connection, payment_id: int) -> RefundablePayment:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    return _payment((await connection.execute(_PAYMENT.where(Payment.id == payment_id))).one())


async def list_payments(connection: Connection, subscription_id: int) -> list[int]:
    """The payments that came for the paid invoices of a subscription, the first one first."""
    query = (
        select(Payment.id)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .where(
            Invoice.subscription_id == subscription_id,
            Invoice.status == InvoiceStatus.PAID,
            Payment.status == PaymentStatus.SUCCEEDED,
        )
        .order_by(Payment.id)
    )
    return list((await connection.execute(query)).scalars())


async def find_invoice(connection: Connection, invoice_id: int) -> RefundableInvoice | None:
    row = (await connection.execute(_INVOICE.where(Invoice.id == invoice_id))).one_or_none()
    return None if row is None else await _invoice(connection, row)


async def load_invoice(connection: Connection, invoice_id: int) -> RefundableInvoice:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such invoice."""
    row = (await connection.execute(_INVOICE.where(Invoice.id == invoice_id))).one()
    return await _invoice(connection, row)


async def find_subscription_of(connection: Connection, invoice_id: int) -> int:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such invoice."""
    query = select(Invoice.subscription_id).where(Invoice.id == invoice_id)
    return (await connection.execute(query)).scalar_one()


async def list_invoices(connection: Connection, subscription_id: int) -> list[RefundableInvoice]:
    """The paid invoices of a subscription of which some is left, the oldest first."""
    query = _INVOICE.where(
        Invoice.subscription_id == subscription_id, Invoice.status == InvoiceStatus.PAID
    ).order_by(Invoice.id)
    rows = (await connection.execute(query)).all()
    found = [await _invoice(connection, row) for row in rows]
    return [invoice for invoice in found if invoice.left.total_cents > 0]


def _payment(row: Row[*tuple[Any, ...]]) -> RefundablePayment:
    return RefundablePayment(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping


async def _invoice(connection: Connection, row: Row[*tuple[Any, ...]]) -> RefundableInvoice:
    paid = Paid(row.card_cents, await purses.load_tenders(connection, row.id))
    return RefundableInvoice(
        invoice_id=row.id,
        subscription_id=row.subscription_id,
        user_id=row.user_id,
        currency=row.currency,
        vat_rate_bp=row.vat_rate_bp,
        payment_id=row.paid_by_payment_id,
        period=row.during and BillingPeriod(row.during.lower, row.during.upper),
        left=given_back(paid, row.left_cents),
        clock_offset=row.clock_offset,
    )
