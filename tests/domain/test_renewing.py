"""What each step from one period to the next does to the whole state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import renewing
from domain.billing_calendar import Anchor, Period
from domain.collecting import AttemptStage, Switch
from domain.dunning import DunningCase
from domain.lifecycle import Change, Event
from domain.pricing import PeriodPrice
from domain.renewing import NextPeriod
from domain.subscription import PaidAhead, Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CARD,
    CASE,
    CONFIRMING,
    DAY,
    MOMENT,
    MONTHLY,
    ON_TRIAL,
    OPEN_INVOICE,
    OPENED_AHEAD,
    OTHER_CARD,
    PAID_AHEAD,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PAYMENT,
    PERIOD,
    POLICY,
    RENEWING,
    SCHEDULED,
    SECOND_PERIOD,
    STORED,
    THIRD_PERIOD,
    TRIALING,
    UNPAID,
    YEARLY,
    attempt,
    instant,
    invoice,
    refusing,
    trying,
)

NEXT_PAYMENT = 78
SECOND_DAY = PERIOD.end + 2 * DAY
REJECTED_PAST_DUE = replace(
    trying(PAST_DUE, attempt(AttemptStage.DUE, CARD)), parked_reason="provider_rejected"
)


@pytest.mark.parametrize(
    ("state", "at", "upcoming"),
    [
        pytest.param(
            ACTIVE, PERIOD.end - 3 * DAY, NextPeriod(1, SECOND_PERIOD, 0, MONTHLY), id="opened ahead"
        ),
        pytest.param(ACTIVE, PERIOD.end, NextPeriod(1, SECOND_PERIOD, 0, MONTHLY), id="on time"),
        pytest.param(ACTIVE, SECOND_PERIOD.end - MOMENT, NextPeriod(1, SECOND_PERIOD, 0, MONTHLY), id="late"),
        pytest.param(ACTIVE, SECOND_PERIOD.end, NextPeriod(2, THIRD_PERIOD, 1, MONTHLY), id="one elapsed"),
        pytest.param(
            TRIALING, TRIALING.period.end, NextPeriod(0, AFTER_TRIAL, 0, ON_TRIAL), id="after a trial"
        ),
    ],
)
def test_the_period_to_bill_next(state: SubscriptionState, at: datetime, upcoming: NextPeriod) -> None:
    assert renewing.next_period(state, at) == upcoming


def test_years_late_all_periods_that_elapsed_are_skipped_and_the_dates_stay_nominal() -> None:
    upcoming = renewing.next_period(ACTIVE, instant("2029-03-15T00:00"))

    assert upcoming.skipped_count == upcoming.index - 1 == 36
    assert (upcoming.period.start, upcoming.period.end) == (
        instant("2029-02-28T09:30"),
        instant("2029-03-31T09:30"),
    )


def test_an_opened_renewal_waits_with_its_invoice() -> None:
    assert renewing.renewal_opened(STORED, RENEWING.unpaid_invoice, 0) == Change(
        RENEWING, Event.RENEWAL_OPENED, details={"invoice_id": OPEN_INVOICE}
    )


def test_skipped_periods_are_recorded() -> None:
    change = renewing.renewal_opened(TRIALING, invoice(attempt()), 2)

    assert change == Change(
        replace(TRIALING, version=2, open_invoice=invoice(attempt())),
        Event.RENEWAL_OPENED,
        details={"invoice_id": OPEN_INVOICE, "skipped_periods": 2},
    )


def test_a_period_that_was_paid_ahead_begins() -> None:
    assert renewing.begin_paid_period(PAID_AHEAD) == Change(
        replace(ACTIVE, version=5, period_index=1, period=SECOND_PERIOD), Event.PERIOD_BEGUN
    )


def test_a_trial_whose_first_period_was_paid_ahead_becomes_active() -> None:
    paid = replace(TRIALING, paid_ahead=PaidAhead(0, AFTER_TRIAL))

    assert renewing.begin_paid_period(paid) == Change(
        replace(TRIALING, version=2, status=Status.ACTIVE, period_index=0, period=AFTER_TRIAL),
        Event.PERIOD_BEGUN,
    )


def test_another_plan_that_was_paid_ahead_begins_with_its_own_dates_and_is_chosen_no_more() -> None:
    """The price that the plan before was to move to goes with that one."""
    a_year = Period(PERIOD.end, instant("2027-02-28T09:30"))
    switch, price = Switch(YEARLY, Anchor.starting(PERIOD.end)), PeriodPrice(14_900)
    paid = replace(
        SCHEDULED,
        moved_price=replace(MONTHLY, price_version=2),
        paid_ahead=PaidAhead(0, a_year, price, switch),
    )

    assert renewing.begin_paid_period(paid) == Change(
        replace(
            ACTIVE,
            version=4,
            plan=YEARLY,
            anchor=switch.anchor,
            period_index=0,
            period=a_year,
            price=price,
        ),
        Event.PERIOD_BEGUN,
    )


def test_nothing_begins_that_was_not_paid() -> None:
    with pytest.raises(ValueError, match="subscription 7 has not paid ahead"):
        renewing.begin_paid_period(ACTIVE)


@pytest.mark.parametrize("hard", [False, True])
def test_what_is_not_paid_at_the_boundary_falls_due(*, hard: bool) -> None:
    state = refusing(replace(OPENED_AHEAD, payment_method_id=CARD), CARD) if hard else OPENED_AHEAD

    assert renewing.fall_due(state, PERIOD.end) == Change(
        replace(
            state,
            version=4,
            status=Status.PAST_DUE,
            dunning=DunningCase(POLICY, PERIOD.end, PERIOD.end, retries_made=0, waits_for_new_method=hard),
        ),
        Event.FELL_DUE,
        details={"invoice_id": OPEN_INVOICE, "policy_version": 3},
    )


def test_a_reminder_spends_a_day_of_the_policy() -> None:
    assert renewing.remind_unpaid(PAST_DUE_BY_HAND, SECOND_DAY) == Change(
        replace(
            PAST_DUE_BY_HAND,
            version=6,
            dunning=replace(CASE, retries_made=1, last_attempt_at=SECOND_DAY),
        ),
        Event.PAYMENT_REMINDED,
        details={"invoice_id": OPEN_INVOICE},
    )


def test_what_is_left_unpaid_keeps_its_invoice() -> None:
    assert renewing.leave_unpaid(PAST_DUE) == Change(
        replace(PAST_DUE, version=6, status=Status.UNPAID, dunning=None),
        Event.LEFT_UNPAID,
        details={"invoice_id": OPEN_INVOICE},
    )


def test_what_is_left_unpaid_keeps_its_invoice_without_the_charge_that_was_never_sent() -> None:
    assert renewing.leave_unpaid(trying(PAST_DUE, attempt(AttemptStage.DUE, CARD))) == Change(
        replace(PAST_DUE, version=6, status=Status.UNPAID, dunning=None, open_invoice=invoice(None)),
        Event.LEFT_UNPAID,
        replaced_payment_id=PAYMENT,
        details={"invoice_id": OPEN_INVOICE},
    )


def test_a_retry_spends_a_day_of_the_policy() -> None:
    change = renewing.attempt_opened(PAST_DUE, NEXT_PAYMENT, CARD, SECOND_DAY, is_automatic=True)

    assert change == Change(
        replace(
            trying(PAST_DUE, attempt(AttemptStage.DUE, CARD, since=SECOND_DAY, payment_id=NEXT_PAYMENT)),
            version=6,
            dunning=replace(CASE, retries_made=1, last_attempt_at=SECOND_DAY),
        ),
        Event.PAYMENT_RETRIED,
        details={"invoice_id": OPEN_INVOICE, "payment_id": NEXT_PAYMENT},
    )


def test_a_charge_that_somebody_asked_for_spends_no_day_but_no_other_follows_within_one() -> None:
    asked_at = SECOND_DAY - timedelta(hours=2)
    change = renewing.attempt_opened(PAST_DUE, NEXT_PAYMENT, OTHER_CARD, asked_at, is_automatic=False)

    assert change == Change(
        replace(
            trying(PAST_DUE, attempt(AttemptStage.DUE, OTHER_CARD, since=asked_at, payment_id=NEXT_PAYMENT)),
            version=6,
            dunning=replace(CASE, last_attempt_at=asked_at),
        ),
        Event.PAYMENT_REQUESTED,
        details={"invoice_id": OPEN_INVOICE, "payment_id": NEXT_PAYMENT},
    )


def test_a_payment_by_hand_is_waited_for_and_moves_no_day() -> None:
    change = renewing.attempt_opened(PAST_DUE_BY_HAND, NEXT_PAYMENT, None, SECOND_DAY, is_automatic=False)

    assert change == Change(
        replace(trying(PAST_DUE_BY_HAND, attempt(since=SECOND_DAY, payment_id=NEXT_PAYMENT)), version=6),
        Event.PAYMENT_REQUESTED,
        replaced_payment_id=PAYMENT,
        details={"invoice_id": OPEN_INVOICE, "payment_id": NEXT_PAYMENT},
    )


def test_a_card_charged_for_an_invoice_that_waited_for_a_person_replaces_that_payment() -> None:
    with_card = replace(OPENED_AHEAD, payment_method_id=CARD)
    change = renewing.attempt_opened(with_card, NEXT_PAYMENT, CARD, PERIOD.end, is_automatic=True)

    assert change == Change(
        replace(
            trying(with_card, attempt(AttemptStage.DUE, CARD, since=PERIOD.end, payment_id=NEXT_PAYMENT)),
            version=4,
        ),
        Event.PAYMENT_REQUESTED,
        replaced_payment_id=PAYMENT,
        details={"invoice_id": OPEN_INVOICE, "payment_id": NEXT_PAYMENT},
    )


def test_a_provider_that_waits_for_a_replaced_payment_is_told_and_no_operator_is_waited_for() -> None:
    parked = replace(CONFIRMING, parked_reason="payment_pending")
    change = renewing.attempt_opened(parked, NEXT_PAYMENT, OTHER_CARD, PERIOD.end, is_automatic=False)

    assert (change.state.withdrawing_payment_id, change.replaced_payment_id) == (PAYMENT, PAYMENT)
    assert change.state.parked_reason is None


def test_a_provider_that_is_still_to_be_told_of_another_payment_is_not_forgotten() -> None:
    withdrawing = replace(PAST_DUE, withdrawing_payment_id=70)
    change = renewing.attempt_opened(withdrawing, NEXT_PAYMENT, CARD, SECOND_DAY, is_automatic=True)

    assert change.state.withdrawing_payment_id == 70


def test_a_new_payment_method_ends_the_wait_for_one() -> None:
    hard = replace(PAST_DUE, dunning=replace(CASE, waits_for_new_method=True))

    assert renewing.payment_method_set(hard, OTHER_CARD) == Change(
        replace(hard, version=6, payment_method_id=OTHER_CARD, dunning=CASE),
        Event.PAYMENT_METHOD_SET,
        details={"payment_method_id": OTHER_CARD},
    )


@pytest.mark.parametrize(("method_id", "waits"), [(CARD, True), (OTHER_CARD, False), (None, False)])
def test_a_card_that_was_declined_for_good_is_no_new_one_after_another(
    method_id: int | None, *, waits: bool
) -> None:
    """Declined, another card tried in between, and chosen again for the same invoice."""
    change = renewing.payment_method_set(refusing(replace(PAST_DUE, payment_method_id=7), CARD), method_id)

    assert change is not None
    assert change.state.dunning_case.waits_for_new_method is waits
    assert renewing.is_collectable(change.state) is (method_id == OTHER_CARD)


def test_without_a_payment_method_a_person_pays() -> None:
    assert renewing.payment_method_set(STORED, None) == Change(
        replace(ACTIVE, version=3), Event.PAYMENT_METHOD_SET
    )


def test_the_same_payment_method_again_changes_nothing() -> None:
    assert renewing.payment_method_set(STORED, CARD) is None


@pytest.mark.parametrize(
    ("state", "is_collectable"),
    [
        pytest.param(PAST_DUE, True, id="past due"),
        pytest.param(UNPAID, True, id="unpaid"),
        pytest.param(PAST_DUE_BY_HAND, False, id="no payment method"),
        pytest.param(refusing(UNPAID, OTHER_CARD, CARD), False, id="declined for good"),
        pytest.param(trying(PAST_DUE, attempt(AttemptStage.UNKNOWN, CARD)), False, id="under way"),
        pytest.param(trying(PAST_DUE, attempt(AttemptStage.PENDING, CARD)), True, id="to be confirmed"),
        pytest.param(trying(PAST_DUE, attempt(AttemptStage.DUE, CARD)), False, id="to be charged"),
        pytest.param(REJECTED_PAST_DUE, True, id="rejected by its provider"),
        pytest.param(replace(OPENED_AHEAD, payment_method_id=CARD), False, id="not due yet"),
        pytest.param(STORED, False, id="paid"),
    ],
)
def test_what_a_new_payment_method_collects_at_once(
    state: SubscriptionState, *, is_collectable: bool
) -> None:
    assert renewing.is_collectable(state) is is_collectable


@pytest.mark.parametrize(
    ("period_iso", "days_ahead"),
    [("P1M", 3), ("P5M", 3), ("P6M", 7), ("P1Y", 7), ("P30D", 3), ("P179D", 3), ("P180D", 7), ("P26W", 7)],
)
def test_how_far_ahead_a_renewal_is_announced(period_iso: str, days_ahead: int) -> None:
    state = replace(ACTIVE, plan=replace(YEARLY, period_iso=period_iso))

    assert renewing.reminder_at(state) == PERIOD.end - days_ahead * DAY


def test_a_period_shorter_than_the_notice_is_announced_at_its_start() -> None:
    two_days = replace(ACTIVE, period=replace(PERIOD, end=PERIOD.start + 2 * DAY))

    assert renewing.reminder_at(two_days) == PERIOD.start


def test_a_command_is_remembered_with_its_change() -> None:
    change = renewing.leave_unpaid(PAST_DUE)

    assert renewing.remembering(change, "a") == replace(change, state=change.state.remembering("a"))


@pytest.mark.parametrize(
    ("state", "method_id", "is_asked"),
    [
        pytest.param(OPENED_AHEAD, None, True, id="a person, again"),
        pytest.param(OPENED_AHEAD, CARD, False, id="a card instead"),
        pytest.param(CONFIRMING, None, False, id="a person instead of a card"),
        pytest.param(trying(OPENED_AHEAD, None), None, False, id="after a decline"),
    ],
)
def test_a_person_is_asked_once(state: SubscriptionState, method_id: int | None, *, is_asked: bool) -> None:
    assert renewing.is_asked_for(state, method_id) is is_asked
