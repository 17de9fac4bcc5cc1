"""What a start would bill: single cases, and what is refused. Amounts are in docs/pricing.md."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.forecast import forecast
from domain.invoice import BillingReason
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status
from domain.tenders import GiftMoney, Purse, Tenders
from tests.domain.states import (
    DAY,
    IN_THE_PERIOD,
    MOMENT,
    MONTHLY,
    ON_TRIAL,
    PERIOD,
    SECOND_PERIOD,
    STARTED_AT,
    THIRD_PERIOD,
    TRIAL,
    YEARLY,
)

START = PlannedStart(MONTHLY, STARTED_AT)
PLUS = replace(MONTHLY, code="P1M-PLUS", price_cents=2_990)
HALF = Promo("CIAO", 50, None, None, plan_codes=(), periods_left=1)


def test_a_start_and_its_renewals() -> None:
    seen = forecast(START, 3)

    assert [(invoice.billing_reason, invoice.period) for invoice in seen.invoices] == [
        (BillingReason.SUBSCRIPTION_CREATE, PERIOD),
        (BillingReason.SUBSCRIPTION_CYCLE, SECOND_PERIOD),
        (BillingReason.SUBSCRIPTION_CYCLE, THIRD_PERIOD),
    ]
    assert (seen.state.status, seen.state.period) == (Status.ACTIVE, THIRD_PERIOD)
    assert seen.trial_ends_at is None


def test_a_trial_is_no_billing_period_and_its_end_is_the_anchor() -> None:
    seen = forecast(PlannedStart(ON_TRIAL, STARTED_AT, promo=HALF, is_trial=True), 2)

    assert seen.trial_ends_at == TRIAL.end
    assert [(i.billing_reason, i.period.start, i.total_cents) for i in seen.invoices] == [
        (BillingReason.SUBSCRIPTION_CYCLE, TRIAL.end, 995),
        (BillingReason.SUBSCRIPTION_CYCLE, datetime.fromisoformat("2026-03-14T09:30Z"), 1_990),
    ]


def test_who_had_a_trial_pays_at_once() -> None:
    assert forecast(PlannedStart(ON_TRIAL, STARTED_AT), 1).invoices[0].period == PERIOD


def test_a_change_on_trial_bills_nothing() -> None:
    start = PlannedStart(ON_TRIAL, STARTED_AT, is_trial=True)
    seen = forecast(start, 1, [PlannedChange(STARTED_AT + DAY, YEARLY)])

    (invoice,) = seen.invoices
    assert (invoice.period.start, invoice.total_cents) == (TRIAL.end, YEARLY.price_cents)


def test_a_period_that_a_change_begins_is_one_of_them() -> None:
    seen = forecast(START, 2, [PlannedChange(IN_THE_PERIOD, YEARLY)])

    assert [invoice.billing_reason for invoice in seen.invoices] == [
        BillingReason.SUBSCRIPTION_CREATE,
        BillingReason.SUBSCRIPTION_UPDATE,
    ]
    assert seen.state.paid_until == IN_THE_PERIOD.replace(year=2027)


def test_in_the_last_period_it_is_one_more() -> None:
    seen = forecast(START, 1, [PlannedChange(IN_THE_PERIOD, YEARLY)])

    assert len(seen.invoices) == 2


def test_on_the_boundary_it_is_renewed_first() -> None:
    seen = forecast(START, 2, [PlannedChange(PERIOD.end, PLUS)])

    assert [invoice.total_cents for invoice in seen.invoices] == [1_990, 1_990, 1_000]
    assert seen.invoices[-1].period == SECOND_PERIOD


def test_what_thaws_at_an_instant_can_change_then() -> None:
    thawed_at = IN_THE_PERIOD + DAY
    seen = forecast(START, 1, [PlannedChange(thawed_at, PLUS)], [PlannedFreeze(IN_THE_PERIOD, thawed_at)])

    assert seen.invoices[-1].period.end == PERIOD.end + DAY == seen.state.paid_until


def test_a_freeze_over_the_boundary_moves_the_renewal() -> None:
    freeze = PlannedFreeze(PERIOD.end - DAY, PERIOD.end + 9 * DAY)
    seen = forecast(START, 2, freezes=[freeze])

    assert seen.invoices[-1].period.start == PERIOD.end + 10 * DAY
    assert seen.state.status is Status.ACTIVE


def test_from_its_first_instant_on_it_can_be_frozen() -> None:
    seen = forecast(START, 1, freezes=[PlannedFreeze(STARTED_AT, STARTED_AT + 5 * DAY)])

    assert (seen.state.status, seen.state.paid_until) == (Status.ACTIVE, PERIOD.end + 5 * DAY)


def test_before_it_begins_nobody_freezes_it_and_is_told_why() -> None:
    with pytest.raises(Refused) as refused:
        forecast(START, 1, freezes=[PlannedFreeze(STARTED_AT - MOMENT, STARTED_AT + DAY)])

    assert refused.value == Refused(
        RefusalCode.FREEZE_ONLY_FROM_ACTIVE, "the subscription has not begun by then"
    )


def test_a_freeze_in_the_last_period_is_over_in_the_end() -> None:
    seen = forecast(START, 1, freezes=[PlannedFreeze(IN_THE_PERIOD, IN_THE_PERIOD + 5 * DAY)])

    assert (seen.state.status, seen.state.paid_until) == (Status.ACTIVE, PERIOD.end + 5 * DAY)


def test_a_credit_is_to_the_cent_what_was_charged() -> None:
    """7 of 30 days at 19.90, 15 % off: 7/30 of 16.91 is 3.95, where 4.64 less 15 % would be 3.94."""
    dear = replace(MONTHLY, code="DEAR", period_iso="P30D", price_cents=9_990)
    cheap = replace(dear, code="CHEAP", price_cents=1_990)
    at = STARTED_AT + 23 * DAY
    start = PlannedStart(dear, STARTED_AT, promo=replace(HALF, percent_off=15))
    *_, changed, changed_back = forecast(
        start, 1, [PlannedChange(at, cheap), PlannedChange(at + MOMENT, dear)]
    ).invoices

    assert (changed.charge_cents, changed_back.credit_cents) == (395, 395)


def test_a_gift_card_pays_until_it_expires() -> None:
    purse = Purse((GiftMoney(1, 3_000), GiftMoney(2, 9_000)))
    start = replace(START, purse=purse, expiries={1: SECOND_PERIOD.start, 2: THIRD_PERIOD.start + MOMENT})
    seen = forecast(start, 4)

    assert [invoice.tenders for invoice in seen.invoices] == [
        Tenders((GiftMoney(1, 1_990),)),
        Tenders((GiftMoney(2, 1_990),)),
        Tenders((GiftMoney(2, 1_990),)),
        Tenders(),
    ]
    assert seen.purse == Purse((GiftMoney(1, 1_010), GiftMoney(2, 5_020)))


def test_a_change_is_paid_with_the_gift_cards_that_hold_at_its_instant() -> None:
    purse = Purse((GiftMoney(1, 2_990), GiftMoney(2, 100)))
    start = replace(START, purse=purse, expiries={1: IN_THE_PERIOD, 2: IN_THE_PERIOD + MOMENT})
    started, changed = forecast(start, 1, [PlannedChange(IN_THE_PERIOD, PLUS)]).invoices

    assert started.tenders == Tenders((GiftMoney(1, 1_990),))
    assert changed.tenders == Tenders((GiftMoney(2, 100),))


DOLLARS = replace(PLUS, currency="USD")
REDUCED = replace(PLUS, vat_rate_bp=400)
TRYING = PlannedStart(ON_TRIAL, STARTED_AT, is_trial=True)


@pytest.mark.parametrize(
    ("start", "change", "code"),
    [
        (START, PlannedChange(STARTED_AT - MOMENT, PLUS), RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (START, PlannedChange(SECOND_PERIOD.end, PLUS), RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (START, PlannedChange(IN_THE_PERIOD, MONTHLY), RefusalCode.PLAN_UNCHANGED),
        (START, PlannedChange(IN_THE_PERIOD, DOLLARS), RefusalCode.CURRENCY_MISMATCH),
        (START, PlannedChange(IN_THE_PERIOD, REDUCED), RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (TRYING, PlannedChange(STARTED_AT - MOMENT, PLUS), RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
    ],
    ids=[
        "before the start",
        "after the last period",
        "the same plan",
        "another currency",
        "another VAT rate",
        "before a trial",
    ],
)
def test_a_change_that_is_refused(start: PlannedStart, change: PlannedChange, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        forecast(start, 2, [change])
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("start", "freezes", "code"),
    [
        (START, [(-1, 1)], RefusalCode.FREEZE_ONLY_FROM_ACTIVE),
        (START, [(200, 1)], RefusalCode.FREEZE_ONLY_FROM_ACTIVE),
        (START, [(10, 31)], RefusalCode.FREEZE_ALLOWANCE_SPENT),
        (START, [(1, 20), (22, 11)], RefusalCode.FREEZE_ALLOWANCE_SPENT),
        (START, [(1, 5), (3, 1)], RefusalCode.FREEZE_ONLY_FROM_ACTIVE),
        (START, [(1, 0)], RefusalCode.FREEZE_UNTIL_IS_PAST),
        (TRYING, [(1, 1)], RefusalCode.FREEZE_ONLY_FROM_ACTIVE),
    ],
    ids=["before", "after", "too long", "too often", "while frozen", "no time", "on trial"],
)
def test_a_freeze_that_is_refused(
    start: PlannedStart, freezes: list[tuple[int, int]], code: RefusalCode
) -> None:
    """Each on a day after the start, for so many days."""
    planned = [
        PlannedFreeze(STARTED_AT + timedelta(at), STARTED_AT + timedelta(at + days)) for at, days in freezes
    ]
    with pytest.raises(Refused) as refused:
        forecast(start, 2, freezes=planned)
    assert refused.value.code is code


def test_a_change_while_it_is_frozen_is_refused() -> None:
    freeze = PlannedFreeze(IN_THE_PERIOD, IN_THE_PERIOD + 5 * DAY)

    with pytest.raises(Refused) as refused:
        forecast(START, 1, [PlannedChange(IN_THE_PERIOD + DAY, PLUS)], [freeze])
    assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE
