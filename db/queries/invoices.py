"""Invoices: inserted as drafts with their lines, finalized last, then paid or voided."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, func, insert, select, update

from db.database import Connection
from db.queries.numbering import next_number
from db.queries.outbox import write_telling
from db.tables.billing import Invoice, InvoiceLine
from domain.events import OutgoingEvent
from domain.invoice import SERIES, InvoiceStatus
from domain.invoice import Invoice as InvoiceContent


@dataclass(frozen=True)
class Asked:
    """What is asked for with an invoice. A draft has no number yet."""

    number: str | None
    amount_cents: int
    currency: str


async def insert_draft(
    connection: Connection, *, subscription_id: int, user_id: int, content: InvoiceContent, at: datetime
) -> int:
    """Writes the draft and its lines; returns its id."""
    invoice_id = (
        await connection.execute(
            insert(Invoice)
            .values(
                subscription_id=subscription_id,
                user_id=user_id,
                billing_reason=content.billing_reason,
                status=InvoiceStatus.DRAFT,
                currency=content.currency,
                total_cents=content.total_cents,
                net_cents=content.net_cents,
                vat_cents=content.vat_cents,
                vat_rate_bp=content.vat_rate_bp,
                promo_code=content.promo_code,
                discount_cents=content.discount_cents,
                gift_cents=content.tenders.gift_cents,
                balance_cents=content.tenders.balance_cents,
                period_start=content.period.start,
                period_end=content.period.end,
                created_at=at,
            )
            .returning(Invoice.id)
        )
    ).scalar_one()
    await connection.execute(
        insert(InvoiceLine).values(
            [
                {
                    "invoice_id": invoice_id,
                    "position": position,
                    "kind": line.kind,
                    "description": line.description,
                    "period_start": line.period.start,
                    "period_end": line.period.end,
                    "amount_cents": line.amount_cents,
                }
                for position, line in enumerate(content.lines, start=1)
            ]
        )
    )
    return invoice_id


async def finalize(
    connection: Connection, invoice_id: int, at: datetime, told: OutgoingEvent | None = None
) -> None:
    """Numbers the draft and makes it immutable; whoever bills a customer tells of it.

    To be the last statement of its transaction: the counter's row stays locked until the commit, and numbers
    have no gaps only because of that.
    """
    numbered = (
        update(Invoice)
        .where(Invoice.id == invoice_id)
        .values(status=InvoiceStatus.OPEN, number=next_number(SERIES, at.year), finalized_at=at)
    )
    await _write(connection, numbered, told)


async def list_numbers(connection: Connection, subscription_id: int) -> list[str]:
    """The numbers of all its invoices, in their order."""
    query = (
        select(Invoice.number)
        .where(Invoice.subscription_id == subscription_id, Invoice.number.is_not(None))
        .order_by(func.length(Invoice.number), Invoice.number)
    )
    return [number for number in (await connection.execute(query)).scalars() if number is not None]


async def load_asked(connection: Connection, invoice_id: int) -> Asked:
    due_cents = Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents
    query = select(Invoice.number, due_cents, Invoice.currency).where(Invoice.id == invoice_id)
    return Asked(*(await connection.execute(query)).one())


async def mark_paid(
    connection: Connection,
    invoice_id: int,
    payment_id: int | None,
    at: datetime,
    told: OutgoingEvent | None = None,
) -> None:
    """Without a payment when gift cards or balance have paid it, or nothing was to pay."""
    paid = (
        update(Invoice)
        .where(Invoice.id == invoice_id, Invoice.status == InvoiceStatus.OPEN)
        .values(status=InvoiceStatus.PAID, paid_at=at, paid_by_payment_id=payment_id)
    )
    await _write(connection, paid, told)


async def void(
    connection: Connection, invoice_id: int, at: datetime, told: OutgoingEvent | None = None
) -> None:
    """An open invoice is no longer owed; it keeps its number."""
    voided = (
        update(Invoice)
        .where(Invoice.id == invoice_id, Invoice.status == InvoiceStatus.OPEN)
        .values(status=InvoiceStatus.VOID, voided_at=at)
    )
    await _write(connection, voided, told)


async def write_off(
    connection: Connection, invoice_id: int, at: datetime, told: OutgoingEvent | None = None
) -> None:
    """An open invoice is given up as uncollectible."""
    written_off = (
        update(Invoice)
        .where(Invoice.id == invoice_id, Invoice.status == InvoiceStatus.OPEN)
        .values(status=InvoiceStatus.UNCOLLECTIBLE, written_off_at=at)
    )
    await _write(connection, written_off, told)


async def _write(connection: Connection, change: Update, told: OutgoingEvent | None) -> None:
    if told is None:
        await connection.execute(change)
    else:
        await write_telling(connection, change.returning(Invoice.number), told)
