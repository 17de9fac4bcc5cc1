"""Promo codes that a start cannot have: refused with their reason, and nothing is written."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ending import cancel
from domain.refusals import RefusalCode
from tests.activities.customer import IN_THE_PERIOD, STARTED_AT, Customer
from tests.activities.everything import everything_of
from tests.activities.refused import refused
from tests.activities.test_promo_code import published, redeemed

MOMENT = timedelta(microseconds=1)
ROUNDS = 4

IN_DOLLARS = {"percent_off": None, "amount_off_cents": 500, "currency": "USD"}

REFUSED: dict[str, tuple[RefusalCode, dict[str, Any]]] = {
    "not yet": (RefusalCode.PROMO_CODE_EXPIRED, {"valid_from": STARTED_AT + MOMENT}),
    "over": (RefusalCode.PROMO_CODE_EXPIRED, {"valid_until": STARTED_AT}),
    "another plan": (RefusalCode.PROMO_CODE_NOT_APPLICABLE, {"plan_codes": ["P1Y", "P6M"]}),
    "another currency": (RefusalCode.CURRENCY_MISMATCH, IN_DOLLARS),
    "none left": (RefusalCode.PROMO_CODE_EXHAUSTED, {"max_redemptions": 1, "redemption_count": 1}),
}


@pytest.mark.parametrize(("reason", "terms"), REFUSED.values(), ids=REFUSED)
async def test_a_code_that_is_not_for_this_start(
    customer: Customer, reason: RefusalCode, terms: dict[str, Any]
) -> None:
    code = await published(customer.database, **terms)
    before = await redeemed(customer.database, code)

    with refused(reason):
        await customer.start(promo_code=code, key="one")

    assert await everything_of(customer) == {}
    assert await redeemed(customer.database, code) == before
    assert (await customer.start(key="one", request_hash="without")).state.promo is None


async def test_an_unknown_code(customer: Customer) -> None:
    with refused(RefusalCode.PROMO_CODE_NOT_FOUND):
        await customer.start(promo_code="NOWHERE")

    assert await everything_of(customer) == {}


async def test_a_refused_code_leaves_the_start_before_it_alone(customer: Customer) -> None:
    code, exhausted = (
        await published(customer.database),
        await published(customer.database, max_redemptions=1, redemption_count=1),
    )
    await customer.start(promo_code=code)
    written = await everything_of(customer)

    with refused(RefusalCode.PROMO_CODE_EXHAUSTED):
        await customer.start(promo_code=exhausted)

    assert await everything_of(customer) == written
    assert await redeemed(customer.database, code) == (1, ["reserved"])


async def test_once_a_user(customer: Customer) -> None:
    code = await published(customer.database, percent_off=100, max_redemptions_per_user=1)
    opened = await customer.start(promo_code=code)
    await customer.record(cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD))
    written = await everything_of(customer)

    with refused(RefusalCode.PROMO_CODE_EXHAUSTED):
        await customer.start(promo_code=code)

    assert await everything_of(customer) == written
    other = await Customer.signup(customer.database)
    await other.start(promo_code=code)
    assert await redeemed(customer.database, code) == (2, ["committed", "committed"])


async def test_two_who_swap_their_codes_do_not_wait_for_each_other(customer: Customer) -> None:
    other = await Customer.signup(customer.database)
    codes = [await published(customer.database, max_redemptions=2) for _ in range(2)]
    for _ in range(ROUNDS):
        for mine, theirs in (codes, reversed(codes)):
            await asyncio.gather(
                customer.start(promo_code=mine, at=IN_THE_PERIOD),
                other.start(promo_code=theirs, at=IN_THE_PERIOD),
            )

    assert [(await redeemed(customer.database, code))[0] for code in codes] == [1, 1]
