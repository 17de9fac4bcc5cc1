"""What is not paid in time: attempts with keys of their own, their end, and money that comes after all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.ending import cancel, give_up
from domain.payment import ReportedStatus
from domain.renewing import fall_due, leave_unpaid, remind_unpaid
from domain.subscription import Status, SubscriptionState
from tests.activities.customer import A_DAY, Customer, payment_under_way
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell

EARNED = {"cash_at_provider": 1_990, "revenue": -1_631, "vat_payable": -359}
OWED_TOO = EARNED | {"receivable": 1_990, "deferred_revenue": -1_631, "vat_payable": -718}
PAID_TOO = EARNED | {"cash_at_provider": 3_980, "deferred_revenue": -1_631, "vat_payable": -718}


async def fallen_due(customer: Customer, final_action: str = "cancel") -> SubscriptionState:
    """A monthly renewal that nobody paid: without a stored method, on the day it begins."""
    plan_code = await sell(customer.database, final_action=final_action)
    paid = await customer.start_and_pay(plan_code)
    ends_at = paid.period.end
    opened = await customer.open_period(paid, ends_at - 3 * A_DAY)
    return (await customer.record(fall_due(opened, ends_at), at=ends_at)).state


async def declined_by_card(customer: Customer) -> SubscriptionState:
    """The same for who has a card without money."""
    plan_code = await sell(customer.database)
    billed = await customer.renewal_by_card("insufficient_funds", plan_code)
    return await customer.collect(billed, billed.period.end)


async def test_what_falls_due_has_its_last_period_earned(customer: Customer) -> None:
    state = await fallen_due(customer)

    life = await customer.life(state)
    assert (life.status, life.payments) == ("past_due", ["1 mock succeeded", "1 mock pending"])
    assert (life.balances, life.timeline[-1]) == (OWED_TOO, "fell_due")
    assert life.reminders == ["renewal.upcoming 2026-02-25"]
    [row] = await rows_of(customer, "subscriptions")
    assert row["access_until"] == state.period.end + timedelta(days=7)
    [*_, entry] = await rows_of(customer, "timeline")
    assert entry["details"]["policy_version"] == 1


async def test_a_retry_has_a_number_and_a_key_of_its_own(card_holder: Customer) -> None:
    state = await declined_by_card(card_holder)
    at = state.period.end + 2 * A_DAY

    retried = await card_holder.open_attempt(state, at, method_id=state.payment_method_id)

    *_, first, second = await rows_of(card_holder, "payments")
    assert second | {"status": "x"} == first | {
        "id": payment_under_way(retried),
        "attempt_no": 2,
        "dunning_attempt": 1,
        "idempotency_key": f"invoice:{first['invoice_id']}:attempt:2",
        "created_at": at,
        "settled_at": None,
        "reference": None,
        "failure_code": None,
        "status": "x",
    }
    assert (second["status"], retried.dunning_case.retries_made) == ("created", 1)
    declined = await card_holder.collect(retried, at)
    assert declined.status is Status.PAST_DUE
    assert await card_holder.charges(declined) == ["failed", "failed"]


async def test_a_second_call_allocates_nothing_more(card_holder: Customer) -> None:
    state = await declined_by_card(card_holder)
    retried = await card_holder.open_attempt(
        state, state.period.end + A_DAY, method_id=state.payment_method_id
    )
    written = await everything_of(card_holder)

    again = await card_holder.open_attempt(state, state.period.end + 2 * A_DAY, method_id=None)

    assert again == retried
    assert await everything_of(card_holder) == written


async def test_an_attempt_that_a_person_asked_for_spends_no_retry(card_holder: Customer) -> None:
    state = await declined_by_card(card_holder)

    asked = await card_holder.open_attempt(
        state,
        state.period.end + A_DAY,
        method_id=await card_holder.card(),
        is_automatic=False,
        command_id="pay",
    )

    assert (asked.dunning_case.retries_made, asked.remembers("pay")) == (0, True)
    life = await card_holder.life(asked)
    assert (life.payments[-1], life.timeline[-1]) == ("2 sandbox created", "payment_requested")
    recovered = await card_holder.collect(asked, state.period.end + A_DAY)
    life = await card_holder.life(recovered)
    assert (life.status, life.timeline[-1], life.balances) == ("active", "recovered", PAID_TOO)
    assert life.periods == ["2026-01-31 2026-02-28", "2026-02-28 2026-03-31"]
    assert life.reminders[-1] == "renewal.upcoming 2026-03-28"


async def test_a_reminder_instead_of_a_charge(customer: Customer) -> None:
    state = await fallen_due(customer)
    at = state.period.end + 2 * A_DAY

    reminded = await customer.record(remind_unpaid(state, at), at=at)

    life = await customer.life(reminded.state)
    assert life.reminders == ["renewal.upcoming 2026-02-25", "invoice.payment_reminder 2026-03-02"]
    fell_due, told = (await rows_of(customer, "timeline"))[-2:]
    assert (fell_due["event"], told["event"]) == ("fell_due", "payment_reminded")
    about = {"invoice_id": state.unpaid_invoice.invoice_id, "amount_cents": 1_990, "currency": "EUR"}
    assert (fell_due["details"], told["details"]) == ({**about, "policy_version": 1}, about)


async def test_money_that_comes_in_time_recovers(customer: Customer) -> None:
    state = await fallen_due(customer)
    report_id = await customer.report(payment_under_way(state))

    recovered = await customer.settle(report_id, at=state.period.end + 5 * A_DAY)

    assert (recovered.status, recovered.period) == (Status.ACTIVE, state.unpaid_invoice.period)
    life = await customer.life(recovered)
    assert (life.timeline[-1], life.balances) == ("recovered", PAID_TOO)
    assert life.periods == ["2026-01-31 2026-02-28", "2026-02-28 2026-03-31"]


async def test_given_up_it_is_a_loss(customer: Customer) -> None:
    state = await fallen_due(customer)
    at = state.period.end + 7 * A_DAY

    ended = await customer.record(give_up(state, at), at=at)

    life = await customer.life(ended.state)
    assert life.status == "canceled"
    assert life.invoices[-1] == "subscription_cycle uncollectible 2026-02-28 2026-03-31"
    assert life.payments[-1] == "1 mock failed invoice_written_off"
    assert life.balances == EARNED | {"revenue": -3_262, "bad_debt": 1_631}
    assert life.timeline[-1] == "uncollected"
    _, invoice = await rows_of(customer, "invoices")
    assert (invoice["written_off_at"], invoice["voided_at"]) == (at, None)


@pytest.mark.parametrize("end", ["voided", "written_off"])
async def test_money_after_the_end_goes_back_once(customer: Customer, end: str) -> None:
    state = await fallen_due(customer)
    payment_id, at = payment_under_way(state), state.period.end + 7 * A_DAY
    change = give_up(state, at) if end == "written_off" else cancel(state, at_period_end=False, at=at)
    ended = (await customer.record(change, at=at)).state
    before = await customer.life(ended)

    first = await customer.settle_whole(await customer.report(payment_id), at=at + A_DAY)
    second = await customer.settle_whole(await customer.report(payment_id), at=at + 2 * A_DAY)

    assert first == second
    assert (first.state, len(first.unsent_refund_ids)) == (ended, 1)
    balances = before.balances | {"cash_at_provider": 3_980, "unapplied_cash": -1_990}
    assert await customer.life(ended) == replace(
        before,
        payments=["1 mock succeeded", "1 mock succeeded"],
        refunds=["late_payment created 1990"],
        balances=balances,
        timeline=[*before.timeline, "late_payment_received", "refund_opened"],
    )
    [refund] = await rows_of(customer, "refunds")
    assert refund["key"] == f"payment:{payment_id}:late_payment"


async def test_money_for_what_was_left_unpaid_begins_anew(customer: Customer) -> None:
    state = await fallen_due(customer, final_action="unpaid")
    left = (await customer.record(leave_unpaid(state), at=state.period.end + 7 * A_DAY)).state
    assert (await customer.life(left)).balances == OWED_TOO
    at = state.period.end + 40 * A_DAY

    begun = await customer.settle(await customer.report(payment_under_way(state)), at=at)

    assert (begun.status, begun.period.start, begun.period_index) == (Status.ACTIVE, at, 0)
    life = await customer.life(begun)
    assert life.periods == ["2026-01-31 2026-02-28", "2026-04-09 2026-05-09"]
    assert (life.timeline[-1], life.balances) == ("reactivated", PAID_TOO)
    renewed = await customer.open_period(begun, begun.period.end)
    assert renewed.unpaid_invoice.period.start == begun.period.end


async def test_paid_by_two_attempts_the_second_is_the_customers(customer: Customer) -> None:
    state = await fallen_due(customer)
    first_id, at = payment_under_way(state), state.period.end + A_DAY
    asked = await customer.open_attempt(state, at, is_automatic=False)

    paid = await customer.settle(await customer.report(payment_under_way(asked)), at=at)
    settled = await customer.settle_whole(await customer.report(first_id), at=at + A_DAY)

    assert (settled.state, settled.unsent_refund_ids) == (paid, ())
    life = await customer.life(paid)
    assert life.payments == ["1 mock succeeded", "1 mock succeeded", "2 mock succeeded"]
    assert life.balances == PAID_TOO | {"cash_at_provider": 5_970, "customer_balance": -1_990}
    assert (life.timeline[-1], life.refunds) == ("paid_twice", [])


async def test_a_failure_of_another_attempt_never_reopens_what_is_paid(customer: Customer) -> None:
    state = await fallen_due(customer)
    first_id, at = payment_under_way(state), state.period.end + A_DAY
    asked = await customer.open_attempt(state, at, is_automatic=False)
    paid = await customer.settle(await customer.report(payment_under_way(asked)), at=at)
    before = await customer.life(paid)

    assert await customer.settle(await customer.report(first_id, ReportedStatus.FAILED), at=at) == paid
    assert await customer.life(paid) == before
