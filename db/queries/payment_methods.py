"""Stored payment methods: who charges what."""

from sqlalchemy import select

from db.database import Connection
from db.queries.payments import Payer
from db.tables.payment_methods import PaymentMethod


async def find_payer(connection: Connection, method_id: int) -> Payer:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such method."""
    query = select(PaymentMethod.provider).where(PaymentMethod.id == method_id)
    return Payer((await connection.execute(query)).scalar_one(), method_id)
