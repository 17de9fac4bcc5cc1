"""Stored payment methods: who charges what."""

from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.queries.payments import Payer
from db.tables.payment_methods import PaymentMethod


@dataclass(frozen=True)
class DescribedMethod:
    """A payment method by its provider's token, and what the provider tells of it."""

    provider: str
    token: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


async def find_payer(connection: Connection, method_id: int) -> Payer:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such method."""
    query = select(PaymentMethod.provider).where(PaymentMethod.id == method_id)
    return Payer((await connection.execute(query)).scalar_one(), method_id)


async def choose_method(connection: Connection, user_id: int, method: DescribedMethod) -> int:
    """Stores it as the user's default; the same token again is the same method. Returns its id."""
    chosen = {**asdict(method), "chosen_at": func.clock_timestamp()}
    stored = await connection.execute(
        upsert(PaymentMethod)
        .values(user_id=user_id, **chosen)
        .on_conflict_do_update(
            index_elements=[PaymentMethod.user_id, PaymentMethod.provider, PaymentMethod.token],
            index_where=PaymentMethod.removed_at.is_(None),
            set_=chosen,
        )
        .returning(PaymentMethod.id)
    )
    return stored.scalar_one()
