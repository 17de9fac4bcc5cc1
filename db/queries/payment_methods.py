"""Stored payment methods: who charges what."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.queries.payments import Payer
from db.tables.payment_methods import PaymentMethod
from db.tables.subscriptions import LIVE, Subscription


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


async def find_token(connection: Connection, method_id: int) -> tuple[str, str]:
    """Its provider, and what that calls it. Raises as above."""
    query = select(PaymentMethod.provider, PaymentMethod.token).where(PaymentMethod.id == method_id)
    provider, token = (await connection.execute(query)).one()
    return provider, token


@dataclass(frozen=True)
class MethodView:
    """What its owner sees of it. The default is the one that was chosen last."""

    id: int
    provider: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    is_default: bool


@dataclass(frozen=True)
class ChargedTo:
    """What the renewals of a user's live subscription are charged to; without a method a person pays."""

    subscription_id: int
    method_id: int | None


NEVER_CHOSEN = datetime.fromtimestamp(0, UTC)

_STORED = PaymentMethod.removed_at.is_(None)
_CHOSEN_LAST_FIRST = (PaymentMethod.chosen_at.desc(), PaymentMethod.id.desc())
_SHOWN = select(
    PaymentMethod.id,
    PaymentMethod.provider,
    PaymentMethod.brand,
    PaymentMethod.last4,
    PaymentMethod.expiry_month,
    PaymentMethod.expiry_year,
)


async def choose_method(connection: Connection, user_id: int, method: DescribedMethod) -> int:
    """Stores it as the user's default. Returns its id: the same token again is the same method."""
    return await _store(connection, user_id, method, {"chosen_at": func.clock_timestamp()})


async def store_method(connection: Connection, user_id: int, method: DescribedMethod) -> int:
    """As `choose_method`, and leaves the default as it is."""
    return await _store(connection, user_id, method, {})


async def list_methods(connection: Connection, user_id: int) -> list[MethodView]:
    """The stored ones, the default first."""
    query = _SHOWN.where(PaymentMethod.user_id == user_id, _STORED).order_by(*_CHOSEN_LAST_FIRST)
    rows = (await connection.execute(query)).all()
    return [MethodView(*row, is_default=place == 0) for place, row in enumerate(rows)]


async def load_method(connection: Connection, user_id: int, method_id: int) -> MethodView:
    """One that was stored, though it may be removed by now. Raises `sqlalchemy.exc.NoResultFound`."""
    row = (await connection.execute(_SHOWN.where(PaymentMethod.id == method_id))).one()
    return MethodView(*row, is_default=await find_default(connection, user_id) == method_id)


async def find_default(connection: Connection, user_id: int) -> int | None:
    query = (
        select(PaymentMethod.id)
        .where(PaymentMethod.user_id == user_id, _STORED)
        .order_by(*_CHOSEN_LAST_FIRST)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def find_charged_to(connection: Connection, user_id: int) -> ChargedTo | None:
    """`None` without a live subscription."""
    query = select(Subscription.id, Subscription.payment_method_id).where(
        Subscription.user_id == user_id, text(LIVE)
    )
    row = (await connection.execute(query)).one_or_none()
    return row and ChargedTo(row.id, row.payment_method_id)


async def remove_method(connection: Connection, user_id: int, method_id: int) -> bool:
    """Whether it was one of the user's stored ones."""
    removed = await connection.execute(
        update(PaymentMethod)
        .where(PaymentMethod.id == method_id, PaymentMethod.user_id == user_id, _STORED)
        .values(removed_at=func.clock_timestamp())
    )
    return removed.rowcount > 0


async def _store(
    connection: Connection, user_id: int, method: DescribedMethod, chosen: dict[str, Any]
) -> int:
    told = asdict(method) | chosen
    stored = await connection.execute(
        upsert(PaymentMethod)
        .values({"user_id": user_id, "chosen_at": NEVER_CHOSEN} | told)
        .on_conflict_do_update(
            index_elements=[PaymentMethod.user_id, PaymentMethod.provider, PaymentMethod.token],
            index_where=_STORED,
            set_=told,
        )
        .returning(PaymentMethod.id)
    )
    return stored.scalar_one()
