"""What each allowed change does to the whole state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.lifecycle import Change, Event, activate, cancel, end_period, expire, uncancel
from domain.subscription import Status
from tests.domain.states import ACTIVE, CANCELING, IN_THE_PERIOD, INCOMPLETE, OPEN_INVOICE, PERIOD

LATER = IN_THE_PERIOD + timedelta(days=3)


def test_activation_keeps_the_period_that_began_with_the_start() -> None:
    assert activate(INCOMPLETE) == Change(
        replace(INCOMPLETE, version=2, status=Status.ACTIVE, open_invoice_id=None), Event.ACTIVATED
    )


def test_expiry_gives_up_the_open_invoice() -> None:
    assert expire(INCOMPLETE, LATER) == Change(
        replace(
            INCOMPLETE, version=2, status=Status.INCOMPLETE_EXPIRED, open_invoice_id=None, ended_at=LATER
        ),
        Event.EXPIRED,
        voids_invoice_id=OPEN_INVOICE,
    )


@pytest.mark.parametrize("at_period_end", [True, False])
def test_what_was_never_paid_is_canceled_at_once(*, at_period_end: bool) -> None:
    assert cancel(INCOMPLETE, at_period_end=at_period_end, at=LATER) == Change(
        replace(
            INCOMPLETE,
            version=2,
            status=Status.CANCELED,
            open_invoice_id=None,
            canceled_at=LATER,
            ended_at=LATER,
        ),
        Event.CANCELED,
        voids_invoice_id=OPEN_INVOICE,
    )


def test_a_cancellation_at_the_periods_end_is_only_noted() -> None:
    assert cancel(ACTIVE, at_period_end=True, at=LATER) == Change(
        replace(ACTIVE, version=3, cancel_at_period_end=True, canceled_at=LATER), Event.CANCEL_SCHEDULED
    )


def test_a_cancellation_now_ends_it() -> None:
    assert cancel(ACTIVE, at_period_end=False, at=LATER) == Change(
        replace(ACTIVE, version=3, status=Status.CANCELED, canceled_at=LATER, ended_at=LATER), Event.CANCELED
    )


def test_a_cancellation_now_after_a_scheduled_one_was_wanted_since_the_first() -> None:
    assert cancel(CANCELING, at_period_end=False, at=LATER) == Change(
        replace(
            CANCELING,
            version=4,
            status=Status.CANCELED,
            cancel_at_period_end=False,
            canceled_at=IN_THE_PERIOD,
            ended_at=LATER,
        ),
        Event.CANCELED,
    )


def test_a_withdrawn_cancellation_leaves_no_trace_in_the_state() -> None:
    assert uncancel(CANCELING) == Change(replace(ACTIVE, version=4), Event.CANCEL_WITHDRAWN)


def test_a_period_ends_at_its_nominal_end() -> None:
    assert end_period(ACTIVE) == Change(
        replace(ACTIVE, version=3, status=Status.CANCELED, ended_at=PERIOD.end), Event.ENDED
    )


def test_a_scheduled_cancellation_is_carried_out_with_the_period() -> None:
    assert end_period(CANCELING) == Change(
        replace(
            CANCELING, version=4, status=Status.CANCELED, cancel_at_period_end=False, ended_at=PERIOD.end
        ),
        Event.ENDED,
    )
