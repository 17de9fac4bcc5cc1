"""A withdrawal ends it, and gives back what was paid: all of it, or what was not used."""

from datetime import timedelta

import pytest

from domain.ending import cancel, withdraw
from domain.refund import WithdrawalRule
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell

AT = STARTED_AT + timedelta(days=10)
EARNED = {"cash_at_provider": 1_990, "revenue": -1_631, "vat_payable": -359}


@pytest.mark.parametrize(("rule", "cents"), [(WithdrawalRule.FULL, 1_990), (WithdrawalRule.PRORATED, 1_327)])
async def test_what_goes_back(customer: Customer, rule: WithdrawalRule, cents: int) -> None:
    paid = await customer.start_and_pay()

    recorded = await customer.record(withdraw(paid, AT), at=AT, withdrawal=rule)

    assert len(recorded.unsent_refund_ids) == 1
    life = await customer.life(paid)
    assert (life.status, life.refunds) == ("canceled", [f"withdrawal created {cents}"])
    assert (life.balances, life.timeline[-2:]) == (EARNED, ["withdrawn", "refund_opened"])
    assert (life.periods, life.reminders) == (["2026-01-31 2026-02-10"], [])
    [refund] = await rows_of(customer, "refunds")
    [payment] = await rows_of(customer, "payments")
    assert (refund["key"], refund["actor"], refund["created_at"]) == (
        f"payment:{payment['id']}:withdrawal",
        f"user:{customer.user_id}",
        AT,
    )
    *_, opened = await rows_of(customer, "timeline")
    assert opened["actor"] == f"user:{customer.user_id}"
    assert opened["details"] == {
        "refund_id": recorded.unsent_refund_ids[0],
        "payment_id": payment["id"],
        "amount_cents": cents,
        "currency": "EUR",
    }


async def test_a_second_call_gives_nothing_more_back(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    change = withdraw(paid, AT)
    first = await customer.record(change, at=AT)
    written = await everything_of(customer)

    assert await customer.record(change, at=AT) == first
    assert await everything_of(customer) == written


async def test_what_was_never_paid_is_not_given_back(customer: Customer) -> None:
    opened = await customer.start()

    recorded = await customer.record(withdraw(opened.state, AT), at=AT)

    life = await customer.life(opened.state)
    assert (recorded.unsent_refund_ids, life.refunds) == ((), [])
    assert (life.invoices, life.balances) == (["subscription_create void 2026-01-31 2026-03-02"], {})


async def paid_ahead(customer: Customer) -> SubscriptionState:
    """In the second week of a week's plan: the first is over, the third is paid before it begins."""
    state = await customer.start_and_pay(await sell(customer.database, period_iso="P7D"))
    for at in (state.paid_until, state.paid_until + 4 * A_DAY):
        billed = await customer.open_period(state, at)
        assert billed.attempt is not None
        state = await customer.settle(await customer.report(billed.attempt.payment_id), at=at)
    return state


@pytest.mark.parametrize(
    ("rule", "refunds"),
    [
        (WithdrawalRule.FULL, ["withdrawal created 1990"] * 3),
        # Two of the second week's days are left.
        (WithdrawalRule.PRORATED, ["withdrawal created 569", "withdrawal created 1990"]),
    ],
)
async def test_only_time_that_is_over_was_used(
    customer: Customer, rule: WithdrawalRule, refunds: list[str]
) -> None:
    state = await paid_ahead(customer)
    assert state.paid_ahead is not None
    at = STARTED_AT + 12 * A_DAY

    await customer.record(withdraw(state, at), at=at, withdrawal=rule)

    assert (await customer.life(state)).refunds == refunds


async def test_a_cancellation_gives_nothing_back(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    recorded = await customer.record(cancel(paid, at_period_end=False, at=AT), at=AT)

    assert recorded.unsent_refund_ids == ()
    assert PERIOD_END > AT
