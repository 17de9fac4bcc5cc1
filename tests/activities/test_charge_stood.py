"""What ends while a charge is with its provider: the charge stands, or there was none."""

from datetime import timedelta

import pytest

from domain.ending import cancel
from domain.subscription import Status, SubscriptionState
from payments.provider import OutcomeUnknownError
from tests.activities.customer import PERIOD_END, Customer
from tests.activities.everything import rows_of

AN_HOUR_LATER = PERIOD_END + timedelta(hours=1)


async def canceled_while_charging(customer: Customer, kind: str) -> SubscriptionState:
    billed = await customer.renewal_by_card(kind)
    with pytest.raises(OutcomeUnknownError):
        await customer.collect(billed, PERIOD_END)
    charging = await customer.load(billed.subscription_id)
    change = cancel(charging, at_period_end=False, at=AN_HOUR_LATER)
    canceled = (await customer.record(change, at=AN_HOUR_LATER)).state
    assert (canceled.status, canceled.is_finished) == (Status.CANCELED, False)
    assert (await customer.life(canceled)).invoices[-1] == "subscription_cycle open 2026-03-02 2026-04-01"
    return canceled


async def test_the_charge_stands_for_the_time_until_the_end(card_holder: Customer) -> None:
    canceled = await canceled_while_charging(card_holder, "answer_lost")

    state = await card_holder.collect(canceled, AN_HOUR_LATER)

    assert (state.status, state.is_finished) == (Status.CANCELED, True)
    life = await card_holder.life(state)
    assert life.invoices[-1] == "subscription_cycle paid 2026-03-02 2026-04-01"
    assert life.timeline[-2:] == ["canceled", "charge_stood"]
    assert life.balances == {"cash_at_provider": 3_980, "revenue": -3_262, "vat_payable": -718}
    assert life.refunds == []
    *_, period = await rows_of(card_holder, "periods")
    assert (period["starts_at"], period["ends_at"]) == (PERIOD_END, AN_HOUR_LATER)


async def test_a_decline_leaves_nothing_owed(card_holder: Customer) -> None:
    canceled = await canceled_while_charging(card_holder, "answer_lost_declined")

    state = await card_holder.collect(canceled, AN_HOUR_LATER)

    assert state.is_finished
    life = await card_holder.life(state)
    assert life.invoices[-1] == "subscription_cycle void 2026-03-02 2026-04-01"
    assert life.payments[-1] == "1 sandbox failed insufficient_funds"
    assert life.balances == {"cash_at_provider": 1_990, "revenue": -1_631, "vat_payable": -359}


async def test_before_it_was_sent_the_cancellation_wins(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("ok")
    change = cancel(billed, at_period_end=False, at=PERIOD_END)
    canceled = (await card_holder.record(change, at=PERIOD_END)).state

    assert await card_holder.collect(billed, PERIOD_END) == canceled
    assert await card_holder.charges(canceled) == []
    assert (await card_holder.life(canceled)).payments[-1] == "1 sandbox failed invoice_voided"
