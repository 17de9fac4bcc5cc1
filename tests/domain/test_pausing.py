"""What freezing and unfreezing do to the whole state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import pausing
from domain.billing_calendar import Anchor, Period
from domain.collecting import AttemptStage, Switch
from domain.freeze_allowance import Freeze, FrozenTime
from domain.instant import rfc3339
from domain.lifecycle import Change, Event, Stretch
from domain.refusals import RefusalCode, Refused
from domain.renewing import begin_paid_period, next_period
from domain.subscription import PaidAhead, Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELING,
    CARD,
    CONFIRMING,
    DAY,
    FAMILY,
    FROZEN,
    IN_THE_PERIOD,
    MONTHLY,
    OPEN_INVOICE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PARKED,
    PAYMENT,
    PERIOD,
    SECOND_PERIOD,
    STARTED_AT,
    attempt,
    instant,
    trying,
)

UNTIL = IN_THE_PERIOD + 10 * DAY
MOVED_END = instant("2026-03-10T09:30")


def test_a_dated_freeze() -> None:
    assert pausing.freeze(ACTIVE, until=UNTIL, at=IN_THE_PERIOD) == Change(
        replace(
            ACTIVE,
            version=3,
            status=Status.FROZEN,
            freeze=Freeze(since=IN_THE_PERIOD, until=UNTIL, is_open_ended=False),
        ),
        Event.FROZEN,
        details={"until": rfc3339(UNTIL)},
    )


def test_an_open_ended_freeze_lasts_as_long_as_the_allowance() -> None:
    change = pausing.freeze(ACTIVE, until=None, at=IN_THE_PERIOD)

    assert change.state.freeze == Freeze(
        since=IN_THE_PERIOD, until=IN_THE_PERIOD + 30 * DAY, is_open_ended=True
    )


def test_a_dated_freeze_may_last_to_the_allowance_s_last_instant() -> None:
    until = IN_THE_PERIOD + 30 * DAY

    assert pausing.freeze(ACTIVE, until=until, at=IN_THE_PERIOD).state.freeze == Freeze(
        since=IN_THE_PERIOD, until=until, is_open_ended=False
    )


def test_a_freeze_voids_an_invoice_that_was_opened_ahead() -> None:
    assert pausing.freeze(OPENED_AHEAD, until=UNTIL, at=IN_THE_PERIOD) == Change(
        replace(FROZEN, version=4),
        Event.FROZEN,
        voids_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE, "until": rfc3339(UNTIL)},
    )


def test_a_provider_that_waits_for_the_customer_is_told() -> None:
    change = pausing.freeze(CONFIRMING, until=UNTIL, at=IN_THE_PERIOD)

    assert (change.state.open_invoice, change.state.withdrawing_payment_id) == (None, PAYMENT)
    assert change.voids_invoice_id == OPEN_INVOICE


def test_what_is_frozen_waits_for_no_operator() -> None:
    rejected = replace(trying(PARKED, attempt(AttemptStage.DUE, CARD)), parked_reason="provider_rejected")

    assert pausing.freeze(rejected, until=UNTIL, at=IN_THE_PERIOD).state.parked_reason is None


@pytest.mark.parametrize(
    ("state", "until", "at", "code"),
    [
        pytest.param(ACTIVE, None, PERIOD.end, RefusalCode.FREEZE_ONLY_FROM_ACTIVE, id="not paid"),
        pytest.param(PARKED, None, IN_THE_PERIOD, RefusalCode.PAYMENT_IN_PROGRESS, id="charging"),
        pytest.param(FROZEN, None, IN_THE_PERIOD, RefusalCode.FREEZE_ONLY_FROM_ACTIVE, id="frozen"),
        pytest.param(ACTIVE, IN_THE_PERIOD, IN_THE_PERIOD, RefusalCode.FREEZE_UNTIL_IS_PAST, id="until now"),
        pytest.param(
            ACTIVE,
            IN_THE_PERIOD + 30 * DAY + timedelta(seconds=1),
            IN_THE_PERIOD,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
            id="too long",
        ),
        pytest.param(
            replace(ACTIVE, frozen_time=FrozenTime(0, 30 * 86_400)),
            None,
            IN_THE_PERIOD,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
            id="nothing left",
        ),
        pytest.param(
            replace(ACTIVE, plan=replace(MONTHLY, freeze_days_per_year=0)),
            None,
            IN_THE_PERIOD,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
            id="a plan without",
        ),
    ],
)
def test_what_is_not_frozen(
    state: SubscriptionState, until: datetime | None, at: datetime, code: RefusalCode
) -> None:
    with pytest.raises(Refused) as refused:
        pausing.freeze(state, until=until, at=at)

    assert refused.value.code is code


def test_the_paid_end_moves_by_the_frozen_time_and_becomes_the_anchor() -> None:
    assert pausing.unfreeze(FROZEN, UNTIL) == Change(
        replace(
            FROZEN,
            version=4,
            status=Status.ACTIVE,
            anchor=Anchor(MOVED_END, billing_day=10),
            period_index=-1,
            period=Period(STARTED_AT, MOVED_END),
            freeze=None,
            frozen_time=FrozenTime(year=0, seconds=10 * 86_400),
            frozen_microseconds=10 * 86_400 * 10**6,
            altered_at=UNTIL,
        ),
        Event.UNFROZEN,
        stretch=Stretch(IN_THE_PERIOD, UNTIL),
        details={"frozen_seconds": 10 * 86_400},
    )


def test_after_a_freeze_the_next_period_begins_at_the_moved_end() -> None:
    thawed = pausing.unfreeze(FROZEN, UNTIL).state
    upcoming = next_period(thawed, MOVED_END)

    assert (upcoming.index, upcoming.skipped_count) == (0, 0)
    assert upcoming.period == Period(MOVED_END, instant("2026-04-10T09:30"))


def test_a_period_that_was_paid_ahead_moves_whole() -> None:
    frozen = replace(PAID_AHEAD, status=Status.FROZEN, freeze=FROZEN.freeze)
    thawed = pausing.unfreeze(frozen, UNTIL).state
    last_end = SECOND_PERIOD.end + 10 * DAY

    assert thawed == replace(
        PAID_AHEAD,
        version=5,
        anchor=Anchor(last_end, billing_day=10),
        period_index=-2,
        period=Period(STARTED_AT, MOVED_END),
        paid_ahead=PaidAhead(-1, Period(MOVED_END, last_end)),
        frozen_time=FrozenTime(year=0, seconds=10 * 86_400),
        frozen_microseconds=10 * 86_400 * 10**6,
        altered_at=UNTIL,
    )
    begun = begin_paid_period(thawed).state
    assert next_period(begun, last_end).period == Period(last_end, instant("2026-05-10T09:30"))


def test_a_period_of_another_plan_that_was_paid_ahead_begins_with_that_plan() -> None:
    of_family = PaidAhead(1, SECOND_PERIOD, switch=Switch(FAMILY, ACTIVE.anchor))
    frozen = replace(PAID_AHEAD, status=Status.FROZEN, freeze=FROZEN.freeze, paid_ahead=of_family)
    thawed = pausing.unfreeze(frozen, UNTIL).state
    last_end = SECOND_PERIOD.end + 10 * DAY
    anchor = Anchor(last_end, billing_day=10)

    assert thawed.paid_ahead == PaidAhead(-1, Period(MOVED_END, last_end), switch=Switch(FAMILY, anchor))
    begun = begin_paid_period(thawed).state
    assert (begun.plan, begun.anchor) == (FAMILY, anchor)
    assert next_period(begun, last_end).period == Period(last_end, instant("2026-05-10T09:30"))


def test_an_early_unfreeze_spends_only_what_was_frozen() -> None:
    change = pausing.unfreeze(FROZEN, IN_THE_PERIOD + DAY)

    assert change.state.frozen_time == FrozenTime(year=0, seconds=86_400)
    assert change.state.period.end == PERIOD.end + DAY


def test_what_is_to_end_with_its_period_still_does_after_a_freeze() -> None:
    frozen = pausing.freeze(CANCELING, until=UNTIL, at=IN_THE_PERIOD).state
    thawed = pausing.unfreeze(frozen, UNTIL).state

    assert (thawed.cancel_at_period_end, thawed.canceled_at) == (True, IN_THE_PERIOD)


def test_what_is_frozen_without_an_instant_is_a_fault() -> None:
    with pytest.raises(ValueError, match="subscription 7 is frozen since no instant"):
        pausing.unfreeze(replace(FROZEN, freeze=None), UNTIL)
