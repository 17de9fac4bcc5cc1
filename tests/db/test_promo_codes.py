"""A code's terms hold once it was redeemed, and it is never redeemed more often than it says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from db.database import Connection, Database
from db.queries import promo_redemptions
from db.tables.promo_codes import PromoCode, PromoRedemption
from domain.redeeming import redeem
from domain.refusals import RefusalCode, Refused
from ops.settings import Settings
from tests.db.promo_codes import counted, publish
from tests.db.refused import refused
from tests.db.rows import END, START, valid_row
from tests.db.sold import insert_subscriber
from tests.domain.states import MONTHLY
from tests.wide_database import wide_database

RACERS = 20

FROZEN: dict[str, dict[str, Any]] = {
    "code": {"code": "ANOTHER"},
    "percent": {"percent_off": 30},
    "amount for a percent": {"percent_off": None, "amount_off_cents": 500, "currency": "EUR"},
    "duration": {"duration": "forever"},
    "periods": {"duration": "repeating", "duration_periods": 3},
    "plans": {"plan_codes": ["P1Y"]},
    "begin": {"valid_from": START},
    "limit of a user": {"max_redemptions_per_user": 1},
    "that it was redeemed": {"first_redeemed_at": None},
}


async def reserve(connection: Connection, code: str) -> int:
    """For a new user's start; returns the subscription."""
    user_id, subscription_id = await insert_subscriber(connection)
    await promo_redemptions.reserve(
        connection, code, user_id=user_id, subscription_id=subscription_id, at=START
    )
    return subscription_id


async def change(connection: Connection, of: str, **terms: Any) -> None:
    await connection.execute(update(PromoCode).where(PromoCode.code == of).values(**terms))


@pytest.mark.parametrize("changes", FROZEN.values(), ids=FROZEN)
async def test_terms_are_frozen_by_the_first_redemption(
    connection: Connection, changes: dict[str, Any]
) -> None:
    code = await publish(connection)
    await change(connection, code, percent_off=40)
    await reserve(connection, code)

    with refused(by="promo_terms_frozen"):
        await change(connection, code, **changes)


async def test_they_stay_frozen_when_it_is_given_back(connection: Connection) -> None:
    code = await publish(connection)
    await promo_redemptions.release(connection, await reserve(connection, code), END)

    assert await counted(connection, code) == (0, ["released"])
    with refused(by="promo_terms_frozen"):
        await change(connection, code, percent_off=30)


async def test_it_can_end_and_be_given_to_more(connection: Connection) -> None:
    code = await publish(connection, max_redemptions=1)
    await reserve(connection, code)

    await change(connection, code, valid_until=END, max_redemptions=2)
    await change(connection, code, valid_until=None, max_redemptions=None)
    await reserve(connection, code)
    assert await counted(connection, code) == (2, ["reserved", "reserved"])


async def test_the_limit_is_the_last_line(connection: Connection) -> None:
    code = await publish(connection, max_redemptions=1)
    await reserve(connection, code)

    with refused(by="ck_promo_codes_redeemed_within_the_limit"):
        await reserve(connection, code)


async def test_when_it_was_first_redeemed_stays(connection: Connection) -> None:
    code = await publish(connection)
    await reserve(connection, code)
    user_id, subscription_id = await insert_subscriber(connection)
    await promo_redemptions.reserve(
        connection, code, user_id=user_id, subscription_id=subscription_id, at=START + timedelta(days=1)
    )

    query = select(PromoCode.first_redeemed_at).where(PromoCode.code == code)
    assert (await connection.execute(query)).scalar_one() == START


async def test_counted_for_good_and_given_back_once(connection: Connection) -> None:
    code = await publish(connection)
    paid, unpaid = await reserve(connection, code), await reserve(connection, code)

    for _ in range(2):
        await promo_redemptions.commit(connection, paid, END)
        await promo_redemptions.release(connection, unpaid, END)
    await promo_redemptions.release(connection, paid, END)
    await promo_redemptions.commit(connection, unpaid, END)

    assert await counted(connection, code) == (1, ["committed", "released"])


@pytest.fixture
async def racing(settings: Settings) -> AsyncIterator[Database]:
    async with wide_database(settings, RACERS) as database:
        yield database


async def redeem_locked(connection: Connection, code: str, user_id: int, subscription_id: int) -> None:
    redeem(await promo_redemptions.find_offer(connection, code, user_id, lock=True), MONTHLY, START)
    await promo_redemptions.reserve(
        connection, code, user_id=user_id, subscription_id=subscription_id, at=START
    )


async def redeem_unlocked(connection: Connection, code: str, user_id: int, subscription_id: int) -> None:
    """Read, check, write: as it must not be done."""
    offer = await promo_redemptions.find_offer(connection, code, user_id)
    redeem(offer, MONTHLY, START)
    assert offer is not None
    await change(connection, code, redemption_count=offer.redemption_count + 1)
    promo_code_id = select(PromoCode.id).where(PromoCode.code == code).scalar_subquery()
    await connection.execute(
        insert(PromoRedemption).values(
            valid_row(
                PromoRedemption, promo_code_id=promo_code_id, user_id=user_id, subscription_id=subscription_id
            )
        )
    )


Redeem = Callable[[Connection, str, int, int], Awaitable[None]]


async def race_for_the_last(racing: Database, redeem_one: Redeem) -> tuple[list[Any], int, list[str]]:
    """What each of those got who asked at once, the counter, and the redemptions."""
    async with racing.transaction() as connection:
        code = await publish(connection, max_redemptions=1)
    gate = asyncio.Barrier(RACERS)

    async def racer() -> None:
        async with racing.transaction() as connection:
            user_id, subscription_id = await insert_subscriber(connection)
            await gate.wait()
            await redeem_one(connection, code, user_id, subscription_id)

    outcomes = await asyncio.gather(*(racer() for _ in range(RACERS)), return_exceptions=True)
    async with racing.read() as connection:
        return outcomes, *(await counted(connection, code))


async def test_the_last_one_is_given_once(racing: Database) -> None:
    outcomes, count, redemptions = await race_for_the_last(racing, redeem_locked)

    assert (count, redemptions) == (1, ["reserved"])
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.code for refusal in refusals] == [RefusalCode.PROMO_CODE_EXHAUSTED] * (RACERS - 1)


async def test_without_the_lock_several_would_get_it(racing: Database) -> None:
    """The race is real, and neither the counter nor its constraint sees it."""
    _, count, redemptions = await race_for_the_last(racing, redeem_unlocked)

    assert count == 1
    assert len(redemptions) > 1
