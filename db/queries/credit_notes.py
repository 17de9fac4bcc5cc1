"""Credit notes: issued under a number of their own series, and never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, cast, func, insert, select

from db.database import Connection
from db.queries.numbering import next_number
from db.queries.outbox import write_telling
from db.tables.billing import Invoice
from db.tables.corrections import CreditNote
from domain.billing_calendar import Period
from domain.correction import CREDIT_NOTE_SERIES, CreditNoteReason, NetAndVat, Paid
from domain.events import CorrectedInvoice, credit_note_issued


@dataclass(frozen=True)
class CreditNoteOrder:
    """`key` names what is credited and why, so that it is credited once. `back` is where it goes to."""

    invoice_id: int
    key: str
    reason: CreditNoteReason
    back: Paid
    refund_id: int | None = None


@dataclass(frozen=True)
class CreditNoteView:
    id: int
    number: str
    invoice_id: int
    refund_id: int | None
    reason: str
    amount_cents: int
    card_cents: int
    gift_cents: int
    balance_cents: int
    net_cents: int
    vat_cents: int
    currency: str
    issued_at: datetime


@dataclass(frozen=True)
class Credited:
    """An invoice, and what is credited of it so far."""

    invoice: CorrectedInvoice
    vat_rate_bp: int
    credited_cents: int


_VIEW = select(
    CreditNote.id,
    CreditNote.number,
    CreditNote.invoice_id,
    CreditNote.refund_id,
    CreditNote.reason,
    CreditNote.amount_cents,
    CreditNote.card_cents,
    CreditNote.gift_cents,
    CreditNote.balance_cents,
    CreditNote.net_cents,
    CreditNote.vat_cents,
    CreditNote.currency,
    CreditNote.issued_at,
).order_by(CreditNote.id)


async def find_note(connection: Connection, key: str) -> CreditNoteView | None:
    row = (await connection.execute(_VIEW.where(CreditNote.key == key))).one_or_none()
    return None if row is None else _view(row)


async def list_notes(connection: Connection, invoice_ids: list[int]) -> list[CreditNoteView]:
    """Those of these invoices, the first one first."""
    return [
        _view(row) for row in await connection.execute(_VIEW.where(CreditNote.invoice_id.in_(invoice_ids)))
    ]


async def load_credited(connection: Connection, invoice_id: int) -> Credited:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such invoice."""
    credited = (
        select(cast(func.coalesce(func.sum(CreditNote.amount_cents), 0), BigInteger))
        .where(CreditNote.invoice_id == Invoice.id)
        .scalar_subquery()
    )
    query = select(
        Invoice.number,
        Invoice.subscription_id,
        Invoice.user_id,
        Invoice.period_start,
        Invoice.period_end,
        Invoice.currency,
        Invoice.vat_rate_bp,
        credited.label("credited_cents"),
    ).where(Invoice.id == invoice_id)
    row = (await connection.execute(query)).one()
    invoice = CorrectedInvoice(
        invoice_id,
        row.number,
        row.subscription_id,
        row.user_id,
        Period(row.period_start, row.period_end),
        row.currency,
    )
    return Credited(invoice, row.vat_rate_bp, row.credited_cents)


async def insert_note(
    connection: Connection, order: CreditNoteOrder, invoice: CorrectedInvoice, parts: NetAndVat, at: datetime
) -> None:
    """Numbers it too, and tells of it: see `next_number`. A trigger refuses more than was paid."""
    note = (
        insert(CreditNote)
        .values(
            key=order.key,
            number=next_number(CREDIT_NOTE_SERIES, at.year),
            invoice_id=order.invoice_id,
            refund_id=order.refund_id,
            reason=order.reason,
            amount_cents=order.back.total_cents,
            card_cents=order.back.card_cents,
            gift_cents=order.back.tenders.gift_cents,
            balance_cents=order.back.tenders.balance_cents,
            net_cents=parts.net_cents,
            vat_cents=parts.vat_cents,
            currency=invoice.currency,
            issued_at=at,
        )
        .returning(CreditNote.id.label("credit_note_id"), CreditNote.number)
    )
    await write_telling(
        connection, note, credit_note_issued(invoice, order.key, order.reason, order.back, at)
    )


def _view(row: Row[*tuple[Any, ...]]) -> CreditNoteView:
    return CreditNoteView(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
