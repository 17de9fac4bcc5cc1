"""A charge that the customer has to confirm: waited for, given up, or withdrawn."""

import pytest

from domain.collecting import AttemptStage
from domain.ending import cancel
from domain.subscription import Status, SubscriptionState
from tests.activities.customer import A_DAY, PERIOD_END, Customer
from tests.activities.everything import everything_of, rows_of

LATER = PERIOD_END + A_DAY


async def waiting(customer: Customer) -> SubscriptionState:
    state = await customer.collect(await customer.renewal_by_card("3ds"), PERIOD_END)
    assert state.attempt is not None
    assert state.attempt.stage is AttemptStage.PENDING
    return state


async def decide(customer: Customer, outcome: str) -> None:
    """What the customer does at the provider."""
    assert customer.psp is not None
    _, payment, *_ = await rows_of(customer, "payments")
    await customer.psp.complete_action(payment["reference"], outcome)


async def canceled(customer: Customer) -> SubscriptionState:
    change = cancel(await waiting(customer), at_period_end=False, at=LATER)
    return (await customer.record(change, at=LATER)).state


async def test_it_waits_with_its_address(card_holder: Customer) -> None:
    state = await waiting(card_holder)

    assert state.status is Status.ACTIVE
    life = await card_holder.life(state)
    assert (life.payments[-1], life.timeline[-1]) == ("1 sandbox pending", "payment_pending")
    _, payment = await rows_of(card_holder, "payments")
    assert payment["action_url"].startswith("http")
    [row] = await rows_of(card_holder, "subscriptions")
    assert (row["next_action"], row["payment_in_progress"]) == ("look_up_payment", False)


async def test_still_waiting_when_asked_again(card_holder: Customer) -> None:
    state = await waiting(card_holder)
    told = (await card_holder.life(state)).timeline

    looked = await card_holder.look_up(state, LATER)

    assert looked.attempt is not None
    assert (await card_holder.life(looked)).timeline == told
    assert (looked.attempt.stage, looked.attempt.look_ups) == (AttemptStage.PENDING, 1)


@pytest.mark.parametrize(
    ("outcome", "status", "payment"),
    [
        ("succeeded", "active", "1 sandbox succeeded"),
        ("failed", "past_due", "1 sandbox failed authentication_failed"),
    ],
)
async def test_what_the_customer_decides_is_found_out(
    card_holder: Customer, outcome: str, status: str, payment: str
) -> None:
    state = await waiting(card_holder)
    await decide(card_holder, outcome)

    life = await card_holder.life(await card_holder.look_up(state, LATER))

    assert (life.status, life.payments[-1]) == (status, payment)


async def test_who_never_decides_has_declined(card_holder: Customer) -> None:
    state = await card_holder.look_up(await waiting(card_holder), LATER, gives_up=True)

    life = await card_holder.life(state)
    assert (life.status, life.payments[-1]) == ("past_due", "1 sandbox failed authentication_expired")
    assert await card_holder.charges(state) == ["canceled"]


async def test_nobody_waits_for_it_after_a_cancellation(card_holder: Customer) -> None:
    state = await canceled(card_holder)
    assert not state.is_finished

    settled = await card_holder.withdraw_payment(state, LATER)

    assert (settled.state.is_finished, settled.unsent_refund_ids) == (True, ())
    assert await card_holder.charges(state) == ["canceled"]
    life = await card_holder.life(state)
    assert (life.invoices[-1], life.payments[-1]) == (
        "subscription_cycle void 2026-03-02 2026-04-01",
        "1 sandbox failed invoice_voided",
    )
    written = await everything_of(card_holder)
    assert await card_holder.withdraw_payment(state, LATER) == settled
    assert await everything_of(card_holder) == written


async def test_who_confirms_just_before_gets_the_money_back(card_holder: Customer) -> None:
    state = await canceled(card_holder)
    await decide(card_holder, "succeeded")

    first = await card_holder.withdraw_payment(state, LATER)
    again = await card_holder.withdraw_payment(state, LATER)

    assert first == again
    assert len(first.unsent_refund_ids) == 1
    life = await card_holder.life(state)
    assert (life.status, life.payments[-1]) == ("canceled", "1 sandbox succeeded")
    assert life.refunds == ["late_payment created 1990"]
    assert life.timeline[-3:] == ["canceled", "late_payment_received", "refund_opened"]
    assert life.balances == {
        "cash_at_provider": 3_980,
        "unapplied_cash": -1_990,
        "revenue": -1_631,
        "vat_payable": -359,
    }


async def test_a_new_attempt_takes_its_place(card_holder: Customer) -> None:
    state = await waiting(card_holder)
    retried = await card_holder.open_attempt(
        state, LATER, method_id=await card_holder.card(), is_automatic=False
    )
    assert (await card_holder.life(retried)).payments[1:] == [
        "1 sandbox failed replaced",
        "2 sandbox created",
    ]

    told = (await card_holder.withdraw_payment(retried, LATER)).state
    renewed = await card_holder.collect(told, LATER)

    assert (renewed.status, renewed.period.start) == (Status.ACTIVE, PERIOD_END)
    assert await card_holder.charges(renewed) == ["canceled", "succeeded"]


async def test_the_one_that_was_replaced_pays_when_it_is_confirmed_first(card_holder: Customer) -> None:
    state = await waiting(card_holder)
    retried = await card_holder.open_attempt(
        state, LATER, method_id=await card_holder.card(), is_automatic=False
    )
    await decide(card_holder, "succeeded")

    renewed = (await card_holder.withdraw_payment(retried, LATER)).state

    assert (renewed.status, renewed.period.start) == (Status.ACTIVE, PERIOD_END)
    assert (await card_holder.life(renewed)).payments[1:] == [
        "1 sandbox succeeded",
        "2 sandbox failed replaced",
    ]
    assert await card_holder.collect(retried, LATER) == renewed
    assert await card_holder.charges(renewed) == ["succeeded"]
