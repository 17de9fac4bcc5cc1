"""What due dates change by themselves, on time and late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import changing, ending, pausing, renewing
from domain.collecting import AttemptStage
from domain.due import NextStep, Step, next_step, step_due
from domain.due_changes import change_due
from domain.lifecycle import Change, Event
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELING,
    CARD,
    CASE,
    CHANGING,
    CHARGING,
    DAY,
    FREEZE,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    KEEPING,
    MOMENT,
    OPENED_AHEAD,
    PAID_AHEAD,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PAYMENT,
    PERIOD,
    RENEWING,
    SECOND_PERIOD,
    STORED,
    UNKNOWN,
    UNPAID,
    attempt,
    trying,
)

LAST_DAY = PERIOD.end + 21 * DAY
TIRED = replace(PAST_DUE, dunning=replace(CASE, retries_made=4, last_attempt_at=LAST_DAY))
TIRED_BUT_KEPT = replace(TIRED, dunning=replace(TIRED.dunning_case, policy=KEEPING))
CHANGE_DROPPED_AT = IN_THE_PERIOD + timedelta(hours=23)
KEPT = replace(CASE, policy=KEEPING)
BY_HAND_BUT_KEPT = replace(PAST_DUE_BY_HAND, dunning=KEPT)

NOMINAL: dict[str, tuple[SubscriptionState, datetime, Change]] = {
    "expire": (INCOMPLETE, INCOMPLETE.expires_at, ending.expire(INCOMPLETE, INCOMPLETE.expires_at)),
    "end": (CANCELING, PERIOD.end, ending.end_period(CANCELING)),
    "begin": (PAID_AHEAD, PERIOD.end, renewing.begin_paid_period(PAID_AHEAD)),
    "fall due": (OPENED_AHEAD, PERIOD.end, renewing.fall_due(OPENED_AHEAD, PERIOD.end)),
    "give up": (TIRED, LAST_DAY, ending.give_up(TIRED, LAST_DAY)),
    "leave unpaid": (TIRED_BUT_KEPT, LAST_DAY, renewing.leave_unpaid(TIRED_BUT_KEPT)),
    "drop change": (CHANGING, CHANGE_DROPPED_AT, changing.expire(CHANGING)),
    "unfreeze": (FROZEN, FREEZE.until, pausing.unfreeze(FROZEN, FREEZE.until)),
}


@pytest.mark.parametrize("late_by", [timedelta(), timedelta(seconds=1), timedelta(days=2_000)])
@pytest.mark.parametrize("name", NOMINAL)
def test_however_late_dates_stay_nominal(name: str, late_by: timedelta) -> None:
    state, at, change = NOMINAL[name]

    assert change_due(state, at + late_by) == change


@pytest.mark.parametrize("name", NOMINAL)
def test_before_its_date_nothing_is_due(name: str) -> None:
    state, at, _ = NOMINAL[name]

    assert change_due(state, at - MOMENT) is None


@pytest.mark.parametrize("state", [STORED, ACTIVE, RENEWING, PAST_DUE])
def test_what_takes_a_provider_or_a_new_invoice_is_not_changed_by_a_date(state: SubscriptionState) -> None:
    assert next_step(state) is not None
    assert change_due(state, PERIOD.end + 2 * DAY) is None


def test_nothing_is_due_where_nothing_is_waited_for() -> None:
    assert change_due(replace(ACTIVE, parked_reason="by hand"), LAST_DAY) is None


def lived(state: SubscriptionState, until: datetime) -> list[tuple[Event, datetime]]:
    """Everything that dates alone bring, with a worker that is never late."""
    told: list[tuple[Event, datetime]] = []
    while (upcoming := next_step(state)) is not None and upcoming.at <= until:
        change = change_due(state, upcoming.at)
        assert change is not None
        told.append((change.event, upcoming.at))
        state = change.state
    return told


def test_dunning_without_a_payment_method_from_the_boundary_to_its_end() -> None:
    assert lived(OPENED_AHEAD, LAST_DAY + DAY) == [
        (Event.FELL_DUE, PERIOD.end),
        (Event.PAYMENT_REMINDED, PERIOD.end + 2 * DAY),
        (Event.PAYMENT_REMINDED, PERIOD.end + 7 * DAY),
        (Event.PAYMENT_REMINDED, PERIOD.end + 14 * DAY),
        (Event.UNCOLLECTED, LAST_DAY),
    ]


@pytest.mark.parametrize(
    ("away_days", "retries_made", "next_in_days"), [(2, 1, 7), (6.9, 1, 7.9), (7, 2, 14), (20, 3, 21)]
)
def test_a_late_reminder_is_sent_once_and_the_days_behind_us_are_skipped(
    away_days: float, retries_made: int, next_in_days: float
) -> None:
    change = change_due(PAST_DUE_BY_HAND, PERIOD.end + timedelta(days=away_days))

    assert change is not None
    assert change.event is Event.PAYMENT_REMINDED
    assert change.state.dunning_case.retries_made == retries_made
    upcoming = next_step(change.state)
    assert upcoming is not None
    assert upcoming.at == PERIOD.end + timedelta(days=next_in_days)


@pytest.mark.parametrize("late_by", [timedelta(), 4 * DAY, 400 * DAY])
@pytest.mark.parametrize(
    ("state", "event", "status"),
    [
        (PAST_DUE_BY_HAND, Event.UNCOLLECTED, Status.CANCELED),
        (BY_HAND_BUT_KEPT, Event.LEFT_UNPAID, Status.UNPAID),
    ],
)
def test_after_the_last_day_nobody_is_reminded_first(
    state: SubscriptionState, event: Event, status: Status, late_by: timedelta
) -> None:
    change = change_due(state, LAST_DAY + late_by)

    assert change is not None
    assert (change.event, change.state.status) == (event, status)
    assert change.state.ended_at == (LAST_DAY if status is Status.CANCELED else None)


@pytest.mark.parametrize("late_by", [timedelta(), 400 * DAY])
def test_a_period_that_has_elapsed_is_not_charged_for_again(late_by: timedelta) -> None:
    at = SECOND_PERIOD.end + late_by

    assert step_due(PAST_DUE, at - late_by - MOMENT) is Step.RETRY_PAYMENT
    assert step_due(PAST_DUE, at) is Step.CANCEL_UNCOLLECTED
    assert change_due(PAST_DUE, at) == ending.give_up(PAST_DUE, SECOND_PERIOD.end)


NEVER_SENT = attempt(AttemptStage.DUE, CARD, since=PERIOD.end)
STORED_LATER = replace(OPENED_AHEAD, payment_method_id=CARD)


@pytest.mark.parametrize("late_by", [timedelta(), 400 * DAY])
@pytest.mark.parametrize(
    ("state", "step"),
    [
        pytest.param(STORED_LATER, Step.CHARGE_METHOD, id="opened ahead"),
        pytest.param(trying(STORED_LATER, None), Step.CHARGE_METHOD, id="opened ahead, declined"),
        pytest.param(RENEWING, Step.COLLECT, id="never sent"),
    ],
)
def test_a_renewal_that_was_not_charged_before_its_period_elapsed_never_is(
    state: SubscriptionState, step: Step, late_by: timedelta
) -> None:
    at = SECOND_PERIOD.end + late_by

    assert step_due(state, SECOND_PERIOD.end - MOMENT) is step
    fallen = change_due(state, at)
    assert fallen is not None
    assert fallen == renewing.fall_due(state, PERIOD.end)
    assert change_due(fallen.state, at) == ending.give_up(fallen.state, SECOND_PERIOD.end)


def test_a_retry_that_was_not_sent_before_its_period_elapsed_is_given_up() -> None:
    state = trying(PAST_DUE, NEVER_SENT)

    assert step_due(state, SECOND_PERIOD.end - MOMENT) is Step.COLLECT
    assert change_due(state, SECOND_PERIOD.end) == ending.give_up(state, SECOND_PERIOD.end)


def test_what_is_left_unpaid_is_not_charged_by_itself() -> None:
    change = change_due(trying(replace(PAST_DUE, dunning=KEPT), NEVER_SENT), SECOND_PERIOD.end)

    assert change is not None
    assert (change.event, change.replaced_payment_id) == (Event.LEFT_UNPAID, PAYMENT)
    assert change.state.attempt is None
    assert next_step(change.state) is None


@pytest.mark.parametrize(
    ("state", "step"),
    [
        pytest.param(CHARGING, Step.COLLECT, id="cut off"),
        pytest.param(UNKNOWN, Step.LOOK_UP_PAYMENT, id="without an answer"),
        pytest.param(trying(UNPAID, NEVER_SENT), Step.COLLECT, id="begins anew"),
    ],
)
def test_what_was_sent_or_begins_anew_is_asked_for_however_late(state: SubscriptionState, step: Step) -> None:
    assert step_due(state, SECOND_PERIOD.end + 400 * DAY) is step


def test_a_retry_after_the_last_day_is_made_once_and_then_it_is_over() -> None:
    at = LAST_DAY + 3 * DAY
    tried = renewing.attempt_opened(PAST_DUE, 78, CARD, at, is_automatic=True).state

    assert step_due(PAST_DUE, at) is Step.RETRY_PAYMENT
    assert next_step(trying(tried, None)) == NextStep(Step.CANCEL_UNCOLLECTED, at)


def test_an_invoice_that_we_opened_late_is_not_given_up_before_its_payer_had_the_policys_days() -> None:
    opened_at = PERIOD.end + 4 * DAY
    late = trying(OPENED_AHEAD, attempt(since=opened_at))

    assert lived(late, opened_at + 30 * DAY) == [
        (Event.FELL_DUE, opened_at),
        (Event.PAYMENT_REMINDED, opened_at + 2 * DAY),
        (Event.PAYMENT_REMINDED, opened_at + 7 * DAY),
        (Event.PAYMENT_REMINDED, opened_at + 14 * DAY),
        (Event.UNCOLLECTED, opened_at + 21 * DAY),
    ]
