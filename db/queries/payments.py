"""Payments: one row an attempt, settled by what the provider reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from db.database import Connection
from db.tables.billing import Invoice, Payment
from db.tables.payment_methods import PaymentMethod
from domain.billing_calendar import Period
from domain.events import BilledInvoice
from domain.invoice import BillingReason, InvoiceStatus
from domain.payment import PaymentStatus, PaymentTerms, payment_key


@dataclass(frozen=True)
class Billed:
    """A payment with the invoice that it is for."""

    payment_id: int
    provider: str
    payment: PaymentTerms
    attempt_no: int
    dunning_attempt: int | None
    invoice_id: int
    invoice_status: InvoiceStatus
    subscription_id: int
    user_id: int
    period: Period
    net_cents: int
    vat_cents: int
    invoice: BilledInvoice


UNSETTLED = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.UNKNOWN)

_BILLED = (
    select(
        Payment.id,
        Payment.provider,
        Payment.status,
        Payment.amount_cents,
        Payment.currency,
        Payment.attempt_no,
        Payment.dunning_attempt,
        Payment.invoice_id,
        Invoice.status.label("invoice_status"),
        Invoice.subscription_id,
        Invoice.user_id,
        Invoice.period_start,
        Invoice.period_end,
        Invoice.net_cents,
        Invoice.vat_cents,
        Invoice.billing_reason,
        Invoice.total_cents,
        Invoice.gift_cents,
        Invoice.balance_cents,
    )
    .join(Invoice, Payment.invoice_id == Invoice.id)
    .with_for_update(of=Payment, key_share=True)
)


@dataclass(frozen=True)
class ChargeTerms:
    """What a provider has to be told to charge one payment, or to be asked about it."""

    payment_id: int
    subscription_id: int
    provider: str
    key: str
    method_token: str | None
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class Payer:
    """Who is asked for the money: a stored payment method or, without one, a person."""

    provider: str
    method_id: int | None


async def insert_attempt(
    connection: Connection,
    *,
    invoice_id: int,
    attempt_no: int,
    payer: Payer,
    amount_cents: int,
    currency: str,
    at: datetime,
    dunning_attempt: int | None = None,
) -> int:
    """Returns the id of the attempt.

    With a method it is `created` and still has to be sent; without one it waits for the person's provider.
    To be called with the subscription's row locked: that makes the numbers of attempts follow one another.
    """
    return (
        await connection.execute(
            insert(Payment)
            .values(
                invoice_id=invoice_id,
                attempt_no=attempt_no,
                dunning_attempt=dunning_attempt,
                payment_method_id=payer.method_id,
                provider=payer.provider,
                status=PaymentStatus.PENDING if payer.method_id is None else PaymentStatus.CREATED,
                amount_cents=amount_cents,
                currency=currency,
                idempotency_key=payment_key(invoice_id, attempt_no),
                created_at=at,
            )
            .returning(Payment.id)
        )
    ).scalar_one()


async def find_subscription_of(connection: Connection, payment_id: int) -> int:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    query = (
        select(Invoice.subscription_id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(Payment.id == payment_id)
    )
    return (await connection.execute(query)).scalar_one()


async def lock_payment(connection: Connection, payment_id: int) -> Billed:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    row = (await connection.execute(_BILLED.where(Payment.id == payment_id))).one()
    return _billed(row)


async def lock_payments_of_invoice(connection: Connection, invoice_id: int) -> list[Billed]:
    """All attempts to pay the invoice, the first one first."""
    query = _BILLED.where(Payment.invoice_id == invoice_id).order_by(Payment.attempt_no)
    return [_billed(row) for row in await connection.execute(query)]


async def load_charge_terms(connection: Connection, payment_id: int) -> ChargeTerms:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    query = (
        select(
            Payment.id,
            Invoice.subscription_id,
            Payment.provider,
            Payment.idempotency_key,
            PaymentMethod.token,
            Payment.amount_cents,
            Payment.currency,
        )
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .outerjoin(PaymentMethod, Payment.payment_method_id == PaymentMethod.id)
        .where(Payment.id == payment_id)
    )
    return ChargeTerms(*(await connection.execute(query)).one())


async def mark_sent(connection: Connection, payment_id: int) -> None:
    """It goes to its provider: from here on money may move."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status == PaymentStatus.CREATED)
        .values(status=PaymentStatus.PENDING)
    )


async def mark_pending(
    connection: Connection, payment_id: int, reference: str | None, action_url: str | None
) -> None:
    """The provider has it and waits for the customer."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(UNSETTLED))
        .values(status=PaymentStatus.PENDING, reference=reference, action_url=action_url)
    )


async def mark_unknown(connection: Connection, payment_id: int) -> None:
    """It was sent and no answer came."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(UNSETTLED))
        .values(status=PaymentStatus.UNKNOWN)
    )


async def mark_succeeded(
    connection: Connection,
    payment_id: int,
    received_cents: int,
    at: datetime,
    reference: str | None = None,
) -> None:
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id)
        .values(
            status=PaymentStatus.SUCCEEDED,
            received_cents=received_cents,
            settled_at=at,
            failure_code=None,
            reference=func.coalesce(reference, Payment.reference),
        )
    )


async def mark_failed(
    connection: Connection,
    payment_id: int,
    failure_code: str,
    at: datetime,
    reference: str | None = None,
) -> None:
    """A payment that has succeeded stays succeeded."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(UNSETTLED))
        .values(
            status=PaymentStatus.FAILED,
            failure_code=failure_code,
            settled_at=at,
            reference=func.coalesce(reference, Payment.reference),
        )
    )


async def give_up_attempts(connection: Connection, invoice_id: int, code: str, at: datetime) -> None:
    """Nobody waits any more for what was not sent, or waits for its payer."""
    await connection.execute(
        update(Payment)
        .where(Payment.invoice_id == invoice_id, Payment.status.in_(UNSETTLED))
        .values(status=PaymentStatus.FAILED, failure_code=code, settled_at=at)
    )


def _billed(row: Row[*tuple[Any, ...]]) -> Billed:
    period = Period(row.period_start, row.period_end)
    return Billed(
        payment_id=row.id,
        provider=row.provider,
        payment=PaymentTerms(PaymentStatus(row.status), row.amount_cents, row.currency),
        attempt_no=row.attempt_no,
        dunning_attempt=row.dunning_attempt,
        invoice_id=row.invoice_id,
        invoice_status=InvoiceStatus(row.invoice_status),
        subscription_id=row.subscription_id,
        user_id=row.user_id,
        period=period,
        net_cents=row.net_cents,
        vat_cents=row.vat_cents,
        invoice=BilledInvoice(
            row.invoice_id,
            BillingReason(row.billing_reason),
            period,
            row.currency,
            row.total_cents,
            row.gift_cents,
            row.balance_cents,
        ),
    )
