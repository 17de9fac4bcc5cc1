"""Keys of POSTs other than starts: claimed, answered, or released when the request was refused."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Interval, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.messages import IdempotencyKey
from db.tables.subscriptions import Subscription

CLAIM_SECONDS = 5
"""After it, a repetition takes over from a process that died. Should both live, the command id is one."""


@dataclass(frozen=True)
class KeptAnswer:
    """`answer` is null while the first request is running."""

    request_hash: str
    status_code: int | None
    answer: dict[str, Any] | None


async def claim_key(connection: Connection, user_id: int, key: str, request_hash: str) -> bool:
    """Whether the caller is to carry out the request: the key is new, or its first request was cut off."""
    locked_until = func.clock_timestamp() + cast(literal(f"{CLAIM_SECONDS} seconds"), Interval)
    claimed = await connection.execute(
        upsert(IdempotencyKey)
        .values(user_id=user_id, key=key, request_hash=request_hash, locked_until=locked_until)
        .on_conflict_do_update(
            index_elements=[IdempotencyKey.user_id, IdempotencyKey.key],
            set_={"locked_until": locked_until},
            where=(IdempotencyKey.request_hash == request_hash)
            & IdempotencyKey.answer.is_(None)
            & (IdempotencyKey.locked_until < func.clock_timestamp()),
        )
        .returning(IdempotencyKey.key)
    )
    return claimed.scalar_one_or_none() is not None


async def find_answer(connection: Connection, user_id: int, key: str) -> KeptAnswer | None:
    """The answer under a key, or the mark that a start has it."""
    row = (
        await connection.execute(
            select(IdempotencyKey.request_hash, IdempotencyKey.status_code, IdempotencyKey.answer).where(
                IdempotencyKey.user_id == user_id, IdempotencyKey.key == key
            )
        )
    ).one_or_none()
    return row and KeptAnswer(row.request_hash, row.status_code, row.answer)


async def is_key_of_a_start(connection: Connection, user_id: int, key: str) -> bool:
    query = select(Subscription.id).where(
        Subscription.user_id == user_id, Subscription.idempotency_key == key
    )
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def store_answer(
    connection: Connection, user_id: int, key: str, status_code: int, answer: dict[str, Any]
) -> None:
    await connection.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
        .values(status_code=status_code, answer=answer)
    )


async def release_key(connection: Connection, user_id: int, key: str) -> None:
    """A refused request does not burn its key."""
    await connection.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.user_id == user_id, IdempotencyKey.key == key, IdempotencyKey.answer.is_(None)
        )
    )
