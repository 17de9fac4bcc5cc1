"""A start with a gift card: it pays what it can, and has it back when nothing comes of the start."""

from datetime import timedelta
from typing import Any

import pytest

from domain.ending import cancel, expire
from domain.refusals import RefusalCode
from tests.activities.customer import IN_THE_PERIOD, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell
from tests.activities.refused import refused
from tests.gift_cards import card_balances, check_purses, owner_of

AN_INSTANT = timedelta(microseconds=1)


async def test_a_card_that_pays_all_of_it(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card()

    opened = await customer.start(gift_code_hash=code_hash)

    answer = opened.answer
    assert (answer.status, answer.payment_status, answer.payment_id, answer.provider) == (
        "active",
        "succeeded",
        None,
        None,
    )
    assert (answer.amount_cents, answer.gift_cents) == (0, 1_990)
    life = await customer.life(opened.state)
    assert life.invoices == ["subscription_create paid 2026-01-31 2026-03-02"]
    assert life.payments == []
    assert life.periods == ["2026-01-31 2026-03-02"]
    assert life.timeline == ["opened", "activated"]
    assert life.balances == {"gift_card_liability": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}
    assert await card_balances(customer.database, card_id) == [3_010]
    assert await owner_of(customer.database, card_id) == customer.user_id
    first_entry = (await rows_of(customer, "timeline"))[0]["details"]
    assert first_entry == {
        "gift_card_id": card_id,
        "gift_card_cents": 5_000,
        "currency": "EUR",
        "invoice_id": answer.invoice_id,
        "amount_cents": 1_990,
    }


async def test_what_the_card_leaves_is_to_be_paid(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(990)

    opened = await customer.start(gift_code_hash=code_hash)

    assert (opened.answer.status, opened.answer.payment_status) == ("incomplete", "pending")
    assert (opened.answer.amount_cents, opened.answer.gift_cents) == (1_000, 990)
    assert await card_balances(customer.database, card_id) == [0]
    [invoice] = await rows_of(customer, "invoices")
    [payment] = await rows_of(customer, "payments")
    assert (invoice["total_cents"], invoice["gift_cents"], payment["amount_cents"]) == (1_990, 990, 1_000)

    paid = await customer.settle(await customer.report(opened.answer.payment_id))

    life = await customer.life(paid)
    assert life.balances == {
        "cash_at_provider": 1_000,
        "gift_card_liability": 990,
        "deferred_revenue": -1_631,
        "vat_payable": -359,
    }


async def test_a_card_pays_the_rest_of_what_gift_cards_leave(card_holder: Customer) -> None:
    _, code_hash = await card_holder.gift_card(990)

    opened = await card_holder.start(gift_code_hash=code_hash, method_id=await card_holder.card())
    paid = await card_holder.collect(opened.state, STARTED_AT)

    assert paid.status == "active"
    assert await card_holder.charges(paid) == ["succeeded"]
    assert (await card_holder.life(paid)).balances["cash_at_provider"] == 1_000


async def test_a_second_call_takes_nothing_more(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card()
    first = await customer.start(key="one", gift_code_hash=code_hash)
    written = await everything_of(customer)

    assert await customer.start(key="one", gift_code_hash=code_hash) == first
    assert await everything_of(customer) == written
    assert await card_balances(customer.database, card_id) == [3_010]


async def test_a_trial_keeps_it_for_later(customer: Customer) -> None:
    plan = await sell(customer.database, trial_days=14)
    card_id, code_hash = await customer.gift_card()

    opened = await customer.start(plan, gift_code_hash=code_hash)

    assert (opened.answer.status, opened.answer.payment_status) == ("trialing", "not_required")
    assert (opened.answer.gift_cents, await card_balances(customer.database, card_id)) == (0, [5_000])
    assert await owner_of(customer.database, card_id) == customer.user_id
    [entry] = await rows_of(customer, "timeline")
    assert (entry["event"], entry["details"]["gift_card_id"]) == ("trial_started", card_id)


@pytest.mark.parametrize("amount_cents", [990, 1_990])
async def test_a_start_that_is_superseded_gives_it_back_to_the_next(
    customer: Customer, amount_cents: int
) -> None:
    card_id, code_hash = await customer.gift_card(amount_cents)
    other_id, other_hash = await customer.gift_card(500)
    await customer.start("P1Y", gift_code_hash=code_hash)
    assert await card_balances(customer.database, card_id) == [0]

    opened = await customer.start(gift_code_hash=other_hash)

    assert opened.answer.gift_cents == min(1_990, amount_cents + 500)
    assert await card_balances(customer.database, card_id, other_id) == [
        0,
        amount_cents + 500 - opened.answer.gift_cents,
    ]
    [void, _] = await rows_of(customer, "invoices")
    assert (void["status"], void["gift_cents"]) == ("void", amount_cents)


async def test_a_start_that_expires_gives_it_back_and_the_card_stays_the_users(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(990)
    state = (await customer.start(gift_code_hash=code_hash)).state

    await customer.record(expire(state, IN_THE_PERIOD))

    assert await card_balances(customer.database, card_id) == [990]
    assert await owner_of(customer.database, card_id) == customer.user_id
    life = await customer.life(state)
    assert (life.invoices[0].split()[1], life.balances) == ("void", {})

    again = await customer.start()
    assert again.answer.gift_cents == 990


async def test_a_start_that_is_canceled_gives_it_back(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(990)
    state = (await customer.start(gift_code_hash=code_hash)).state

    await customer.record(cancel(state, at_period_end=False, at=IN_THE_PERIOD))

    assert await card_balances(customer.database, card_id) == [990]


async def test_money_for_what_was_given_up_goes_back_without_the_gift(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(990)
    opened = await customer.start(gift_code_hash=code_hash)
    await customer.record(expire(opened.state, IN_THE_PERIOD))

    settled = await customer.settle_whole(await customer.report(opened.answer.payment_id), at=IN_THE_PERIOD)

    assert len(settled.unsent_refund_ids) == 1
    assert (await customer.life(settled.state)).refunds == ["late_payment created 1000"]
    assert await card_balances(customer.database, card_id) == [990]


async def test_a_card_of_ones_own_may_be_named_again(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(5_000)
    first = (await customer.start(gift_code_hash=code_hash)).state
    await customer.record(cancel(first, at_period_end=False, at=IN_THE_PERIOD))

    again = await customer.start(gift_code_hash=code_hash, at=IN_THE_PERIOD)

    assert again.answer.gift_cents == 1_990
    assert await card_balances(customer.database, card_id) == [1_020]
    opened = [entry["details"] for entry in await rows_of(customer, "timeline") if entry["event"] == "opened"]
    assert [details.get("gift_card_id") for details in opened] == [card_id, None]


async def test_a_start_without_a_code_uses_what_is_there(customer: Customer) -> None:
    await customer.gift_card(5_000, redeemed_by=customer.user_id, redeemed_at=STARTED_AT)

    assert (await customer.start()).answer.gift_cents == 1_990


async def test_an_expired_card_pays_nothing(customer: Customer) -> None:
    owned: dict[str, Any] = {"redeemed_by": customer.user_id, "redeemed_at": STARTED_AT}
    expired_id, _ = await customer.gift_card(expires_at=STARTED_AT, **owned)
    lasting_id, _ = await customer.gift_card(500, expires_at=STARTED_AT + AN_INSTANT, **owned)

    assert (await customer.start()).answer.gift_cents == 500
    assert await card_balances(customer.database, expired_id, lasting_id) == [5_000, 0]


async def test_what_is_refused_writes_nothing(customer: Customer) -> None:
    other = await Customer.signup(customer.database)
    owned: dict[str, Any] = {"redeemed_by": other.user_id, "redeemed_at": STARTED_AT}
    _, of_another = await customer.gift_card(**owned)
    _, expired = await customer.gift_card(expires_at=STARTED_AT)
    _, foreign = await customer.gift_card(currency="USD")
    _, used_up = await customer.gift_card(1_990)
    earlier = (await customer.start(gift_code_hash=used_up)).state
    await customer.record(cancel(earlier, at_period_end=False, at=STARTED_AT))
    written = await everything_of(customer)

    for code_hash, code in (
        ("00" * 32, RefusalCode.GIFT_CARD_NOT_FOUND),
        (of_another, RefusalCode.GIFT_CARD_NOT_FOUND),
        (expired, RefusalCode.GIFT_CARD_NOT_FOUND),
        (foreign, RefusalCode.CURRENCY_MISMATCH),
        (used_up, RefusalCode.GIFT_CARD_EMPTY),
    ):
        with refused(code):
            await customer.start(gift_code_hash=code_hash)

    assert await everything_of(customer) == written
    await check_purses(customer.database)


async def test_a_refused_start_leaves_the_card_to_others(customer: Customer) -> None:
    await customer.start_and_pay()
    card_id, code_hash = await customer.gift_card()

    with refused(
        RefusalCode.SUBSCRIPTION_EXISTS, subscription_id=(await rows_of(customer, "subscriptions"))[0]["id"]
    ):
        await customer.start(gift_code_hash=code_hash)

    assert await owner_of(customer.database, card_id) is None
