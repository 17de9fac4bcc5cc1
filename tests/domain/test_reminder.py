"""The announcement of a renewal follows the renewal: moved with it, dropped with it."""

from dataclasses import replace
from datetime import datetime

import pytest

from domain import ending, pausing, paying, renewing
from domain.invoice import BillingReason, Invoice, InvoiceLine, LineKind
from domain.lifecycle import Change
from domain.reminder import Reminder, next_reminder
from domain.subscription import SubscriptionState
from tests.domain.plan_changes import HALF_OFF
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CANCELED,
    CANCELING,
    DAY,
    EXPIRED,
    FREEZE,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    SECOND_PERIOD,
    STORED,
    TRIAL,
    TRIALING,
    UNPAID,
    YEARLY,
    attempt,
    instant,
    invoice,
)

SHORT, LONG = 3 * DAY, 7 * DAY
OF_FIRST = (PERIOD.end - SHORT, PERIOD.end)
OF_SECOND = (SECOND_PERIOD.end - SHORT, SECOND_PERIOD.end)
OF_TRIAL = (TRIAL.end - SHORT, TRIAL.end)


@pytest.mark.parametrize(
    ("state", "reminder"),
    [
        pytest.param(INCOMPLETE, None, id="not paid yet"),
        pytest.param(EXPIRED, None, id="never paid"),
        pytest.param(TRIALING, OF_TRIAL, id="a trial"),
        pytest.param(STORED, OF_FIRST, id="a renewal by card"),
        pytest.param(OPENED_AHEAD, OF_FIRST, id="a renewal by hand"),
        pytest.param(PAID_AHEAD, OF_SECOND, id="the one after what was paid ahead"),
        pytest.param(PAST_DUE, None, id="past due"),
        pytest.param(CANCELING, None, id="ending"),
        pytest.param(FROZEN, None, id="frozen"),
        pytest.param(UNPAID, None, id="left unpaid"),
        pytest.param(CANCELED, None, id="canceled"),
        pytest.param(replace(ACTIVE, plan=YEARLY), (PERIOD.end - LONG, PERIOD.end), id="a long plan"),
    ],
)
def test_which_renewal_is_announced(
    state: SubscriptionState, reminder: tuple[datetime, datetime] | None
) -> None:
    assert dates(next_reminder(state)) == reminder


def dates(reminder: Reminder | None) -> tuple[datetime, datetime] | None:
    return (reminder.due_at, reminder.renews_at) if reminder else None


def of(change: Change | None) -> tuple[datetime, datetime] | None:
    assert change is not None
    return dates(next_reminder(change.state))


def test_whatever_drops_the_renewal_drops_its_announcement() -> None:
    assert of(ending.cancel(ACTIVE, at_period_end=True, at=IN_THE_PERIOD)) is None
    assert of(ending.cancel(ACTIVE, at_period_end=False, at=IN_THE_PERIOD)) is None
    assert of(ending.withdraw(ACTIVE, IN_THE_PERIOD)) is None
    assert of(pausing.freeze(ACTIVE, until=None, at=IN_THE_PERIOD)) is None
    assert of(renewing.fall_due(OPENED_AHEAD, PERIOD.end)) is None


def test_whatever_moves_the_renewal_moves_its_announcement() -> None:
    moved_end = PERIOD.end + 10 * DAY
    trial_waits = replace(TRIALING, open_invoice=invoice(attempt(), index=0, period=AFTER_TRIAL))

    assert of(paying.paid(INCOMPLETE, PAYMENT, IN_THE_PERIOD)) == OF_FIRST
    assert of(pausing.unfreeze(FROZEN, FREEZE.until)) == (moved_end - SHORT, moved_end)
    assert of(paying.paid(OPENED_AHEAD, PAYMENT, PERIOD.end - DAY)) == OF_SECOND
    assert of(paying.paid(trial_waits, PAYMENT, TRIAL.end - DAY)) == (
        AFTER_TRIAL.end - SHORT,
        AFTER_TRIAL.end,
    )
    assert of(paying.paid(PAST_DUE, PAYMENT, PERIOD.end + DAY)) == OF_SECOND
    assert of(ending.uncancel(CANCELING)) == OF_FIRST
    reactivated = instant("2026-06-15T08:00")
    assert of(paying.paid(UNPAID, PAYMENT, instant("2026-05-15T08:00"))) == (reactivated - SHORT, reactivated)


def test_what_will_be_billed_is_announced_before_anything_is_taken_out_of_a_purse() -> None:
    assert next_reminder(replace(STORED, promo=HALF_OFF)) == Reminder(
        *OF_FIRST,
        "P1M",
        Invoice(
            BillingReason.SUBSCRIPTION_CYCLE,
            SECOND_PERIOD,
            "EUR",
            2_200,
            (
                InvoiceLine(LineKind.PLAN, "One month", SECOND_PERIOD, 1_990),
                InvoiceLine(LineKind.DISCOUNT, "Promo code HALF", SECOND_PERIOD, -995),
            ),
            promo_code="HALF",
        ),
    )


def test_a_period_begun_that_was_paid_ahead_keeps_its_announcement() -> None:
    assert next_reminder(renewing.begin_paid_period(PAID_AHEAD).state) == next_reminder(PAID_AHEAD)
