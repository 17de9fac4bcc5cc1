"""Rows with all their parents, as a sale leaves them."""

from dataclasses import dataclass

from sqlalchemy import select

from db.database import Connection
from db.queries import invoices, payments
from db.tables.accounts import User
from db.tables.billing import Invoice, InvoiceLine, Payment
from db.tables.catalogue import PlanPrice
from db.tables.subscriptions import Subscription
from tests.db.rows import START, insert_row


@dataclass(frozen=True)
class Sold:
    user_id: int
    subscription_id: int
    invoice_id: int
    payment_id: int


async def insert_subscriber(connection: Connection) -> tuple[int, int]:
    """A user with an incomplete subscription; returns both ids."""
    price = (await connection.execute(select(PlanPrice.id, PlanPrice.plan_id).limit(1))).one()
    user_id = await insert_row(connection, User)
    subscription_id = await insert_row(
        connection, Subscription, user_id=user_id, plan_id=price.plan_id, plan_price_id=price.id
    )
    return user_id, subscription_id


async def insert_sold(connection: Connection, status: str = "open") -> Sold:
    """A subscription with one line on its one invoice, brought to that status as the product does."""
    user_id, subscription_id = await insert_subscriber(connection)
    invoice_id = await insert_row(connection, Invoice, user_id=user_id, subscription_id=subscription_id)
    await insert_row(connection, InvoiceLine, invoice_id=invoice_id)
    payment_id = await insert_row(connection, Payment, invoice_id=invoice_id)
    if status != "draft":
        await invoices.finalize(connection, invoice_id, START)
    if status == "paid":
        await payments.mark_succeeded(connection, payment_id, 1_990, START)
        await invoices.mark_paid(connection, invoice_id, payment_id, START)
    if status == "void":
        await invoices.void(connection, invoice_id, START)
    if status == "uncollectible":
        await invoices.write_off(connection, invoice_id, START)
    return Sold(user_id, subscription_id, invoice_id, payment_id)
