"""Posts movements. A movement that was posted before is left alone."""

from datetime import datetime

from sqlalchemy import exists, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.billing import Invoice
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.subscriptions import Period
from domain import ledger
from domain.invoice import InvoiceStatus
from domain.ledger import Movement


async def post_movement(
    connection: Connection, subscription_id: int, movement: Movement, at: datetime
) -> None:
    transaction_id = (
        await connection.execute(
            upsert(LedgerTransaction)
            .values(key=movement.key, subscription_id=subscription_id, occurred_at=at)
            .on_conflict_do_nothing(index_elements=[LedgerTransaction.key])
            .returning(LedgerTransaction.id)
        )
    ).scalar_one_or_none()
    if transaction_id is None:
        return
    await connection.execute(
        insert(LedgerEntry).values(
            [
                {
                    "transaction_id": transaction_id,
                    "account": posting.account,
                    "amount_cents": posting.amount_cents,
                    "currency": movement.currency,
                }
                for posting in movement.postings
            ]
        )
    )


async def recognize_revenue(
    connection: Connection, subscription_id: int, at: datetime, *, until: datetime | None
) -> None:
    """Earns what is still deferred of the paid invoices whose paid time is over at `until`, or of all."""
    key = func.concat("invoice:", Invoice.id, ":recognized")
    deferred = select(Invoice.id, Invoice.currency, Invoice.net_cents).where(
        Invoice.subscription_id == subscription_id,
        Invoice.status == InvoiceStatus.PAID,
        ~exists().where(LedgerTransaction.key == key),
    )
    if until is not None:
        deferred = deferred.join(Period, Period.invoice_id == Invoice.id).where(
            func.upper(Period.during) <= until
        )
    for invoice in (await connection.execute(deferred)).all():
        movement = ledger.revenue_recognized(invoice.id, invoice.currency, invoice.net_cents)
        await post_movement(connection, subscription_id, movement, at)
