"""By the rule `prorated` a withdrawal gives back what a change of plan would have credited then."""

from datetime import datetime

from domain import pausing
from domain.ending import withdraw
from domain.refund import WithdrawalRule
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.plans import sell
from tests.activities.refunding import refund_invoice, send

CHEAP_CENTS, DEAR_CENTS = 2_000, 3_000
YEAR_CENTS = 18_000


async def start(customer: Customer, price_cents: int, period_iso: str = "P30D") -> SubscriptionState:
    plan = await sell(customer.database, period_iso=period_iso, price_cents=price_cents)
    return await customer.start_and_pay(plan)


async def up(
    customer: Customer, state: SubscriptionState, at: datetime, price_cents: int, period_iso: str = "P30D"
) -> SubscriptionState:
    plan = await sell(customer.database, period_iso=period_iso, price_cents=price_cents)
    opened = (await customer.change_plan(state, plan, at)).state
    assert opened.attempt is not None
    return await customer.settle(await customer.report(opened.attempt.payment_id), at)


async def withdrawn(
    customer: Customer, state: SubscriptionState, at: datetime
) -> tuple[list[str], dict[str, int]]:
    """The refunds, the first payment's first, and the ledger once they have succeeded."""
    recorded = await customer.record(withdraw(state, at), at, WithdrawalRule.PRORATED)
    for refund_id in recorded.unsent_refund_ids:
        await send(customer, refund_id)
    assert await violations_of_books(customer.database) == {}
    life = await customer.life(state)
    return life.refunds, life.balances


async def test_the_plan_before_has_paid_for_a_part_of_this_one(customer: Customer) -> None:
    """On day 12 what is left of 20.00 pays 12.00 of the dear plan's 18.00; 17 of its days are left."""
    first = await start(customer, CHEAP_CENTS)
    state = await up(customer, first, STARTED_AT + 12 * A_DAY, DEAR_CENTS)

    assert await withdrawn(customer, state, STARTED_AT + 13 * A_DAY) == (
        ["withdrawal succeeded 1100", "withdrawal succeeded 600"],
        {"cash_at_provider": 900, "revenue": -2_131, "refunds": 1_394, "vat_payable": -163},
    )


async def test_a_fresh_period_was_paid_with_the_one_before_it(customer: Customer) -> None:
    """On day 3 the month's 18.00 pay for a part of a year, of which 360 days are left: 177.53."""
    first = await start(customer, CHEAP_CENTS)
    state = await up(customer, first, STARTED_AT + 3 * A_DAY, YEAR_CENTS, "P1Y")

    assert await withdrawn(customer, state, STARTED_AT + 8 * A_DAY) == (
        ["withdrawal succeeded 1553", "withdrawal succeeded 16200"],
        {"cash_at_provider": 447, "revenue": -14_918, "refunds": 14_552, "vat_payable": -81},
    )


async def test_a_plan_that_was_left_at_once_was_not_used(customer: Customer) -> None:
    first = await start(customer, CHEAP_CENTS)
    state = await up(customer, first, STARTED_AT, DEAR_CENTS)

    assert await withdrawn(customer, state, STARTED_AT + 9 * A_DAY) == (
        ["withdrawal succeeded 1100", "withdrawal succeeded 1000"],
        {"cash_at_provider": 900, "revenue": -2_459, "refunds": 1_722, "vat_payable": -163},
    )


async def test_frozen_time_is_not_used_and_not_paid_for(customer: Customer) -> None:
    """Frozen for ten days, thirteen days after the start three of thirty are used."""
    first = await start(customer, CHEAP_CENTS)
    since, until = STARTED_AT + 2 * A_DAY, STARTED_AT + 12 * A_DAY
    frozen = (await customer.record(pausing.freeze(first, until=None, at=since), since)).state
    thawed = (await customer.record(pausing.unfreeze(frozen, until), until)).state

    assert await withdrawn(customer, thawed, STARTED_AT + 13 * A_DAY) == (
        ["withdrawal succeeded 1800"],
        {"cash_at_provider": 200, "revenue": -1_639, "refunds": 1_475, "vat_payable": -36},
    )


async def test_while_it_is_frozen_nothing_is_used(customer: Customer) -> None:
    """Even after its period would have been over: a day of seven was used."""
    first = await start(customer, CHEAP_CENTS, "P7D")
    since = STARTED_AT + A_DAY
    frozen = (await customer.record(pausing.freeze(first, until=None, at=since), since)).state

    assert await withdrawn(customer, frozen, STARTED_AT + 10 * A_DAY) == (
        ["withdrawal succeeded 1714"],
        {"cash_at_provider": 286, "revenue": -1_639, "refunds": 1_405, "vat_payable": -52},
    )


async def test_what_staff_gave_back_is_not_given_back_again(customer: Customer) -> None:
    """15.5 of 30 days of the 15.00 that were kept."""
    state = await start(customer, CHEAP_CENTS)
    [invoice] = await rows_of(customer, "invoices")
    refund_id = await refund_invoice(customer, invoice["id"], 500)
    assert refund_id is not None
    await send(customer, refund_id)

    assert await withdrawn(customer, state, STARTED_AT + 15 * A_DAY - A_DAY / 2) == (
        ["staff succeeded 500", "withdrawal succeeded 775"],
        {"cash_at_provider": 725, "revenue": -1_639, "refunds": 1_045, "vat_payable": -131},
    )


async def test_time_that_is_over_gives_nothing_back(customer: Customer) -> None:
    first = await start(customer, CHEAP_CENTS, "P7D")
    state = await customer.open_period(first, first.paid_until)

    assert await withdrawn(customer, state, STARTED_AT + 8 * A_DAY) == (
        [],
        {"cash_at_provider": 2_000, "revenue": -1_639, "vat_payable": -361},
    )
