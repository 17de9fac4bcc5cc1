"""Chargebacks: once for each payment, never more than is left of it."""

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, cast, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from db.database import Connection
from db.tables.accounts import User
from db.tables.billing import Invoice, Payment, Refund
from db.tables.corrections import Dispute
from domain.chargeback import LeftOfPayment
from domain.refund import RefundStatus


def disputed_of(payment_id: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """What was charged back of a payment, as a column of a query."""
    disputed = select(Dispute.amount_cents).where(Dispute.payment_id == payment_id).scalar_subquery()
    return func.coalesce(disputed, 0)


async def find_left(connection: Connection, payment_id: int) -> LeftOfPayment:
    """Of a payment that succeeded. Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    amounts = cast(func.coalesce(func.sum(Refund.amount_cents), 0), BigInteger)
    refunded = select(amounts).where(Refund.payment_id == Payment.id)
    query = select(
        func.coalesce(Payment.received_cents, 0),
        refunded.where(Refund.status == RefundStatus.SUCCEEDED).scalar_subquery(),
        refunded.where(Refund.status.in_((RefundStatus.CREATED, RefundStatus.UNKNOWN))).scalar_subquery(),
    ).where(Payment.id == payment_id)
    return LeftOfPayment(*(await connection.execute(query)).one())


async def insert_dispute(
    connection: Connection, *, payment_id: int, report_id: int, amount_cents: int, currency: str, at: datetime
) -> int:
    """Returns its id. The database refuses a second one, and one for more than is left of the payment."""
    return (
        await connection.execute(
            insert(Dispute)
            .values(
                payment_id=payment_id,
                report_id=report_id,
                amount_cents=amount_cents,
                currency=currency,
                opened_at=at,
            )
            .returning(Dispute.id)
        )
    ).scalar_one()


async def lock_user_of(connection: Connection, payment_id: int) -> None:
    """Before the subscription is locked, by who will flag the user: a start locks both in this order, too."""
    await connection.execute(
        select(User.id)
        .join(Invoice, Invoice.user_id == User.id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(Payment.id == payment_id)
        .with_for_update(key_share=True, of=User)
    )


async def flag_user(connection: Connection, user_id: int, at: datetime) -> None:
    """For staff to look at; since when stays what it was."""
    await connection.execute(
        update(User).where(User.id == user_id, User.flagged_at.is_(None)).values(flagged_at=at)
    )


async def find_flagged_at(connection: Connection, user_id: int) -> datetime | None:
    return (await connection.execute(select(User.flagged_at).where(User.id == user_id))).scalar_one()
