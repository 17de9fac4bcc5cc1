"""Keys of POSTs other than starts: claimed, answered, or released when the request was refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Interval, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.queries import subscriptions
from db.tables.messages import IdempotencyKey
from db.tables.subscriptions import Subscription

CLAIM_SECONDS = 5
"""After it, a repetition takes over from a process that died: one that lives renews its claim in time. Should
both live all the same, the command id is one, and the first answer stays."""


_A_WHILE_FROM_NOW = func.clock_timestamp() + cast(literal(f"{CLAIM_SECONDS} seconds"), Interval)

FORGOTTEN = 410
"""In the place of the status of an answer that went with whom it was about."""


@dataclass(frozen=True)
class Subject:
    """What staff do something to, such as the invoice 7."""

    kind: str
    id: str


@dataclass(frozen=True)
class Claim:
    """One request under one key of one user."""

    user_id: int
    key: str
    request_hash: str
    subject: Subject | None = None


@dataclass(frozen=True)
class KeptAnswer:
    """`answer` is null while the first request is running."""

    request_hash: str
    status_code: int | None
    answer: dict[str, Any] | None

    @property
    def is_forgotten(self) -> bool:
        return self.status_code == FORGOTTEN


async def claim_key(connection: Connection, claim: Claim) -> datetime | None:
    """Until when the caller, who is to carry out the request, holds the key: it is new, or its first request
    was cut off. `None` when somebody else holds it, or its answer is there.
    """
    claimed = await connection.execute(
        upsert(IdempotencyKey)
        .values(_row_of(claim) | {"locked_until": _A_WHILE_FROM_NOW})
        .on_conflict_do_update(
            index_elements=[IdempotencyKey.user_id, IdempotencyKey.key],
            set_={"locked_until": _A_WHILE_FROM_NOW},
            where=(IdempotencyKey.request_hash == claim.request_hash)
            & IdempotencyKey.answer.is_(None)
            & (IdempotencyKey.locked_until < func.clock_timestamp()),
        )
        .returning(IdempotencyKey.locked_until)
    )
    return claimed.scalar_one_or_none()


async def hold_on(connection: Connection, claim: Claim, held_until: datetime) -> datetime | None:
    """Until when the caller holds the key now; `None` when somebody else has taken over, or answered."""
    held = await connection.execute(
        update(IdempotencyKey)
        .where(*_is_held(claim, held_until))
        .values(locked_until=_A_WHILE_FROM_NOW)
        .returning(IdempotencyKey.locked_until)
    )
    return held.scalar_one_or_none()


async def find_answer(connection: Connection, user_id: int, key: str) -> KeptAnswer | None:
    row = (
        await connection.execute(
            select(IdempotencyKey.request_hash, IdempotencyKey.status_code, IdempotencyKey.answer).where(
                IdempotencyKey.user_id == user_id, IdempotencyKey.key == key
            )
        )
    ).one_or_none()
    return None if row is None else KeptAnswer(row.request_hash, row.status_code, row.answer)


async def is_key_of_a_start(connection: Connection, user_id: int, key: str) -> bool:
    query = select(Subscription.id).where(
        subscriptions.started_by(user_id), Subscription.idempotency_key == key
    )
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def keep_answer(connection: Connection, claim: Claim, status_code: int, answer: dict[str, Any]) -> bool:
    """Of a request that another may have taken over from: the first answer stays. Whether it is this one."""
    told = {"status_code": status_code, "answer": answer}
    kept = await connection.execute(
        upsert(IdempotencyKey)
        .values(_row_of(claim) | {"locked_until": func.clock_timestamp()} | told)
        .on_conflict_do_update(
            index_elements=[IdempotencyKey.user_id, IdempotencyKey.key],
            set_=told,
            where=(IdempotencyKey.request_hash == claim.request_hash) & IdempotencyKey.answer.is_(None),
        )
        .returning(IdempotencyKey.key)
    )
    return kept.scalar_one_or_none() is not None


async def store_answer(
    connection: Connection, claim: Claim, status_code: int, answer: dict[str, Any]
) -> None:
    """In the transaction that has claimed the key: nobody else can have answered."""
    await connection.execute(
        update(IdempotencyKey).where(*_is(claim)).values(status_code=status_code, answer=answer)
    )


async def forget_answers(connection: Connection, which: ColumnElement[bool]) -> None:
    """The keys stay taken: what was asked for is not carried out once more.

    So do those without an answer: it may come after this.
    """
    await connection.execute(update(IdempotencyKey).where(which).values(status_code=FORGOTTEN, answer={}))


async def release_key(connection: Connection, claim: Claim, held_until: datetime) -> None:
    """A refused request does not burn its key."""
    await connection.execute(delete(IdempotencyKey).where(*_is_held(claim, held_until)))


async def let_take_over(connection: Connection, claim: Claim, held_until: datetime) -> None:
    """Whoever repeats the request may go on with it at once; the key stays with this request."""
    await connection.execute(
        update(IdempotencyKey).where(*_is_held(claim, held_until)).values(locked_until=func.clock_timestamp())
    )


def _row_of(claim: Claim) -> dict[str, Any]:
    return {
        "user_id": claim.user_id,
        "key": claim.key,
        "request_hash": claim.request_hash,
        "subject_kind": claim.subject and claim.subject.kind,
        "subject_id": claim.subject and claim.subject.id,
    }


def _is_held(claim: Claim, held_until: datetime) -> tuple[ColumnElement[bool], ...]:
    """By whoever claimed it until then: nobody has taken over since, and nobody has answered."""
    return *_is(claim), IdempotencyKey.answer.is_(None), IdempotencyKey.locked_until == held_until


def _is(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.user_id == claim.user_id,
        IdempotencyKey.key == claim.key,
        IdempotencyKey.request_hash == claim.request_hash,
    )
