"""Posts movements. A movement that was posted before is left alone."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, exists, func, insert, select, true
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.billing import Invoice
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.subscriptions import Period
from domain import ledger
from domain.invoice import InvoiceStatus
from domain.ledger import Movement

_POSTED = (
    upsert(LedgerTransaction)
    .values(
        key=bindparam("key"),
        subscription_id=bindparam("subscription_id"),
        occurred_at=bindparam("occurred_at"),
    )
    .on_conflict_do_nothing(index_elements=[LedgerTransaction.key])
    .returning(LedgerTransaction.id)
    .cte("posted")
)
_POSTINGS = (
    func.unnest(bindparam("accounts", type_=ARRAY(Text)), bindparam("amounts", type_=ARRAY(BigInteger)))
    .table_valued("account", "amount_cents")
    .render_derived(name="postings")
)
_POST = insert(LedgerEntry).from_select(
    ["transaction_id", "account", "amount_cents", "currency"],
    select(
        _POSTED.c.id, _POSTINGS.c.account, _POSTINGS.c.amount_cents, bindparam("currency", type_=Text)
    ).select_from(_POSTED.join(_POSTINGS, true())),
)


async def post_movement(
    connection: Connection, subscription_id: int | None, movement: Movement, at: datetime
) -> None:
    """The movement and its entries in one statement: where the movement is not new, there are no entries.

    One that moves nothing is not posted.
    """
    if not movement.postings:
        return
    await connection.execute(
        _POST,
        {
            "key": movement.key,
            "subscription_id": subscription_id,
            "occurred_at": at,
            "currency": movement.currency,
            "accounts": [posting.account for posting in movement.postings],
            "amounts": [posting.amount_cents for posting in movement.postings],
        },
    )


async def recognize_revenue(
    connection: Connection, subscription_id: int, at: datetime, *, until: datetime | None
) -> None:
    """Earns what is still deferred of the paid invoices whose paid time is over at `until`, or of all.

    What was carried to or from an invoice at a change of plan is earned with it. One whose plan was left in
    the instant that its time began has none: what it did not carry on is earned.
    """
    key = func.concat("invoice:", Invoice.id, ":recognized")
    to_earn = (Invoice.net_cents + Invoice.carried_net_cents).label("net_cents")
    deferred = select(Invoice.id, Invoice.currency, to_earn).where(
        Invoice.subscription_id == subscription_id,
        Invoice.status == InvoiceStatus.PAID,
        ~exists().where(LedgerTransaction.key == key),
    )
    if until is not None:
        over_at = func.coalesce(func.upper(Period.during), Invoice.period_start)
        deferred = deferred.outerjoin(Period, Period.invoice_id == Invoice.id).where(over_at <= until)
    for invoice in (await connection.execute(deferred.order_by(Invoice.id))).all():
        movement = ledger.revenue_recognized(invoice.id, invoice.currency, invoice.net_cents)
        await post_movement(connection, subscription_id, movement, at)
