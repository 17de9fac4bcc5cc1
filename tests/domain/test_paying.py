"""What a payment, and a refusal of one, does to the whole state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import paying
from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, AttemptStage, Switch
from domain.dunning import DunningCase
from domain.lifecycle import Change, Event
from domain.payment import DeclineKind
from domain.pricing import PeriodPrice
from domain.promo import Promo
from domain.subscription import PaidAhead, Status, SubscriptionState
from tests.domain.plan_changes import HALF_OFF, ONLY_YEARLY
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CARD,
    CASE,
    CHANGING,
    CHARGING,
    CONFIRMING,
    DAY,
    ENDED_WHILE_CHARGING,
    FAMILY,
    IN_THE_PERIOD,
    INCOMPLETE,
    OPEN_INVOICE,
    OPENED_AHEAD,
    OTHER_CARD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    POLICY,
    REMINDED_AT,
    RENEWING,
    SECOND_PERIOD,
    STARTED_AT,
    TRIALING,
    UNKNOWN,
    UNPAID,
    YEARLY,
    attempt,
    instant,
    invoice,
    refusing,
    trying,
)

SOFT, HARD = DeclineKind.SOFT, DeclineKind.HARD
EARLIER_PAYMENT = 70
LATE = PERIOD.end + timedelta(minutes=3)
OF_ANOTHER_PLAN = replace(ONLY_YEARLY, periods_left=2)
TRIED_AGAIN = trying(PAST_DUE, attempt(AttemptStage.CHARGING, CARD))


def test_the_first_payment_keeps_the_period_that_began_with_the_start() -> None:
    assert paying.paid(INCOMPLETE, PAYMENT, IN_THE_PERIOD) == Change(
        replace(ACTIVE, version=2), Event.ACTIVATED, pays_for=PERIOD
    )


def test_a_renewal_paid_before_the_boundary_waits_for_it() -> None:
    assert paying.paid(OPENED_AHEAD, PAYMENT, PERIOD.end - DAY) == Change(
        PAID_AHEAD, Event.RENEWAL_PAID_AHEAD, pays_for=SECOND_PERIOD
    )


def test_a_trial_that_is_paid_ahead_stays_one() -> None:
    waiting = replace(TRIALING, open_invoice=invoice(attempt(), index=0, period=AFTER_TRIAL))

    assert paying.paid(waiting, PAYMENT, TRIALING.period.end - DAY) == Change(
        replace(TRIALING, version=2, paid_ahead=PaidAhead(0, AFTER_TRIAL)),
        Event.RENEWAL_PAID_AHEAD,
        pays_for=AFTER_TRIAL,
    )


def test_a_trial_that_is_charged_at_its_end_becomes_active() -> None:
    waiting = replace(
        TRIALING,
        payment_method_id=CARD,
        open_invoice=invoice(attempt(AttemptStage.CHARGING, CARD), index=0, period=AFTER_TRIAL),
    )

    assert paying.paid(waiting, PAYMENT, TRIALING.period.end) == Change(
        replace(
            TRIALING,
            version=2,
            status=Status.ACTIVE,
            payment_method_id=CARD,
            period_index=0,
            period=AFTER_TRIAL,
        ),
        Event.RENEWED,
        pays_for=AFTER_TRIAL,
    )


@pytest.mark.parametrize("at", [PERIOD.end, LATE, SECOND_PERIOD.end + DAY])
def test_a_renewal_paid_at_the_boundary_or_later_begins_at_its_nominal_date(at: datetime) -> None:
    assert paying.paid(CHARGING, PAYMENT, at) == Change(
        replace(CHARGING, version=4, open_invoice=None, period_index=1, period=SECOND_PERIOD),
        Event.RENEWED,
        pays_for=SECOND_PERIOD,
    )


def test_what_was_past_due_is_recovered() -> None:
    assert paying.paid(TRIED_AGAIN, PAYMENT, LATE) == Change(
        replace(
            PAST_DUE,
            version=6,
            status=Status.ACTIVE,
            open_invoice=None,
            dunning=None,
            period_index=1,
            period=SECOND_PERIOD,
        ),
        Event.RECOVERED,
        pays_for=SECOND_PERIOD,
    )


def test_what_was_left_unpaid_begins_anew_when_it_is_paid() -> None:
    at = instant("2026-05-30T07:00")
    begun = Period(at, instant("2026-06-30T07:00"))

    assert paying.paid(UNPAID, PAYMENT, at) == Change(
        replace(
            UNPAID,
            version=10,
            status=Status.ACTIVE,
            open_invoice=None,
            anchor=Anchor(at, billing_day=30),
            period_index=0,
            period=begun,
        ),
        Event.REACTIVATED,
        pays_for=begun,
    )


def test_a_payment_that_was_waited_for_by_an_operator_lets_it_go_on() -> None:
    assert paying.paid(PARKED, PAYMENT, LATE).state.parked_reason is None


def test_a_charge_stands_that_was_under_way_when_it_ended() -> None:
    ended_at = PERIOD.end + DAY
    ended = replace(ENDED_WHILE_CHARGING, ended_at=ended_at)

    assert paying.paid(ended, PAYMENT, LATE) == Change(
        replace(ended, version=9, open_invoice=None),
        Event.CHARGE_STOOD,
        pays_for=Period(SECOND_PERIOD.start, ended_at),
    )


def test_a_charge_that_stands_pays_for_no_time_after_the_end() -> None:
    assert paying.paid(ENDED_WHILE_CHARGING, PAYMENT, LATE) == Change(
        replace(ENDED_WHILE_CHARGING, version=9, open_invoice=None), Event.CHARGE_STOOD
    )


@pytest.mark.parametrize(
    ("under_way", "withdrawing", "replaced"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param(attempt(AttemptStage.PENDING), None, PAYMENT, id="by hand"),
        pytest.param(attempt(AttemptStage.DUE, CARD), None, PAYMENT, id="not sent yet"),
        pytest.param(attempt(AttemptStage.PENDING, CARD), PAYMENT, None, id="to be confirmed"),
        pytest.param(attempt(AttemptStage.CHARGING, CARD), PAYMENT, None, id="with the provider"),
        pytest.param(attempt(AttemptStage.UNKNOWN, CARD), PAYMENT, None, id="without an answer"),
    ],
)
def test_an_attempt_that_is_not_needed_any_more_is_given_up_or_taken_back(
    under_way: Attempt | None, withdrawing: int | None, replaced: int | None
) -> None:
    state = replace(PAST_DUE, open_invoice=replace(PAST_DUE.unpaid_invoice, attempt=under_way))
    change = paying.paid(state, EARLIER_PAYMENT, LATE)

    assert change.state.open_invoice is None
    assert (change.state.withdrawing_payment_id, change.replaced_payment_id) == (withdrawing, replaced)
    assert change.event is Event.RECOVERED


def test_without_an_open_invoice_nothing_is_paid() -> None:
    with pytest.raises(ValueError, match="subscription 7 has no open invoice"):
        paying.paid(ACTIVE, PAYMENT, LATE)


def test_an_unpaid_start_waits_for_another_payment() -> None:
    assert paying.declined(INCOMPLETE, PAYMENT, HARD, STARTED_AT) == Change(
        replace(trying(INCOMPLETE, None), version=2), Event.PAYMENT_DECLINED
    )


def test_before_the_boundary_a_decline_changes_no_status() -> None:
    assert paying.declined(OPENED_AHEAD, PAYMENT, SOFT, REMINDED_AT) == Change(
        replace(trying(OPENED_AHEAD, None), version=4), Event.PAYMENT_DECLINED
    )


@pytest.mark.parametrize("at", [PERIOD.end, LATE])
@pytest.mark.parametrize(
    ("state", "kind", "refused", "waits"),
    [
        pytest.param(CHARGING, SOFT, [], False, id="softly"),
        pytest.param(CHARGING, HARD, [CARD], True, id="for good"),
        pytest.param(
            replace(CHARGING, payment_method_id=OTHER_CARD), HARD, [CARD], False, id="an older card"
        ),
        pytest.param(replace(CHARGING, payment_method_id=None), HARD, [CARD], False, id="a removed card"),
    ],
)
def test_a_declined_renewal_falls_due_when_it_was_declined(
    state: SubscriptionState, kind: DeclineKind, refused: list[int], at: datetime, *, waits: bool
) -> None:
    assert paying.declined(state, PAYMENT, kind, at) == Change(
        replace(
            refusing(trying(state, None), *refused),
            version=4,
            status=Status.PAST_DUE,
            dunning=DunningCase(POLICY, at, at, waits_for_new_method=waits),
        ),
        Event.FELL_DUE,
        details={"invoice_id": OPEN_INVOICE, "policy_version": 3},
    )


@pytest.mark.parametrize(
    ("state", "kind", "refused", "waits"),
    [
        pytest.param(TRIED_AGAIN, SOFT, [], False, id="softly"),
        pytest.param(TRIED_AGAIN, HARD, [CARD], True, id="for good"),
        pytest.param(
            replace(TRIED_AGAIN, payment_method_id=OTHER_CARD), HARD, [CARD], False, id="an older card"
        ),
        pytest.param(refusing(TRIED_AGAIN, OTHER_CARD), HARD, [OTHER_CARD, CARD], True, id="another one too"),
        pytest.param(refusing(TRIED_AGAIN, CARD), HARD, [CARD], True, id="for good, and again by hand"),
        pytest.param(trying(PAST_DUE, attempt()), HARD, [], False, id="by hand"),
    ],
)
def test_a_declined_retry_waits_for_the_next_day_or_for_a_new_method(
    state: SubscriptionState, kind: DeclineKind, refused: list[int], *, waits: bool
) -> None:
    assert paying.declined(state, PAYMENT, kind, LATE) == Change(
        replace(
            refusing(trying(state, None), *refused),
            version=6,
            dunning=replace(CASE, waits_for_new_method=waits),
        ),
        Event.PAYMENT_DECLINED,
    )


def test_what_is_unpaid_stays_so_when_it_is_declined() -> None:
    state = trying(UNPAID, attempt(AttemptStage.CHARGING, CARD))

    assert paying.declined(state, PAYMENT, HARD, LATE) == Change(
        replace(refusing(UNPAID, CARD), version=10), Event.PAYMENT_DECLINED
    )


def test_a_change_of_plan_that_is_declined_changes_nothing() -> None:
    assert paying.declined(CHANGING, PAYMENT, SOFT, LATE) == Change(
        replace(CHANGING, version=CHANGING.version + 1, open_invoice=None),
        Event.PLAN_CHANGE_DECLINED,
        voids_invoice_id=CHANGING.unpaid_invoice.invoice_id,
        details={"invoice_id": CHANGING.unpaid_invoice.invoice_id},
    )


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(ENDED_WHILE_CHARGING, id="ended"),
        pytest.param(replace(CHARGING, cancel_at_period_end=True, canceled_at=LATE), id="ending"),
    ],
)
def test_what_wants_no_payment_gives_its_invoice_up(state: SubscriptionState) -> None:
    assert paying.declined(state, PAYMENT, SOFT, LATE) == Change(
        replace(state, version=state.version + 1, open_invoice=None),
        Event.PAYMENT_DECLINED,
        voids_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE},
    )


def test_a_decline_answers_what_an_operator_was_asked() -> None:
    change = paying.declined(PARKED, PAYMENT, SOFT, LATE)

    assert change is not None
    assert (change.state.status, change.state.parked_reason) == (Status.PAST_DUE, None)


@pytest.mark.parametrize("state", [UNKNOWN, RENEWING, CONFIRMING, PAST_DUE, ACTIVE])
def test_the_decline_of_another_payment_changes_nothing(state: SubscriptionState) -> None:
    assert paying.declined(state, EARLIER_PAYMENT, HARD, LATE) is None


def test_a_plan_that_was_to_follow_begins_with_what_is_paid_anew() -> None:
    at = instant("2026-05-30T07:00")
    anchor = Anchor(at, billing_day=30)
    chosen = replace(UNPAID.unpaid_invoice, switch=Switch(YEARLY, UNPAID.anchor))

    change = paying.paid(replace(UNPAID, open_invoice=chosen), PAYMENT, at)

    begun = Period(at, instant("2027-05-30T07:00"))
    assert (change.event, change.pays_for) == (Event.REACTIVATED, begun)
    assert (change.state.plan, change.state.anchor, change.state.period) == (YEARLY, anchor, begun)


def test_a_renewal_of_another_plan_waits_for_the_boundary_and_begins_with_it() -> None:
    switch = Switch(FAMILY, ACTIVE.anchor)
    chosen = replace(OPENED_AHEAD, open_invoice=replace(OPENED_AHEAD.unpaid_invoice, switch=switch))

    ahead = paying.paid(chosen, PAYMENT, PERIOD.end - DAY).state
    late = paying.paid(chosen, PAYMENT, LATE).state
    assert ahead == replace(ACTIVE, version=4, paid_ahead=PaidAhead(1, SECOND_PERIOD, switch=switch))
    assert late == replace(ACTIVE, version=4, plan=FAMILY, period_index=1, period=SECOND_PERIOD)


@pytest.mark.parametrize(
    ("promo", "billed_with", "left"),
    [
        pytest.param(HALF_OFF, HALF_OFF, replace(HALF_OFF, periods_left=2), id="billed with it"),
        pytest.param(OF_ANOTHER_PLAN, None, OF_ANOTHER_PLAN, id="not for this plan"),
        pytest.param(None, HALF_OFF, None, id="gone since"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_a_period_counts_for_the_promo_that_it_was_billed_with(
    promo: Promo | None, billed_with: Promo | None, left: Promo | None
) -> None:
    billed = replace(CHARGING.unpaid_invoice, price=PeriodPrice(995, billed_with))
    renewed = paying.paid(replace(CHARGING, promo=promo, open_invoice=billed), PAYMENT, LATE).state

    assert (renewed.promo, renewed.price) == (left, billed.price)


def test_a_charge_for_another_plan_that_stands_cuts_the_period_that_it_changed() -> None:
    changed_at = SECOND_PERIOD.start
    ended = replace(
        ENDED_WHILE_CHARGING,
        open_invoice=replace(ENDED_WHILE_CHARGING.unpaid_invoice, changed_at=changed_at),
    )

    assert paying.paid(ended, PAYMENT, LATE).cuts_at == changed_at
