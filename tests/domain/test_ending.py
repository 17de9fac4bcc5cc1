"""What each way to end does to the whole state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import ending
from domain.collecting import AttemptStage
from domain.lifecycle import Change, Event
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CARD,
    CHARGING,
    CONFIRMING,
    DAY,
    EXPIRED,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    MOMENT,
    MONTHLY,
    OPEN_INVOICE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    SCHEDULED,
    SECOND_PERIOD,
    TRIALING,
    UNPAID,
    attempt,
    instant,
    trying,
)

LATER = IN_THE_PERIOD + 3 * DAY
WITHDRAWAL_ENDS_AT = instant("2026-02-15T00:00")


def ended(state: SubscriptionState, at: datetime, canceled_at: datetime | None) -> SubscriptionState:
    """Canceled, with nothing left open."""
    return replace(
        state,
        version=state.version + 1,
        status=Status.CANCELED,
        open_invoice=None,
        paid_ahead=None,
        dunning=None,
        freeze=None,
        cancel_at_period_end=False,
        canceled_at=canceled_at,
        ended_at=at,
    )


def test_an_unpaid_start_is_given_up_with_its_invoice() -> None:
    assert ending.expire(INCOMPLETE, INCOMPLETE.expires_at) == Change(
        EXPIRED, Event.EXPIRED, voids_invoice_id=OPEN_INVOICE, details={"invoice_id": OPEN_INVOICE}
    )


@pytest.mark.parametrize("at_period_end", [True, False])
@pytest.mark.parametrize("state", [INCOMPLETE, PAST_DUE, UNPAID])
def test_what_is_not_paid_for_is_canceled_at_once(state: SubscriptionState, *, at_period_end: bool) -> None:
    assert ending.cancel(state, at_period_end=at_period_end, at=LATER) == Change(
        ended(state, LATER, LATER),
        Event.CANCELED,
        voids_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE},
    )


@pytest.mark.parametrize("state", [ACTIVE, TRIALING, FROZEN, PAID_AHEAD, CHARGING])
def test_a_cancellation_at_the_periods_end_is_only_noted(state: SubscriptionState) -> None:
    assert ending.cancel(state, at_period_end=True, at=LATER) == Change(
        replace(state, version=state.version + 1, cancel_at_period_end=True, canceled_at=LATER),
        Event.CANCEL_SCHEDULED,
    )


def test_a_cancellation_at_the_periods_end_voids_what_was_opened_ahead() -> None:
    assert ending.cancel(OPENED_AHEAD, at_period_end=True, at=LATER) == Change(
        replace(CANCELING, version=4, canceled_at=LATER),
        Event.CANCEL_SCHEDULED,
        voids_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE},
    )


@pytest.mark.parametrize("state", [ACTIVE, TRIALING, FROZEN, PAID_AHEAD])
def test_a_cancellation_now_ends_it(state: SubscriptionState) -> None:
    assert ending.cancel(state, at_period_end=False, at=LATER) == Change(
        ended(state, LATER, LATER), Event.CANCELED
    )


def test_what_was_to_follow_ends_with_it() -> None:
    """Nobody is told of a plan, or of a price, of a period that never comes."""
    state = replace(SCHEDULED, moved_price=replace(MONTHLY, price_version=2))

    assert ending.cancel(state, at_period_end=False, at=LATER) == Change(
        ended(replace(ACTIVE, version=3), LATER, LATER), Event.CANCELED
    )


def test_a_cancellation_now_after_a_scheduled_one_was_wanted_since_the_first() -> None:
    assert ending.cancel(CANCELING, at_period_end=False, at=LATER) == Change(
        ended(CANCELING, LATER, IN_THE_PERIOD), Event.CANCELED
    )


@pytest.mark.parametrize("at_period_end", [True, False])
def test_canceled_twice_is_canceled_once(*, at_period_end: bool) -> None:
    assert ending.cancel(CANCELED, at_period_end=at_period_end, at=LATER) is None


def test_a_charge_under_way_is_waited_for_after_the_end() -> None:
    change = ending.cancel(CHARGING, at_period_end=False, at=LATER)

    assert change == Change(
        replace(ended(CHARGING, LATER, LATER), open_invoice=CHARGING.open_invoice), Event.CANCELED
    )
    assert (change.state.has_ended, change.state.is_finished) == (True, False)


def test_what_ended_is_looked_up_even_if_it_waited_for_an_operator() -> None:
    change = ending.cancel(PARKED, at_period_end=False, at=LATER)

    assert change is not None
    assert (change.state.parked_reason, change.state.open_invoice) == (None, PARKED.open_invoice)


def test_a_provider_that_waits_for_the_customer_is_told() -> None:
    change = ending.cancel(CONFIRMING, at_period_end=False, at=LATER)

    assert change is not None
    assert change.state == replace(ended(CONFIRMING, LATER, LATER), withdrawing_payment_id=PAYMENT)
    assert change.voids_invoice_id == OPEN_INVOICE
    assert not change.state.is_finished


def test_a_cancellation_taken_back_leaves_no_trace_in_the_state() -> None:
    assert ending.uncancel(CANCELING) == Change(replace(ACTIVE, version=4), Event.CANCEL_WITHDRAWN)


@pytest.mark.parametrize("state", [ACTIVE, TRIALING, FROZEN, CANCELED, PAST_DUE])
def test_what_is_not_canceling_is_not_uncanceled(state: SubscriptionState) -> None:
    with pytest.raises(Refused) as refused:
        ending.uncancel(state)

    assert refused.value.code is RefusalCode.NOT_CANCELING


@pytest.mark.parametrize("state", [ACTIVE, TRIALING, FROZEN, PAID_AHEAD])
def test_a_withdrawal_ends_it_with_the_money_back(state: SubscriptionState) -> None:
    at = WITHDRAWAL_ENDS_AT - MOMENT

    assert ending.withdraw(state, at) == Change(ended(state, at, at), Event.WITHDRAWN, refunds_all=True)


@pytest.mark.parametrize(
    "started_at", ["2026-01-31T00:00", "2026-01-31T09:30:59", "2026-01-31T23:59:59.999999"]
)
def test_the_last_day_of_withdrawal_counts_to_its_end(started_at: str) -> None:
    state = replace(ACTIVE, started_at=instant(started_at))

    assert ending.withdrawal_ends_at(state) == WITHDRAWAL_ENDS_AT


def test_a_withdrawal_from_an_unpaid_start_voids_its_invoice() -> None:
    assert ending.withdraw(INCOMPLETE, LATER) == Change(
        ended(INCOMPLETE, LATER, LATER),
        Event.WITHDRAWN,
        voids_invoice_id=OPEN_INVOICE,
        refunds_all=True,
        details={"invoice_id": OPEN_INVOICE},
    )


@pytest.mark.parametrize(
    ("state", "at", "code"),
    [
        (ACTIVE, WITHDRAWAL_ENDS_AT, RefusalCode.WITHDRAWAL_PERIOD_OVER),
        (CHARGING, IN_THE_PERIOD, RefusalCode.PAYMENT_IN_PROGRESS),
        (CANCELED, LATER, RefusalCode.SUBSCRIPTION_ENDED),
    ],
)
def test_what_is_not_withdrawn_from(state: SubscriptionState, at: datetime, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        ending.withdraw(state, at)

    assert refused.value.code is code


def test_it_ends_at_the_nominal_end_of_all_paid_time() -> None:
    assert ending.end_period(CANCELING) == Change(ended(CANCELING, PERIOD.end, IN_THE_PERIOD), Event.ENDED)
    assert ending.end_period(PAID_AHEAD).state.ended_at == SECOND_PERIOD.end


def test_what_could_not_be_collected_is_written_off() -> None:
    at = PERIOD.end + 21 * DAY

    assert ending.give_up(trying(PAST_DUE, attempt()), at) == Change(
        ended(PAST_DUE, at, None),
        Event.UNCOLLECTED,
        writes_off_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE},
    )


def test_an_invoice_that_is_given_up_waits_for_no_operator() -> None:
    rejected = replace(trying(PARKED, attempt(AttemptStage.DUE, CARD)), parked_reason="provider_rejected")
    change = ending.cancel(rejected, at_period_end=True, at=PERIOD.end - timedelta(days=1))

    assert change is not None
    assert (change.state.open_invoice, change.state.parked_reason) == (None, None)
