"""A start with a stored payment method, and one on trial."""

from datetime import timedelta

from domain.collecting import AttemptStage
from domain.ending import cancel
from domain.subscription import Status
from tests.activities.customer import A_DAY, PAID_AT, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.life import LifeBooks
from tests.activities.plans import sell

OPEN = {"receivable": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}
TRIAL_DAYS = 14


async def test_a_start_with_a_method_is_ready_to_be_charged(customer: Customer) -> None:
    method_id = await customer.card()
    opened = await customer.start(method_id=method_id)

    assert (opened.answer.payment_status, opened.answer.provider) == ("pending", "sandbox")
    assert opened.state.attempt is not None
    assert (opened.state.attempt.stage, opened.state.attempt.method_id) == (AttemptStage.DUE, method_id)
    [row] = await rows_of(customer, "subscriptions")
    assert (row["payment_method_id"], row["next_action"], row["next_action_at"]) == (
        method_id,
        "collect",
        STARTED_AT,
    )
    assert await customer.life(opened.state) == LifeBooks(
        status="incomplete",
        invoices=["subscription_create open 2026-01-31 2026-03-02"],
        payments=["1 sandbox created"],
        periods=[],
        refunds=[],
        reminders=[],
        balances=OPEN,
        timeline=["opened"],
    )


async def test_a_paid_start_is_renewed_at_its_end(card_holder: Customer) -> None:
    state = await card_holder.start_with_card()

    [row] = await rows_of(card_holder, "subscriptions")
    assert (row["next_action"], row["next_action_at"]) == ("renew", PERIOD_END)
    assert await card_holder.life(state) == LifeBooks(
        status="active",
        invoices=["subscription_create paid 2026-01-31 2026-03-02"],
        payments=["1 sandbox succeeded"],
        periods=["2026-01-31 2026-03-02"],
        refunds=[],
        reminders=["renewal.upcoming 2026-02-27"],
        balances={"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359},
        timeline=["opened", "activated"],
    )
    assert await card_holder.charges(state) == ["succeeded"]


async def test_a_trial_bills_nothing(customer: Customer) -> None:
    plan_code = await sell(customer.database, trial_days=TRIAL_DAYS)
    opened = await customer.start(plan_code, key="one")
    ends_at = STARTED_AT + TRIAL_DAYS * A_DAY

    assert (opened.state.status, opened.state.period.end) == (Status.TRIALING, ends_at)
    assert (opened.answer.invoice_id, opened.answer.payment_id) == (None, None)
    assert (opened.answer.amount_cents, opened.answer.payment_status) == (0, "not_required")
    assert (opened.answer.status, opened.answer.provider) == ("trialing", None)
    assert await customer.life(opened.state) == LifeBooks(
        status="trialing",
        invoices=[],
        payments=[],
        periods=[],
        refunds=[],
        reminders=["renewal.upcoming 2026-02-11"],
        balances={},
        timeline=["trial_started"],
    )
    [row] = await rows_of(customer, "subscriptions")
    assert (row["trial_ends_at"], row["access_until"]) == (ends_at, ends_at + timedelta(days=7))
    assert (row["next_action"], row["next_action_at"]) == ("open_renewal", ends_at - timedelta(days=3))

    written = await everything_of(customer)
    assert await customer.start(plan_code, key="one") == opened
    assert await everything_of(customer) == written


async def test_a_trial_that_is_paid_ahead_begins_its_first_period_at_its_end(card_holder: Customer) -> None:
    plan_code = await sell(card_holder.database, trial_days=TRIAL_DAYS)
    trial = (await card_holder.start(plan_code, method_id=await card_holder.card())).state

    billed = await card_holder.open_period(trial, trial.period.end)
    state = await card_holder.collect(billed, trial.period.end)

    assert (state.status, state.period.start) == (Status.ACTIVE, trial.period.end)
    assert await card_holder.life(state) == LifeBooks(
        status="active",
        invoices=["subscription_cycle paid 2026-02-14 2026-03-14"],
        payments=["1 sandbox succeeded"],
        periods=["2026-02-14 2026-03-14"],
        refunds=[],
        reminders=["renewal.upcoming 2026-02-11", "renewal.upcoming 2026-03-11"],
        balances={"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359},
        timeline=["trial_started", "renewal_opened", "renewed"],
    )


async def test_a_user_has_one_trial(customer: Customer) -> None:
    plan_code = await sell(customer.database, trial_days=TRIAL_DAYS)
    trial = (await customer.start(plan_code)).state
    await customer.record(cancel(trial, at_period_end=False, at=PAID_AT), at=PAID_AT)

    second = await customer.start(plan_code)

    assert (second.state.status, second.answer.amount_cents) == (Status.INCOMPLETE, 1_990)
