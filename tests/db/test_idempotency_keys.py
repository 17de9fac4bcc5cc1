"""Keys of requests: one carries it out, the others get its answer, and a refusal frees the key."""

import asyncio
import uuid
from datetime import datetime

import pytest
from sqlalchemy import text, true

from db.database import Connection, Database
from db.queries.idempotency import (
    Claim,
    KeptAnswer,
    claim_key,
    find_answer,
    forget_answers,
    hold_on,
    is_key_of_a_start,
    keep_answer,
    let_take_over,
    release_key,
    store_answer,
)
from db.tables.accounts import User
from tests.db.rows import insert_row
from tests.db.sold import insert_subscriber

ANSWER, ANOTHER = {"status": "active"}, {"status": "canceled"}


async def held(connection: Connection, user_id: int) -> datetime:
    until = await claim_key(connection, Claim(user_id, "key", "hash"))
    assert until is not None
    return until


@pytest.fixture
async def user_id(connection: Connection) -> int:
    return await insert_row(connection, User)


async def let_the_claim_lapse(connection: Connection, user_id: int) -> None:
    await connection.execute(
        text(
            "UPDATE idempotency_keys SET locked_until = now() - interval '1 second' WHERE user_id = :user_id"
        ),
        {"user_id": user_id},
    )


async def test_the_first_request_has_the_key(connection: Connection, user_id: int) -> None:
    assert await find_answer(connection, user_id, "key") is None
    assert await claim_key(connection, Claim(user_id, "key", "hash"))
    assert not await claim_key(connection, Claim(user_id, "key", "hash"))
    assert not await claim_key(connection, Claim(user_id, "key", "another hash"))
    assert await find_answer(connection, user_id, "key") == KeptAnswer("hash", None, None)


async def test_a_key_belongs_to_its_user(connection: Connection, user_id: int) -> None:
    neighbour = await insert_row(connection, User)
    assert await claim_key(connection, Claim(user_id, "key", "hash"))

    assert await claim_key(connection, Claim(neighbour, "key", "hash"))


async def test_the_answer_stays_whoever_asks_again(connection: Connection, user_id: int) -> None:
    until = await held(connection, user_id)
    await store_answer(connection, Claim(user_id, "key", "hash"), 200, {"status": "active"})
    await release_key(connection, Claim(user_id, "key", "hash"), until)
    await let_the_claim_lapse(connection, user_id)

    assert not await claim_key(connection, Claim(user_id, "key", "hash"))
    assert await find_answer(connection, user_id, "key") == KeptAnswer("hash", 200, {"status": "active"})


async def test_a_refused_request_frees_its_key(connection: Connection, user_id: int) -> None:
    await release_key(connection, Claim(user_id, "key", "hash"), await held(connection, user_id))

    assert await find_answer(connection, user_id, "key") is None
    assert await claim_key(connection, Claim(user_id, "key", "another hash"))


async def test_a_repetition_takes_over_from_a_process_that_died(connection: Connection, user_id: int) -> None:
    await claim_key(connection, Claim(user_id, "key", "hash"))
    await let_the_claim_lapse(connection, user_id)

    assert not await claim_key(connection, Claim(user_id, "key", "another hash"))
    assert await claim_key(connection, Claim(user_id, "key", "hash"))
    assert not await claim_key(connection, Claim(user_id, "key", "hash"))


async def test_a_key_of_a_start_is_known(connection: Connection) -> None:
    user_id, subscription_id = await insert_subscriber(connection)
    key: str = await connection.scalar(
        text("SELECT idempotency_key FROM subscriptions WHERE id = :id"), {"id": subscription_id}
    )

    assert await is_key_of_a_start(connection, user_id, key)
    assert not await is_key_of_a_start(connection, user_id, "another")
    assert not await is_key_of_a_start(connection, user_id + 1, key)


async def test_of_ten_at_once_one_has_the_key(database: Database) -> None:
    key = uuid.uuid4().hex
    async with database.transaction() as connection:
        user_id = await insert_row(connection, User)

    async def claim() -> bool:
        async with database.transaction() as connection:
            return await claim_key(connection, Claim(user_id, key, "hash")) is not None

    assert sorted(await asyncio.gather(*(claim() for _ in range(10)))) == [False] * 9 + [True]


async def test_after_an_outage_the_key_stays_with_its_request(connection: Connection, user_id: int) -> None:
    await let_take_over(connection, Claim(user_id, "key", "hash"), await held(connection, user_id))

    assert not await claim_key(connection, Claim(user_id, "key", "another hash"))
    assert await claim_key(connection, Claim(user_id, "key", "hash"))


async def test_only_its_own_request_gives_a_key_back(connection: Connection, user_id: int) -> None:
    until = await held(connection, user_id)
    await release_key(connection, Claim(user_id, "key", "another hash"), until)
    await store_answer(connection, Claim(user_id, "key", "another hash"), 200, ANSWER)
    assert not await keep_answer(connection, Claim(user_id, "key", "another hash"), 200, ANSWER)

    kept = await find_answer(connection, user_id, "key")
    assert kept is not None
    assert (kept.request_hash, kept.answer) == ("hash", None)


async def test_whoever_lost_a_key_neither_holds_it_nor_gives_it_back(
    connection: Connection, user_id: int
) -> None:
    claim, lost = Claim(user_id, "key", "hash"), await held(connection, user_id)
    await let_the_claim_lapse(connection, user_id)
    until = await held(connection, user_id)

    assert await hold_on(connection, claim, lost) is None
    await let_take_over(connection, claim, lost)
    await release_key(connection, claim, lost)

    assert await claim_key(connection, claim) is None
    longer = await hold_on(connection, claim, until)
    assert longer is not None
    assert longer > until


async def test_of_two_answers_the_first_stays(connection: Connection, user_id: int) -> None:
    claim = Claim(user_id, "key", "hash")
    await held(connection, user_id)

    assert await keep_answer(connection, claim, 202, ANSWER)
    assert not await keep_answer(connection, claim, 200, ANOTHER)

    assert await find_answer(connection, user_id, "key") == KeptAnswer("hash", 202, ANSWER)


async def test_an_answer_outlives_the_refusal_of_whoever_took_over(
    connection: Connection, user_id: int
) -> None:
    claim = Claim(user_id, "key", "hash")
    await release_key(connection, claim, await held(connection, user_id))

    assert await keep_answer(connection, claim, 201, ANSWER)

    assert await find_answer(connection, user_id, "key") == KeptAnswer("hash", 201, ANSWER)
    assert await claim_key(connection, claim) is None


async def test_what_is_answered_after_it_was_forgotten_stays_forgotten(
    connection: Connection, user_id: int
) -> None:
    await held(connection, user_id)
    await forget_answers(connection, true())

    assert not await keep_answer(connection, Claim(user_id, "key", "hash"), 201, ANSWER)

    kept = await find_answer(connection, user_id, "key")
    assert kept is not None
    assert (kept.is_forgotten, kept.answer) == (True, {})
