"""A start with a promo code: what it bills and pins, and what becomes of its redemption."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from db.database import Database
from db.queries import invoices, timeline
from domain.ending import cancel, expire
from domain.payment import ReportedStatus
from domain.promo import Promo
from domain.subscription import Status, SubscriptionState
from tests.activities.customer import (
    IN_THE_PERIOD,
    PAID_AT,
    PERIOD_END,
    STARTED_AT,
    Customer,
)
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell
from tests.activities.test_round_trips import statements
from tests.book import Book
from tests.db.promo_codes import counted, publish

PERIOD = timedelta(days=30)


async def published(database: Database, **terms: Any) -> str:
    async with database.transaction() as connection:
        return await publish(connection, **terms)


async def redeemed(database: Database, code: str) -> tuple[int, list[str]]:
    async with database.read() as connection:
        return await counted(connection, code)


async def amounts_of(customer: Customer) -> list[tuple[int, int, str]]:
    """Total, discount and status of every invoice."""
    rows = await rows_of(customer, "invoices")
    return [(row["total_cents"], row["discount_cents"], row["status"]) for row in rows]


async def test_a_start_reserves_it_and_bills_with_it(customer: Customer) -> None:
    code = await published(customer.database, percent_off=33)
    opened = await customer.start(promo_code=code.lower())

    answer = opened.answer
    assert (answer.promo_code, answer.discount_cents, answer.amount_cents) == (code, 657, 1_333)
    assert (answer.payment_status, answer.status) == ("pending", "incomplete")
    assert opened.state.promo == Promo(code, 33, None, None, (), 1)
    [invoice] = await rows_of(customer, "invoices")
    assert (invoice["total_cents"], invoice["discount_cents"], invoice["promo_code"]) == (1_333, 657, code)
    lines = await rows_of(customer, "invoice_lines")
    assert [(line["kind"], line["description"], line["amount_cents"]) for line in lines] == [
        ("plan", lines[0]["description"], 1_990),
        ("discount", f"Promo code {code}", -657),
    ]
    [redemption] = await rows_of(customer, "promo_redemptions")
    assert (redemption["status"], redemption["reserved_at"]) == ("reserved", STARTED_AT)
    assert redemption["subscription_id"] == opened.state.subscription_id
    assert await redeemed(customer.database, code) == (1, ["reserved"])


async def test_the_first_payment_counts_it_for_good(customer: Customer) -> None:
    code = await published(customer.database)
    opened = await customer.start(promo_code=code)
    await customer.settle(await customer.report(opened.answer.payment_id, ReportedStatus.FAILED))
    assert await redeemed(customer.database, code) == (1, ["reserved"])

    again = await customer.open_attempt(await customer.load(opened.state.subscription_id), PAID_AT)
    assert again.attempt is not None
    paid = await customer.settle(await customer.report(again.attempt.payment_id))

    assert paid.promo is None, "it was for one period"
    await customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD))
    [redemption] = await rows_of(customer, "promo_redemptions")
    assert (redemption["status"], redemption["settled_at"]) == ("committed", PAID_AT)
    assert await redeemed(customer.database, code) == (1, ["committed"])


async def test_a_hundred_percent_is_active_at_once_and_paid_by_nobody(customer: Customer) -> None:
    code = await published(customer.database, percent_off=100)
    opened = await customer.start(promo_code=code)

    answer = opened.answer
    assert (answer.status, answer.payment_status, answer.payment_id) == ("active", "not_required", None)
    assert (answer.promo_code, answer.discount_cents, answer.amount_cents) == (code, 1_990, 0)
    assert await customer.book(answer.subscription_id) == Book(
        status="active",
        invoices=["paid"],
        payments=[],
        timeline=["opened", "activated"],
        balances={},
        reports=[],
    )
    [invoice] = await rows_of(customer, "invoices")
    assert (invoice["id"], invoice["total_cents"], invoice["paid_at"]) == (answer.invoice_id, 0, STARTED_AT)
    assert invoice["number"].startswith("IT-2026-")
    [period] = await rows_of(customer, "periods")
    assert (period["starts_at"], period["ends_at"]) == (STARTED_AT, STARTED_AT + PERIOD)
    assert await redeemed(customer.database, code) == (1, ["committed"])


async def test_the_same_start_again_reserves_it_once(customer: Customer) -> None:
    code = await published(customer.database, percent_off=100, max_redemptions=1)
    first = await customer.start(promo_code=code, key="one")
    written = await everything_of(customer)

    assert await customer.start(promo_code=code, key="one") == first
    assert await everything_of(customer) == written
    assert await redeemed(customer.database, code) == (1, ["committed"])


async def test_renewals_that_cost_nothing_charge_nobody(card_holder: Customer) -> None:
    code = await published(card_holder.database, percent_off=100, duration="repeating", duration_periods=2)
    opened = await card_holder.start(promo_code=code, method_id=await card_holder.card())

    free = await card_holder.open_period(opened.state, PERIOD_END)
    assert (free.status, free.open_invoice, free.promo) == (Status.ACTIVE, None, None)
    billed = await card_holder.open_period(free, PERIOD_END + PERIOD)
    await card_holder.collect(billed, PERIOD_END + PERIOD)

    assert await amounts_of(card_holder) == [(0, 1_990, "paid"), (0, 1_990, "paid"), (1_990, 0, "paid")]
    assert await card_holder.charges(opened.state) == ["succeeded"]
    assert await redeemed(card_holder.database, code) == (1, ["committed"])


Ending = Callable[[Customer, SubscriptionState], Awaitable[object]]


async def expires(customer: Customer, state: SubscriptionState) -> None:
    await customer.record(expire(state, IN_THE_PERIOD))


async def is_canceled(customer: Customer, state: SubscriptionState) -> None:
    await customer.record(cancel(state, at_period_end=True, at=IN_THE_PERIOD))


async def is_superseded(customer: Customer, _: SubscriptionState) -> None:
    await customer.start(at=IN_THE_PERIOD)


@pytest.mark.parametrize("ends", [expires, is_canceled, is_superseded])
async def test_a_start_that_is_never_paid_gives_it_back(customer: Customer, ends: Ending) -> None:
    code = await published(customer.database, max_redemptions=1)
    await ends(customer, (await customer.start(promo_code=code)).state)

    [redemption] = await rows_of(customer, "promo_redemptions")
    assert (redemption["status"], redemption["settled_at"]) == ("released", IN_THE_PERIOD)
    other = await Customer.signup(customer.database)
    await other.start(promo_code=code)
    assert await redeemed(customer.database, code) == (1, ["released", "reserved"])


async def test_money_that_comes_too_late_does_not_take_it_again(customer: Customer) -> None:
    code = await published(customer.database)
    opened = await customer.start(promo_code=code)
    await expires(customer, opened.state)

    await customer.settle(await customer.report(opened.answer.payment_id))

    assert await redeemed(customer.database, code) == (0, ["released"])


async def test_a_new_start_may_have_what_the_one_before_it_held(customer: Customer) -> None:
    code = await published(customer.database, max_redemptions=1, max_redemptions_per_user=1)
    await customer.start(promo_code=code)
    await customer.start(promo_code=code)
    opened = await customer.start(promo_code=code)

    assert await redeemed(customer.database, code) == (1, ["released", "released", "reserved"])
    await customer.settle(await customer.report(opened.answer.payment_id))
    assert await redeemed(customer.database, code) == (1, ["released", "released", "committed"])


async def test_a_trial_holds_it_until_the_first_period_is_paid(card_holder: Customer) -> None:
    plan = await sell(card_holder.database, trial_days=14)
    code = await published(card_holder.database, percent_off=50)
    opened = await card_holder.start(plan, promo_code=code, method_id=await card_holder.card())
    answer = opened.answer
    assert (answer.status, answer.promo_code, answer.discount_cents) == ("trialing", code, 0)
    assert await redeemed(card_holder.database, code) == (1, ["reserved"])

    billed = await card_holder.open_period(opened.state, opened.state.period.end)
    paid = await card_holder.collect(billed, opened.state.period.end)
    following = await card_holder.open_period(paid, paid.period.end)
    await card_holder.collect(following, paid.period.end)

    assert await amounts_of(card_holder) == [(995, 995, "paid"), (1_990, 0, "paid")]
    assert await redeemed(card_holder.database, code) == (1, ["committed"])


async def test_a_trial_that_ends_unpaid_gives_it_back(customer: Customer) -> None:
    plan = await sell(customer.database, trial_days=14)
    code = await published(customer.database)
    opened = await customer.start(plan, promo_code=code)

    await customer.record(cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD))

    assert await redeemed(customer.database, code) == (0, ["released"])


class CutOffError(Exception):
    pass


async def die(*_: Any, **__: Any) -> None:
    raise CutOffError


async def test_cut_off_while_it_is_reserved(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await published(customer.database, max_redemptions=1)
    with monkeypatch.context() as patch:
        patch.setattr(invoices, "finalize", die)
        with pytest.raises(CutOffError):
            await customer.start(promo_code=code, key="one")
    assert await everything_of(customer) == {}
    assert await redeemed(customer.database, code) == (0, [])

    await customer.start(promo_code=code, key="one")
    assert await redeemed(customer.database, code) == (1, ["reserved"])


@pytest.mark.parametrize("outcome", [ReportedStatus.SUCCEEDED, None], ids=["paid", "expired"])
async def test_cut_off_while_it_is_counted_or_given_back(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, outcome: ReportedStatus | None
) -> None:
    code = await published(customer.database, max_redemptions=1)
    opened = await customer.start(promo_code=code)
    report_id = await customer.report(opened.answer.payment_id) if outcome else None

    async def go_on() -> object:
        if report_id is None:
            return await customer.record(expire(opened.state, IN_THE_PERIOD))
        return await customer.settle(report_id)

    with monkeypatch.context() as patch:
        patch.setattr(timeline, "append_entry", die)
        with pytest.raises(CutOffError):
            await go_on()
    assert await redeemed(customer.database, code) == (1, ["reserved"])

    for _ in range(2):
        await go_on()
    expected = (1, ["committed"]) if outcome else (0, ["released"])
    assert await redeemed(customer.database, code) == expected


async def test_renewals_without_a_code_are_not_asked_about_one(card_holder: Customer) -> None:
    with statements(card_holder) as asked:
        first = await card_holder.start_with_card()
        billed = await card_holder.open_period(first, PERIOD_END)
        renewed = await card_holder.collect(billed, PERIOD_END)
        await card_holder.record(cancel(renewed, at_period_end=False, at=PERIOD_END))

    assert len(asked) > 30
    assert [statement for statement in asked if "promo_codes" in statement] == []
    assert [statement for statement in asked if "promo_redemptions" in statement] == []
