"""A change of plan in the books: opened, paid, dropped, covered; once, whatever comes twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain import changing, pausing
from domain.changing import When
from domain.plan_choice import Amounts, Quote
from domain.refusals import RefusalCode
from domain.renewing import payment_method_set
from tests.activities.customer import A_DAY, IN_THE_PERIOD, PAID_AT, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.life import LifeBooks
from tests.activities.plans import sell

HALFWAY = STARTED_AT + (PERIOD_END - STARTED_AT) / 2
DEAR_CENTS = 3_990
OPENED = LifeBooks(
    status="active",
    invoices=[
        "subscription_create paid 2026-01-31 2026-03-02",
        "subscription_update open 2026-02-15 2026-03-02",
    ],
    payments=["1 sandbox succeeded", "1 sandbox created"],
    periods=["2026-01-31 2026-03-02"],
    refunds=[],
    reminders=["renewal.upcoming 2026-02-27"],
    balances={
        "cash_at_provider": 1_990,
        "receivable": 1_000,
        "deferred_revenue": -2_451,
        "vat_payable": -539,
    },
    timeline=["opened", "activated", "plan_change_opened"],
)
CHANGED = replace(
    OPENED,
    invoices=[OPENED.invoices[0], "subscription_update paid 2026-02-15 2026-03-02"],
    payments=["1 sandbox succeeded"] * 2,
    periods=["2026-01-31 2026-02-15", "2026-02-15 2026-03-02"],
    balances={"cash_at_provider": 2_990, "deferred_revenue": -2_451, "vat_payable": -539},
    timeline=[*OPENED.timeline, "plan_changed"],
)


async def dear(customer: Customer) -> str:
    return await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)


async def balance(customer: Customer) -> list[int]:
    rows = await customer.rows("SELECT balance_cents FROM customer_balances WHERE user_id = :user_id")
    return [row["balance_cents"] for row in rows]


async def plan_of_row(customer: Customer) -> list[tuple[str, int]]:
    rows = await customer.rows(
        "SELECT p.code, v.version FROM subscriptions s JOIN plans p ON p.id = s.plan_id"
        " JOIN plan_prices v ON v.id = s.plan_price_id WHERE s.user_id = :user_id"
    )
    return [(row["code"], row["version"]) for row in rows]


async def test_it_is_opened_and_then_paid(card_holder: Customer) -> None:
    first, code = await card_holder.start_with_card(), await dear(card_holder)

    opened = await card_holder.change_plan(first, code, HALFWAY)
    assert opened.written
    assert (opened.state.plan, opened.state.is_changing_plan) == (first.plan, True)
    assert await card_holder.life(opened.state) == OPENED

    changed = await card_holder.collect(opened.state, HALFWAY)
    assert (changed.plan.code, changed.period, changed.anchor) == (code, first.period, first.anchor)
    assert (changed.price.cents, changed.remembers("change")) == (DEAR_CENTS, True)
    assert await card_holder.life(changed) == CHANGED
    assert await plan_of_row(card_holder) == [(code, 1)]


async def test_a_second_call_changes_nothing_more(card_holder: Customer) -> None:
    first, code = await card_holder.start_with_card(), await dear(card_holder)
    opened = await card_holder.change_plan(first, code, HALFWAY)
    written = await everything_of(card_holder)

    again = await card_holder.change_plan(first, code, HALFWAY + A_DAY)
    assert (again.state, again.written) == (opened.state, False)
    assert await everything_of(card_holder) == written

    changed = await card_holder.collect(opened.state, HALFWAY)
    written = await everything_of(card_holder)
    assert (await card_holder.change_plan(opened.state, code, HALFWAY)).state == changed
    assert await card_holder.collect(opened.state, HALFWAY) == changed
    assert await everything_of(card_holder) == written


async def test_five_at_once_are_one(card_holder: Customer) -> None:
    first, code = await card_holder.start_with_card(), await dear(card_holder)

    opened = await asyncio.gather(*(card_holder.change_plan(first, code, HALFWAY) for _ in range(5)))

    assert sorted(one.written for one in opened) == [False] * 4 + [True]
    assert await card_holder.life(first) == OPENED


async def test_declined_nothing_has_changed(card_holder: Customer) -> None:
    first, code = await card_holder.start_and_pay(), await dear(card_holder)
    method = await card_holder.card("insufficient_funds")
    state = (await card_holder.record(payment_method_set(first, method))).state
    opened = await card_holder.change_plan(state, code, HALFWAY)
    declined = await card_holder.collect(opened.state, HALFWAY)

    assert replace(declined, version=0, recent_commands=()) == replace(state, version=0)
    life = await card_holder.life(declined)
    assert life.invoices[1:] == ["subscription_update void 2026-02-15 2026-03-02"]
    assert life.payments[1:] == ["1 sandbox failed insufficient_funds"]
    assert life.balances == {"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}
    assert life.timeline[3:] == ["plan_change_opened", "payment_declined", "plan_change_declined"]


async def test_money_for_one_that_was_dropped_goes_back_by_itself(customer: Customer) -> None:
    first, code = await customer.start_and_pay(), await dear(customer)
    opened = (await customer.change_plan(first, code, HALFWAY)).state
    expired = (await customer.record(changing.expire(opened), at=HALFWAY + A_DAY)).state
    assert opened.attempt is not None

    settled = await customer.settle_whole(
        await customer.report(opened.attempt.payment_id), at=HALFWAY + 2 * A_DAY
    )

    assert (settled.state, len(settled.unsent_refund_ids)) == (expired, 1)
    life = await customer.life(expired)
    assert life.refunds == ["late_payment created 1000"]
    assert life.balances["unapplied_cash"] == -1_000
    assert life.timeline[2:] == [
        "plan_change_opened",
        "plan_change_expired",
        "late_payment_received",
        "refund_opened",
    ]


async def test_reports_of_what_makes_way_are_settled_first(customer: Customer) -> None:
    first, code = await customer.start_and_pay(), await dear(customer)
    opened = (await customer.change_plan(first, code, HALFWAY)).state
    assert opened.attempt is not None
    report_id = await customer.report(opened.attempt.payment_id)

    for plan, when in ((code, None), ("P1Y", When.PERIOD_END), ("P30D", None)):
        waiting = await customer.change_plan(opened, plan, HALFWAY + A_DAY, when=when)
        assert (waiting.written, waiting.unread_report_ids) == (False, (report_id,))
    assert (await customer.settle(report_id, at=HALFWAY)).plan.code == code


async def test_what_is_less_than_the_credit_is_covered_at_once_and_credited(customer: Customer) -> None:
    code = await dear(customer)
    first = await customer.start_and_pay(code)
    changed = (await customer.change_plan(first, "P30D", HALFWAY, when=When.NOW)).state

    assert (changed.plan.code, changed.open_invoice) == ("P30D", None)
    assert await customer.life(changed) == LifeBooks(
        status="active",
        invoices=[
            "subscription_create paid 2026-01-31 2026-03-02",
            "subscription_update paid 2026-02-15 2026-03-02",
        ],
        payments=["1 mock succeeded"],
        periods=["2026-01-31 2026-02-15", "2026-02-15 2026-03-02"],
        refunds=[],
        reminders=["renewal.upcoming 2026-02-27"],
        balances={
            "cash_at_provider": 3_990,
            "customer_balance": -1_000,
            "deferred_revenue": -3_270,
            "refunds": 820,
            "vat_payable": -540,
        },
        timeline=["opened", "activated", "plan_change_opened", "plan_changed"],
    )
    assert await balance(customer) == [1_000]

    renewal = await customer.open_period(changed, PERIOD_END - 3 * A_DAY)
    rows = await customer.rows("SELECT balance_cents FROM invoices WHERE user_id = :user_id ORDER BY id")
    assert [row["balance_cents"] for row in rows] == [0, 0, 1_000]
    assert renewal.attempt is not None
    assert await balance(customer) == [0]


async def test_the_balance_that_paid_for_what_makes_way_pays_for_what_follows(customer: Customer) -> None:
    code, dearest = await dear(customer), await sell(customer.database, period_iso="P30D", price_cents=9_990)
    first = await customer.start_and_pay(code)
    down = (await customer.change_plan(first, "P30D", HALFWAY, when=When.NOW, command_id="down")).state
    pending = (await customer.change_plan(down, dearest, HALFWAY + A_DAY, command_id="up")).state
    assert await balance(customer) == [0]
    replaced = (await customer.change_plan(pending, "P1Y", HALFWAY + A_DAY, command_id="other")).state

    assert replaced.is_changing_plan
    rows = await customer.rows(
        "SELECT status, balance_cents FROM invoices WHERE user_id = :user_id ORDER BY id"
    )
    assert [(row["status"], row["balance_cents"]) for row in rows] == [
        ("paid", 0),
        ("paid", 0),
        ("void", 1_000),
        ("open", 1_000),
    ]
    assert await balance(customer) == [0]


async def test_there_and_back_in_the_same_instant_is_earned_all_the_same(customer: Customer) -> None:
    """The time of the plan in the middle is none: its revenue is not left deferred for ever."""
    code = await dear(customer)
    state = await customer.start_and_pay(code)
    for number, plan in enumerate(("P30D", code, "P30D")):
        state = (
            await customer.change_plan(state, plan, HALFWAY, when=When.NOW, command_id=f"change {number}")
        ).state
    assert (state.plan.code, state.open_invoice) == ("P30D", None)
    renewal = await customer.open_period(state, PERIOD_END)
    assert renewal.attempt is not None
    renewed = await customer.settle(await customer.report(renewal.attempt.payment_id), at=PERIOD_END)

    life = await customer.life(renewed)
    assert life.periods == [
        "2026-01-31 2026-02-15",
        "2026-02-15 2026-03-02",
        "2026-03-02 2026-04-01",
    ]
    assert life.balances["deferred_revenue"] == -1_631, "of the last period alone"


async def test_a_renewal_that_was_opened_ahead_makes_way(customer: Customer) -> None:
    first, code = await customer.start_and_pay(), await dear(customer)
    ahead = await customer.open_period(first, PERIOD_END - 3 * A_DAY)
    opened = await customer.change_plan(ahead, code, PERIOD_END - 2 * A_DAY)

    life = await customer.life(opened.state)
    assert life.invoices[1:] == [
        "subscription_cycle void 2026-03-02 2026-04-01",
        "subscription_update open 2026-02-28 2026-03-02",
    ]
    assert life.timeline[2:] == ["renewal_opened", "invoice_dropped", "plan_change_opened"]


async def test_scheduled_it_begins_with_the_next_period_at_its_price(card_holder: Customer) -> None:
    first, code = await card_holder.start_with_card(), await dear(card_holder)
    scheduled = (await card_holder.change_plan(first, code, when=When.PERIOD_END)).state
    assert (scheduled.plan, scheduled.scheduled_plan and scheduled.scheduled_plan.code) == (first.plan, code)

    billed = await card_holder.open_period(scheduled, PERIOD_END)
    renewed = await card_holder.collect(billed, PERIOD_END)

    assert (renewed.plan.code, renewed.scheduled_plan, renewed.price.cents) == (code, None, DEAR_CENTS)
    assert await plan_of_row(card_holder) == [(code, 1)]
    rows = await card_holder.rows("SELECT total_cents FROM invoices WHERE user_id = :user_id ORDER BY id")
    assert [row["total_cents"] for row in rows] == [1_990, DEAR_CENTS]


async def test_frozen_time_is_no_part_of_what_is_left(customer: Customer) -> None:
    """Ten days on ice: halfway through what is paid for, half of it is credited."""
    first, code = await customer.start_and_pay(), await dear(customer)
    until = IN_THE_PERIOD + 10 * A_DAY
    frozen = (await customer.record(pausing.freeze(first, until=until, at=IN_THE_PERIOD))).state
    thawed = (await customer.record(pausing.unfreeze(frozen, until), at=until)).state
    await customer.change_plan(thawed, code, HALFWAY + 10 * A_DAY)

    lines = await customer.rows(
        "SELECT l.kind, l.amount_cents FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id"
        " WHERE i.user_id = :user_id AND i.billing_reason = 'subscription_update' ORDER BY position"
    )
    assert [(line["kind"], line["amount_cents"]) for line in lines] == [
        ("proration_charge", 1_995),
        ("proration_credit", -995),
    ]


@pytest.mark.parametrize(
    ("amounts", "is_outdated"),
    [
        (Amounts(995, 1_995, 1_000), False),
        (Amounts(995, 1_995, 999), True),
        (Amounts(994, 1_994, 1_000), True),
    ],
)
async def test_a_quote_is_charged_exactly_or_not_at_all(
    customer: Customer, amounts: Amounts, *, is_outdated: bool
) -> None:
    """As of its instant, which is some minutes ago."""
    first, code = await customer.start_and_pay(), await dear(customer)
    quote = Quote(first.version, 1, When.NOW, HALFWAY, amounts)
    before = await everything_of(customer)

    if is_outdated:
        with pytest.raises(ApplicationError) as refused:
            await customer.change_plan(first, code, HALFWAY + timedelta(minutes=9), quote=quote)
        assert refused.value.type == RefusalCode.QUOTE_OUTDATED
        assert await everything_of(customer) == before
    else:
        opened = await customer.change_plan(first, code, HALFWAY + timedelta(minutes=9), quote=quote)
        assert opened.state.unpaid_invoice.changed_at == HALFWAY


async def test_a_gift_card_that_expires_after_the_quote_pays_as_quoted(customer: Customer) -> None:
    first, code = await customer.start_and_pay(), await dear(customer)
    _, code_hash = await customer.gift_card(300, expires_at=HALFWAY + timedelta(minutes=5))
    await customer.redeem(first, code_hash)
    quote = Quote(first.version, 1, When.NOW, HALFWAY, Amounts(995, 1_995, 700))

    await customer.change_plan(first, code, HALFWAY + timedelta(minutes=9), quote=quote)

    [_, change] = await customer.rows("SELECT gift_cents FROM invoices WHERE user_id = :user_id ORDER BY id")
    assert change["gift_cents"] == 300


async def test_a_quote_as_of_before_the_last_change_takes_nothing_away(card_holder: Customer) -> None:
    """What was paid for the plan in the middle is neither lost nor left out of the credit."""
    first, code = await card_holder.start_with_card(), await dear(card_holder)
    opened = await card_holder.change_plan(first, code, HALFWAY)
    changed = await card_holder.collect(opened.state, HALFWAY)
    before = await everything_of(card_holder)
    quote = Quote(
        changed.version, 1, When.NOW, HALFWAY - timedelta(minutes=3), Amounts(1_990, 17_990, 16_000)
    )

    with pytest.raises(ApplicationError) as refused:
        await card_holder.change_plan(
            changed, "P1Y", HALFWAY + timedelta(minutes=9), quote=quote, command_id="back-dated"
        )

    assert refused.value.type == RefusalCode.PLAN_CHANGE_NOT_POSSIBLE
    assert await everything_of(card_holder) == before
    assert "paid_time_is_missing" not in await violations_of_books(card_holder.database)


@pytest.mark.parametrize(
    ("plan_code", "at", "code"),
    [
        ("P99Y", IN_THE_PERIOD, RefusalCode.PLAN_NOT_FOUND),
        ("P30D", IN_THE_PERIOD, RefusalCode.PLAN_UNCHANGED),
        ("P1Y", PERIOD_END, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        ("P1Y", STARTED_AT - A_DAY, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
    ],
)
async def test_what_is_refused_writes_nothing(
    customer: Customer, plan_code: str, at: object, code: RefusalCode
) -> None:
    first = await customer.start_and_pay()
    before = await everything_of(customer)

    with pytest.raises(ApplicationError) as refused:
        await customer.change_plan(first, plan_code, at)  # type: ignore[arg-type]  # instants all

    assert (refused.value.type, refused.value.non_retryable) == (code, True)
    assert await everything_of(customer) == before
    assert first.started_at < PAID_AT
