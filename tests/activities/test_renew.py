"""The next period is billed once, at the dates that it has, on the terms of the day."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from domain.collecting import AttemptStage
from domain.ending import cancel, uncancel
from domain.renewing import begin_paid_period
from domain.subscription import Status
from tests.activities.customer import A_DAY, PERIOD_END, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.life import LifeBooks
from tests.activities.plans import dun_otherwise, sell

NEXT_END = PERIOD_END + timedelta(days=30)
REMINDED_AT = PERIOD_END - timedelta(days=3)
BILLED = LifeBooks(
    status="active",
    invoices=[
        "subscription_create paid 2026-01-31 2026-03-02",
        "subscription_cycle open 2026-03-02 2026-04-01",
    ],
    payments=["1 sandbox succeeded", "1 sandbox created"],
    periods=["2026-01-31 2026-03-02"],
    refunds=[],
    reminders=["renewal.upcoming 2026-02-27"],
    balances={
        "cash_at_provider": 1_990,
        "receivable": 1_990,
        "deferred_revenue": -3_262,
        "vat_payable": -718,
    },
    timeline=["opened", "activated", "renewal_opened"],
)


async def test_a_renewal_is_billed_and_then_paid(card_holder: Customer) -> None:
    first = await card_holder.start_with_card()

    billed = await card_holder.open_period(first, PERIOD_END)
    assert (billed.status, billed.period) == (Status.ACTIVE, first.period)
    assert await card_holder.life(billed) == BILLED

    renewed = await card_holder.collect(billed, PERIOD_END)
    assert (renewed.status, renewed.period_index) == (Status.ACTIVE, 1)
    assert (renewed.period.start, renewed.period.end) == (PERIOD_END, NEXT_END)
    assert await card_holder.life(renewed) == replace(
        BILLED,
        invoices=[BILLED.invoices[0], "subscription_cycle paid 2026-03-02 2026-04-01"],
        payments=["1 sandbox succeeded"] * 2,
        periods=["2026-01-31 2026-03-02", "2026-03-02 2026-04-01"],
        reminders=["renewal.upcoming 2026-02-27", "renewal.upcoming 2026-03-29"],
        balances={
            "cash_at_provider": 3_980,
            "revenue": -1_631,
            "deferred_revenue": -1_631,
            "vat_payable": -718,
        },
        timeline=[*BILLED.timeline, "renewed"],
    )
    assert card_holder.psp is not None
    charges = await card_holder.psp.charges(renewed.subscription_id)
    assert [charge["status"] for charge in charges] == ["succeeded"] * 2
    assert [row["reference"] for row in await rows_of(card_holder, "payments")] == [
        charge["id"] for charge in charges
    ]


async def test_a_second_call_opens_nothing_more(card_holder: Customer) -> None:
    first = await card_holder.start_with_card()
    billed = await card_holder.open_period(first, PERIOD_END)
    written = await everything_of(card_holder)

    assert await card_holder.open_period(first, PERIOD_END + A_DAY) == billed
    assert await everything_of(card_holder) == written

    renewed = await card_holder.collect(billed, PERIOD_END)
    written = await everything_of(card_holder)
    assert await card_holder.open_period(first, PERIOD_END) == renewed
    assert await card_holder.open_period(billed, PERIOD_END) == renewed
    assert await everything_of(card_holder) == written


async def test_five_at_once_open_one(card_holder: Customer) -> None:
    first = await card_holder.start_with_card()

    states = await asyncio.gather(*(card_holder.open_period(first, PERIOD_END) for _ in range(5)))

    assert all(state == states[0] for state in states)
    assert await card_holder.life(first) == BILLED


async def test_periods_that_wholly_elapsed_are_skipped_and_never_billed(card_holder: Customer) -> None:
    first = await card_holder.start_with_card()
    very_late = PERIOD_END + timedelta(days=70)

    billed = await card_holder.open_period(first, very_late)
    renewed = await card_holder.collect(billed, very_late)

    life = await card_holder.life(renewed)
    assert life.invoices[1:] == ["subscription_cycle paid 2026-05-01 2026-05-31"]
    assert life.periods == ["2026-01-31 2026-03-02", "2026-05-01 2026-05-31"]
    assert renewed.period_index == 3
    opened = (await rows_of(card_holder, "timeline"))[2]
    assert opened["details"] == {
        "invoice_id": billed.unpaid_invoice.invoice_id,
        "skipped_periods": 2,
        "amount_cents": 1_990,
        "currency": "EUR",
    }


async def test_the_newest_policy_is_pinned_when_the_invoice_is_opened(customer: Customer) -> None:
    plan_code = await sell(customer.database, retry_days=[2, 7])
    state = await customer.start_and_pay(plan_code)
    await dun_otherwise(customer.database, plan_code, retry_days=[1, 3, 5])

    billed = await customer.open_period(state, state.period.end - 3 * A_DAY)

    policy = billed.unpaid_invoice.policy
    assert (policy.version, policy.retry_days) == (2, (1, 3, 5))
    assert state.plan == billed.plan


async def test_without_a_method_it_is_opened_ahead_and_paid_ahead(customer: Customer) -> None:
    first = await customer.start_and_pay()
    billed = await customer.open_period(first, REMINDED_AT)
    assert billed.attempt is not None
    assert (billed.attempt.stage, billed.attempt.method_id) == (AttemptStage.PENDING, None)

    ahead = await customer.settle(await customer.report(billed.attempt.payment_id), at=REMINDED_AT + A_DAY)
    assert ahead.paid_until == NEXT_END
    paid_ahead = LifeBooks(
        status="active",
        invoices=[BILLED.invoices[0], "subscription_cycle paid 2026-03-02 2026-04-01"],
        payments=["1 mock succeeded"] * 2,
        periods=["2026-01-31 2026-03-02", "2026-03-02 2026-04-01"],
        refunds=[],
        reminders=["renewal.upcoming 2026-02-27", "renewal.upcoming 2026-03-29"],
        balances={"cash_at_provider": 3_980, "deferred_revenue": -3_262, "vat_payable": -718},
        timeline=["opened", "activated", "renewal_opened", "renewal_paid_ahead"],
    )
    assert await customer.life(ahead) == paid_ahead

    begun = await customer.record(begin_paid_period(ahead), at=PERIOD_END)
    assert begun.state.period == ahead.paid_ahead.period if ahead.paid_ahead else None
    assert await customer.life(begun.state) == replace(
        paid_ahead,
        balances={
            "cash_at_provider": 3_980,
            "revenue": -1_631,
            "deferred_revenue": -1_631,
            "vat_payable": -718,
        },
        timeline=[*paid_ahead.timeline, "period_begun"],
    )


async def test_an_invoice_for_a_period_is_opened_anew_after_it_was_voided(customer: Customer) -> None:
    first = await customer.start_and_pay()
    billed = await customer.open_period(first, REMINDED_AT)
    canceling = await customer.record(cancel(billed, at_period_end=True, at=REMINDED_AT), at=REMINDED_AT)
    kept = await customer.record(uncancel(canceling.state), at=REMINDED_AT)

    again = await customer.open_period(kept.state, REMINDED_AT)

    life = await customer.life(again)
    assert life.invoices[1:] == [
        "subscription_cycle void 2026-03-02 2026-04-01",
        "subscription_cycle open 2026-03-02 2026-04-01",
    ]
    assert life.payments == ["1 mock succeeded", "1 mock failed invoice_voided", "1 mock pending"]
    assert life.timeline[2:] == ["renewal_opened", "cancel_scheduled", "cancel_withdrawn", "renewal_opened"]
