"""A change of plan inside a period: what was not used of the old plan is earned with the new plan's time.

Plans are told as (length, price in cents). Worked tables of the same changes: docs/pricing.md.
"""

from collections.abc import Sequence

import pytest

from db.queries import ledger_reports
from db.queries.ledger_reports import Deferred
from domain.changing import When
from domain.ending import cancel
from domain.renewing import payment_method_set
from domain.subscription import SubscriptionState
from payments.provider import OutcomeUnknownError
from tests.activities.customer import A_DAY, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.plans import sell

Plan = tuple[str, int]

BASIC, PLUS, DEAR = ("P30D", 2_000), ("P30D", 3_000), ("P30D", 6_000)
YEAR, FAMILY = ("P1Y", 18_000), ("P1Y", 36_000)


async def lived(
    customer: Customer, first: Plan, *changes: tuple[int, Plan], currency: str = "EUR"
) -> SubscriptionState:
    """Paid, then changed at once on those days, whatever is due paid at that instant too."""

    async def sold(plan: Plan) -> str:
        return await sell(customer.database, period_iso=plan[0], price_cents=plan[1], currency=currency)

    state = await customer.start_and_pay(await sold(first))
    for number, (day, plan) in enumerate(changes):
        at = STARTED_AT + day * A_DAY
        command_id = f"change {number}"
        state = (
            await customer.change_plan(state, await sold(plan), at, when=When.NOW, command_id=command_id)
        ).state
        if state.attempt is not None:
            state = await customer.settle(await customer.report(state.attempt.payment_id), at=at)
    return state


async def renewed(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    at = state.period.end
    billed = await customer.open_period(state, at)
    if billed.attempt is None:
        return billed
    return await customer.settle(await customer.report(billed.attempt.payment_id), at=at)


async def earned_by_invoice(customer: Customer) -> list[int]:
    """Of each invoice, the oldest first; nothing for those of which nothing was."""
    earned = {
        entry["key"]: -entry["amount_cents"]
        for entry in await rows_of(customer, "ledger")
        if entry["account"] == "revenue"
    }
    return [
        earned.get(f"invoice:{invoice['id']}:recognized", 0)
        for invoice in await rows_of(customer, "invoices")
    ]


async def earned_and_deferred(customer: Customer, state: SubscriptionState) -> tuple[int, int]:
    """Net: revenue less what a change put back into the balance, and what is still to be earned."""
    balances = (await customer.life(state)).balances
    revenue = balances.get("revenue", 0) + balances.get("refunds", 0)
    return -revenue, -balances.get("deferred_revenue", 0)


@pytest.mark.parametrize(
    ("first", "change", "expected"),
    [
        pytest.param(YEAR, (73, BASIC), (2_951, 1_639), id="73 days of a year, then 30 days"),
        pytest.param(BASIC, (12, YEAR), (655, 14_754), id="12 of 30 days, then a year"),
        pytest.param(PLUS, (0, BASIC), (0, 1_639), id="nothing used, then 30 days for less"),
        pytest.param(YEAR, (0, BASIC), (0, 1_639), id="nothing used, then another length"),
    ],
)
async def test_what_was_used_is_earned_at_the_change_and_the_rest_at_the_end(
    customer: Customer, first: Plan, change: tuple[int, Plan], expected: tuple[int, int]
) -> None:
    changed = await lived(customer, first, change)
    assert await earned_and_deferred(customer, changed) == expected

    await renewed(customer, changed)
    assert (await earned_by_invoice(customer))[1] == expected[1]


async def test_the_daily_figure_is_what_was_used(customer: Customer) -> None:
    """Inside a period of the same length nothing is earned before its end: the figure tells until then."""
    changed = await lived(customer, YEAR, (73, FAMILY), currency="SEK")

    async def figure(day: int) -> list[Deferred]:
        async with customer.database.read() as connection:
            reported = await ledger_reports.deferred_revenue(
                connection, STARTED_AT + day * A_DAY + A_DAY / 24
            )
        return [deferred for deferred in reported if deferred.currency == "SEK"]

    assert [told.deferred_cents for told in await figure(73)] == [26_557]
    assert [told.elapsed_cents for day in (73, 219) for told in await figure(day)] == [2_954, 14_757]

    await renewed(customer, changed)
    assert await earned_by_invoice(customer) == [2_951, 23_606, 0]


@pytest.mark.parametrize(
    ("changes", "earned"),
    [
        pytest.param([(12, PLUS), (21, DEAR)], [655, 738, 1_476], id="two in one period"),
        pytest.param([(12, PLUS), (12, BASIC)], [655, 492, 984], id="there and back at one instant"),
        pytest.param([(0, PLUS), (0, DEAR)], [0, 0, 4_918], id="twice before any of it was used"),
        pytest.param([(12, YEAR), (12, FAMILY)], [655, 0, 29_508], id="to another length, and on from it"),
    ],
)
async def test_of_several_changes_each_carries_on_what_came_to_it(
    customer: Customer, changes: Sequence[tuple[int, Plan]], earned: list[int]
) -> None:
    await renewed(customer, await lived(customer, BASIC, *changes))

    assert (await earned_by_invoice(customer))[:-1] == earned
    *before, _ = await rows_of(customer, "invoices")
    assert sum(earned) == sum(invoice["net_cents"] for invoice in before)
    assert sum(invoice["carried_net_cents"] for invoice in before) == 0


async def test_the_end_right_after_a_change_earns_the_rest(customer: Customer) -> None:
    changed = await lived(customer, BASIC, (12, YEAR))
    at = STARTED_AT + 12 * A_DAY

    await customer.record(cancel(changed, at_period_end=False, at=at), at=at)

    assert await earned_by_invoice(customer) == [655, 14_754]
    assert await earned_and_deferred(customer, changed) == (15_409, 0)


async def test_a_change_that_is_charged_after_the_end_carries_nothing(card_holder: Customer) -> None:
    """All was earned when it ended: the charge stands, and its own net is earned with it."""
    code, at = await sell(card_holder.database, period_iso="P30D", price_cents=3_990), STARTED_AT + 15 * A_DAY
    first = payment_method_set(await card_holder.start_and_pay(), await card_holder.card("answer_lost"))
    opened = (await card_holder.change_plan((await card_holder.record(first)).state, code, at)).state
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(opened, at)
    charging = await card_holder.load(opened.subscription_id)
    the_end = cancel(charging, at_period_end=False, at=at + A_DAY)
    canceled = (await card_holder.record(the_end, at=at + A_DAY)).state

    ended = await card_holder.collect(canceled, at + A_DAY)

    assert (await card_holder.life(ended)).timeline[-1] == "charge_stood"
    assert await earned_by_invoice(card_holder) == [1_631, 820]
    assert await earned_and_deferred(card_holder, ended) == (2_451, 0)
