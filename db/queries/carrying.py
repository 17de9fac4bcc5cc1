"""Net that was invoiced for time of a plan that was left: it is earned with the time that it has paid for."""

from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select, update

from db.database import Connection
from db.tables.billing import Invoice, InvoiceLine
from db.tables.subscriptions import Period
from domain.invoice import LineKind
from domain.money import split_vat

_ABSORBED = (
    select(cast(func.coalesce(-func.sum(InvoiceLine.amount_cents), 0), BigInteger))
    .where(
        InvoiceLine.invoice_id == Invoice.id,
        InvoiceLine.kind.in_((LineKind.PRORATION_CREDIT, LineKind.CREDIT_TO_BALANCE)),
    )
    .scalar_subquery()
)


async def carry_net(connection: Connection, subscription_id: int, invoice_id: int, at: datetime) -> None:
    """To a change's invoice, from that of the paid time which runs at `at`: before that time is cut.

    It is the credit for unused time, but for what of it went to the customer's balance. With the
    subscription's row locked; both invoices are at one VAT rate.
    """
    query = select(_ABSORBED, Invoice.vat_rate_bp).where(Invoice.id == invoice_id)
    absorbed_cents, vat_rate_bp = (await connection.execute(query)).one()
    net_cents, _ = split_vat(absorbed_cents, vat_rate_bp)
    if not net_cents:
        return
    left = select(Period.invoice_id).where(
        Period.subscription_id == subscription_id, Period.during.contains(at)
    )
    for of_one, cents in ((Invoice.id.in_(left), -net_cents), (Invoice.id == invoice_id, net_cents)):
        await connection.execute(
            update(Invoice).where(of_one).values(carried_net_cents=Invoice.carried_net_cents + cents)
        )
