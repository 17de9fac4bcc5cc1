"""Gift cards over the years of a subscription: used up one after the other, redeemed on the way, put back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.due_changes import change_due
from domain.ending import cancel
from domain.forecast import forecast
from domain.planned import PlannedStart
from domain.promo import Promo
from domain.refusals import RefusalCode
from domain.renewing import payment_method_set
from domain.subscription import SubscriptionState
from domain.tenders import GiftMoney, Purse
from tests.activities.customer import IN_THE_PERIOD, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell
from tests.activities.refused import refused
from tests.gift_cards import card_balances, owner_of

SHORTLY = timedelta(hours=1)


async def amounts(customer: Customer) -> list[tuple[str, int, int, list[int]]]:
    """Of every invoice: status, total, what gift cards paid, and the payments asked for."""
    return [
        (
            invoice["status"],
            invoice["total_cents"],
            invoice["gift_cents"],
            [
                payment["amount_cents"]
                for payment in await rows_of(customer, "payments")
                if payment["invoice_id"] == invoice["id"]
            ],
        )
        for invoice in await rows_of(customer, "invoices")
    ]


async def with_card(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    return (await customer.record(payment_method_set(state, await customer.card()))).state


async def test_renewals_until_it_is_used_up_then_the_card_is_charged(card_holder: Customer) -> None:
    card_id, code_hash = await card_holder.gift_card(5_000)
    state = (await card_holder.start(gift_code_hash=code_hash, method_id=await card_holder.card())).state

    for _ in range(3):
        state = await card_holder.open_period(state, state.paid_until)
        if state.attempt is not None:
            state = await card_holder.collect(state, state.paid_until)

    assert await amounts(card_holder) == [
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_020, [970]),
        ("paid", 1_990, 0, [1_990]),
    ]
    assert await card_balances(card_holder.database, card_id) == [0]
    assert (await card_holder.life(state)).timeline == [
        *("opened", "activated", "renewal_opened", "renewed"),
        *("renewal_opened", "renewed", "renewal_opened", "renewed"),
    ]


async def test_several_cards_the_oldest_redemption_first(customer: Customer) -> None:
    state = await customer.start_and_pay()
    cards = [await customer.gift_card(cents) for cents in (700, 600, 5_000)]
    for hours, (_, code_hash) in zip((3, 1, 2), cards, strict=True):
        await customer.redeem(state, code_hash, IN_THE_PERIOD + timedelta(hours=hours))

    renewed = await customer.open_period(await with_card(customer, state), PERIOD_END)

    assert renewed.status == "active"
    ids = [card_id for card_id, _ in cards]
    assert await card_balances(customer.database, *ids) == [700, 0, 5_000 - (1_990 - 600)]


async def test_redeeming_adds_value_and_replaces_nothing(customer: Customer) -> None:
    state = await customer.start_and_pay()
    before = await everything_of(customer)
    card_id, code_hash = await customer.gift_card()

    await customer.redeem(state, code_hash)
    after = await everything_of(customer)
    await customer.redeem(state, code_hash, IN_THE_PERIOD + SHORTLY)

    assert await everything_of(customer) == after
    *earlier, told = after.pop("timeline")
    [card] = after.pop("gift_cards")
    *facts, announced = after.pop("outbox")
    *facts_before, announced_before = before["outbox"]
    assert {**after, "timeline": earlier, "outbox": facts} == {**before, "outbox": facts_before}
    costs = {"gift_cents": 1_990, "amount_due_cents": 0}
    assert announced == announced_before | {"details": announced_before["details"] | costs}
    assert (card["id"], card["redeemed_at"], card["balance_cents"]) == (card_id, IN_THE_PERIOD, 5_000)
    assert (told["event"], told["version"], told["actor"], told["occurred_at"], told["details"]) == (
        "gift_redeemed",
        state.version,
        f"user:{customer.user_id}",
        IN_THE_PERIOD,
        {"gift_card_id": card_id, "gift_card_cents": 5_000, "currency": "EUR"},
    )


async def test_it_waits_for_the_next_invoice(customer: Customer) -> None:
    opened = await customer.start()
    card_id, code_hash = await customer.gift_card()

    await customer.redeem(opened.state, code_hash, STARTED_AT)
    state = await customer.settle(await customer.report(opened.answer.payment_id))

    assert await amounts(customer) == [("paid", 1_990, 0, [1_990])]
    assert await card_balances(customer.database, card_id) == [5_000]

    await customer.open_period(await with_card(customer, state), PERIOD_END)
    assert await card_balances(customer.database, card_id) == [3_010]


async def test_what_a_redemption_is_refused_for_writes_nothing(customer: Customer) -> None:
    state = await customer.start_and_pay()
    other = await Customer.signup(customer.database)
    _, of_another = await customer.gift_card(redeemed_by=other.user_id, redeemed_at=STARTED_AT)
    _, expired = await customer.gift_card(expires_at=STARTED_AT)
    _, foreign = await customer.gift_card(currency="USD")
    written = await everything_of(customer)

    for code_hash, code in (
        ("00" * 32, RefusalCode.GIFT_CARD_NOT_FOUND),
        (of_another, RefusalCode.GIFT_CARD_NOT_FOUND),
        (expired, RefusalCode.GIFT_CARD_NOT_FOUND),
        (foreign, RefusalCode.CURRENCY_MISMATCH),
    ):
        with refused(code):
            await customer.redeem(state, code_hash, STARTED_AT)
    assert await everything_of(customer) == written


async def test_nothing_is_redeemed_on_what_has_ended(customer: Customer) -> None:
    state = await customer.start_and_pay()
    await customer.record(cancel(state, at_period_end=False, at=IN_THE_PERIOD))
    card_id, code_hash = await customer.gift_card()

    with refused(RefusalCode.SUBSCRIPTION_ENDED):
        await customer.redeem(state, code_hash, STARTED_AT)

    assert await owner_of(customer.database, card_id) is None


async def test_a_card_that_expires_between_two_renewals(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(expires_at=PERIOD_END + SHORTLY)
    state = (await customer.start(gift_code_hash=code_hash)).state
    state = await with_card(customer, state)

    state = await customer.open_period(state, PERIOD_END)
    state = await customer.open_period(state, state.paid_until)

    assert await amounts(customer) == [
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_990, []),
        ("open", 1_990, 0, [1_990]),
    ]
    assert await card_balances(customer.database, card_id) == [1_020]


@pytest.mark.parametrize("opened_at", [PERIOD_END - timedelta(days=3), PERIOD_END, PERIOD_END + SHORTLY])
async def test_a_card_pays_when_it_is_valid_at_the_period_s_start(
    customer: Customer, opened_at: datetime
) -> None:
    """However early a renewal is opened for who pays by hand, or late: a preview of a start says the same."""
    state = await customer.start_and_pay()
    expiries = (PERIOD_END, PERIOD_END + timedelta(minutes=1))
    gone, valid = [await customer.gift_card(400, expires_at=expires_at) for expires_at in expiries]
    for _, code_hash in (gone, valid):
        await customer.redeem(state, code_hash)

    await customer.open_period(state, opened_at)

    start = PlannedStart(
        state.plan,
        PERIOD_END,
        purse=Purse((GiftMoney(gone[0], 400), GiftMoney(valid[0], 400))),
        expiries=dict(zip((gone[0], valid[0]), expiries, strict=True)),
    )
    [foreseen] = forecast(start, 1).invoices
    assert (await amounts(customer))[1:] == [
        ("open", foreseen.total_cents, foreseen.tenders.gift_cents, [foreseen.amount_due_cents])
    ]
    assert foreseen.tenders.gift_cents == 400
    assert await card_balances(customer.database, gone[0], valid[0]) == [400, 0]


async def test_a_renewal_that_is_canceled_unpaid_puts_it_back(customer: Customer) -> None:
    card_id, code_hash = await customer.gift_card(990)
    state = await customer.start_and_pay()
    await customer.redeem(state, code_hash)
    state = await customer.open_period(state, PERIOD_END - timedelta(days=3))
    assert await card_balances(customer.database, card_id) == [0]

    await customer.record(cancel(state, at_period_end=False, at=PERIOD_END - timedelta(days=1)))

    assert await amounts(customer) == [("paid", 1_990, 0, [1_990]), ("void", 1_990, 990, [1_000])]
    assert await card_balances(customer.database, card_id) == [990]


async def test_a_renewal_that_is_written_off_puts_it_back(card_holder: Customer) -> None:
    plan = await sell(card_holder.database, retry_days=(2,))
    card_id, code_hash = await card_holder.gift_card(990)
    state = await card_holder.start_with_card(plan)
    await card_holder.redeem(state, code_hash)
    declining = await card_holder.card("insufficient_funds")
    state = (await card_holder.record(payment_method_set(state, declining))).state

    at = state.paid_until
    state = await card_holder.collect(await card_holder.open_period(state, at), at)
    at += timedelta(days=2)
    state = await card_holder.open_attempt(state, at, method_id=declining)
    state = await card_holder.collect(state, at)
    await card_holder.record(change_due(state, at), at)

    assert await amounts(card_holder) == [
        ("paid", 1_990, 0, [1_990]),
        ("uncollectible", 1_990, 990, [1_000, 1_000]),
    ]
    assert await card_balances(card_holder.database, card_id) == [990]


async def test_the_promo_comes_before_the_gift(customer: Customer) -> None:
    """Half the price is left to gift cards, so that they last twice as long."""
    card_id, code_hash = await customer.gift_card(2_000)
    state = await customer.start_and_pay()
    await customer.redeem(state, code_hash)
    half = Promo("HALF", 50, None, None, (), None)
    change = payment_method_set(state, await customer.card())
    assert change is not None
    promised = replace(change, state=replace(change.state, promo=half))
    state = (await customer.record(promised)).state

    for _ in range(2):
        state = await customer.open_period(state, state.paid_until)

    assert await amounts(customer) == [
        ("paid", 1_990, 0, [1_990]),
        ("paid", 995, 995, []),
        ("paid", 995, 995, []),
    ]
    assert await card_balances(customer.database, card_id) == [10]


async def test_a_renewal_and_a_redemption_at_once_end_in_one_order(customer: Customer) -> None:
    """Whoever comes first: the purse is whole, and no cent is used twice or lost."""
    first_id, first_hash = await customer.gift_card(1_000)
    second_id, second_hash = await customer.gift_card(1_000)
    state = await with_card(customer, await customer.start_and_pay())
    await customer.redeem(state, first_hash)

    await asyncio.gather(
        customer.open_period(state, PERIOD_END), customer.redeem(state, second_hash, IN_THE_PERIOD + SHORTLY)
    )

    [_, renewal] = await rows_of(customer, "invoices")
    used = 2_000 - sum(await card_balances(customer.database, first_id, second_id))
    assert renewal["gift_cents"] == used
    assert used in {1_000, 1_990}
