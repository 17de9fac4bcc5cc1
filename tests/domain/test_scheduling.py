"""What the next period is of: chosen, taken back, or moved to another price."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import changing, ending, pausing, paying, renewing
from domain.billing_calendar import Anchor, Period
from domain.changing import When
from domain.collecting import Switch
from domain.instant import rfc3339
from domain.invoice import BillingReason, Invoice, InvoiceLine, LineKind
from domain.lifecycle import Change, Event
from domain.plan import PlanTerms
from domain.plan_choice import (
    Foreseen,
    Way,
    check_instant,
    choose_way,
    foresee_free,
    foresee_later,
    not_made,
)
from domain.refusals import RefusalCode, Refused
from domain.scheduling import PriceMove, price_move, schedule, schedule_price, take_back
from domain.subscription import PaidAhead, SubscriptionState
from domain.tenders import EMPTY_PURSE, Purse, Tenders
from tests.domain.plan_changes import HALF_OFF
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHANGING,
    CHARGING,
    DAY,
    FAMILY,
    FREEZE,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    MONTHLY,
    OPEN_INVOICE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PAST_DUE,
    PERIOD,
    REMINDED_AT,
    SCHEDULED,
    SECOND_PERIOD,
    THIRD_PERIOD,
    TRIALING,
    UNPAID,
    YEARLY,
)

DEARER = replace(MONTHLY, price_cents=2_490, price_version=2)
STILL_DEARER = replace(DEARER, price_cents=2_990, price_version=3)
MOVING = replace(ACTIVE, moved_price=DEARER)
MOVING_AS_BEFORE = replace(ACTIVE, scheduled_plan=DEARER)
"""Written before a price was kept beside what is chosen."""

CHOOSING_WHILE_MOVING = replace(SCHEDULED, moved_price=DEARER)
OTHER_AHEAD = replace(ACTIVE, paid_ahead=PaidAhead(1, SECOND_PERIOD, switch=Switch(FAMILY, ACTIVE.anchor)))
FROZEN_FOR = FREEZE.until - FREEZE.since


def frozen_at(since: datetime) -> SubscriptionState:
    return replace(FROZEN, freeze=replace(FREEZE, since=since, until=since + FROZEN_FOR))


NOT_RUNNING = (INCOMPLETE, PAST_DUE, UNPAID, CANCELED)


@pytest.mark.parametrize(
    ("state", "wanted", "asked", "way"),
    [
        (ACTIVE, FAMILY, None, Way.NOW),
        (ACTIVE, FAMILY, When.PERIOD_END, Way.PERIOD_END),
        (replace(ACTIVE, plan=YEARLY), MONTHLY, None, Way.PERIOD_END),
        (replace(ACTIVE, plan=YEARLY), MONTHLY, When.NOW, Way.NOW),
        (SCHEDULED, MONTHLY, None, Way.TAKEN_BACK),
        (SCHEDULED, YEARLY, None, Way.NOW),
        (CHANGING, MONTHLY, When.NOW, Way.TAKEN_BACK),
        (CHANGING, FAMILY, None, Way.NOW),
        (CHANGING, YEARLY, When.PERIOD_END, Way.PERIOD_END),
        (TRIALING, FAMILY, When.PERIOD_END, Way.ON_TRIAL),
        (replace(TRIALING, paid_ahead=PAID_AHEAD.paid_ahead), FAMILY, When.PERIOD_END, Way.PERIOD_END),
        (OTHER_AHEAD, MONTHLY, None, Way.PERIOD_END),
        (PAID_AHEAD, FAMILY, When.PERIOD_END, Way.PERIOD_END),
    ],
)
def test_which_way_a_wish_goes(
    state: SubscriptionState, wanted: PlanTerms, asked: When | None, way: Way
) -> None:
    assert choose_way(state, wanted, asked) is way


@pytest.mark.parametrize(
    ("state", "wanted", "code"),
    [
        (ACTIVE, MONTHLY, RefusalCode.PLAN_UNCHANGED),
        (MOVING, MONTHLY, RefusalCode.PLAN_UNCHANGED),
        (MOVING_AS_BEFORE, MONTHLY, RefusalCode.PLAN_UNCHANGED),
        (OTHER_AHEAD, FAMILY, RefusalCode.PLAN_UNCHANGED),
        (TRIALING, TRIALING.plan, RefusalCode.PLAN_UNCHANGED),
        (CHARGING, MONTHLY, RefusalCode.PAYMENT_IN_PROGRESS),
        (CANCELED, FAMILY, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (PAID_AHEAD, FAMILY, RefusalCode.RENEWAL_ALREADY_PAID),
        (replace(ACTIVE, parked_reason="by hand"), FAMILY, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (replace(TRIALING, parked_reason="by hand"), FAMILY, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (PAST_DUE, MONTHLY, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
    ],
)
def test_a_wish_that_is_refused(state: SubscriptionState, wanted: PlanTerms, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        choose_way(state, wanted, None)

    assert refused.value.code is code


@pytest.mark.parametrize("state", [OPENED_AHEAD, CHANGING])
def test_what_is_open_makes_way_for_what_was_chosen(state: SubscriptionState) -> None:
    change = schedule(state, YEARLY)

    assert (change.voids_invoice_id, change.event) == (OPEN_INVOICE, Event.PLAN_CHANGE_SCHEDULED)
    assert change.state == replace(state, version=state.version + 1, open_invoice=None, scheduled_plan=YEARLY)
    assert change.details == {
        "invoice_id": OPEN_INVOICE,
        "from_plan": "P1M",
        "from_price_version": 1,
        "to_plan": "P1Y",
        "price_version": 1,
    }


def test_the_plan_that_it_is_on_is_no_other_one() -> None:
    """Nothing is kept as a choice where nothing else is to follow."""
    assert schedule(SCHEDULED, MONTHLY) == Change(
        replace(ACTIVE, version=4),
        Event.PLAN_CHANGE_SCHEDULED,
        details={"from_plan": "P1M", "from_price_version": 1, "to_plan": "P1M", "price_version": 1},
    )


def test_the_next_period_is_of_what_was_chosen() -> None:
    same_length = renewing.next_period(schedule(ACTIVE, FAMILY).state, PERIOD.end)
    a_year = renewing.next_period(schedule(ACTIVE, YEARLY).state, PERIOD.end)

    assert (same_length.index, same_length.period, same_length.plan) == (1, SECOND_PERIOD, FAMILY)
    assert (a_year.index, a_year.period.start) == (0, PERIOD.end)
    assert a_year.period.end == PERIOD.end.replace(year=2027)
    assert a_year.switch == Switch(YEARLY, Anchor.starting(PERIOD.end))


def test_after_a_period_of_another_plan_that_was_paid_ahead_it_goes_back() -> None:
    chosen = schedule(OTHER_AHEAD, MONTHLY).state
    begun = renewing.begin_paid_period(chosen).state

    assert (chosen.scheduled_plan, begun.plan, begun.scheduled_plan) == (MONTHLY, FAMILY, MONTHLY)


def test_taken_back_it_stays_and_what_waits_is_dropped() -> None:
    stays = Change(replace(ACTIVE, version=4), Event.PLAN_CHANGE_TAKEN_BACK, details={"plan": "P1M"})

    assert take_back(SCHEDULED) == stays
    assert take_back(CHANGING) == replace(
        stays, voids_invoice_id=OPEN_INVOICE, details={"invoice_id": OPEN_INVOICE, "plan": "P1M"}
    )


@pytest.mark.parametrize("moving", [MOVING, MOVING_AS_BEFORE])
def test_a_price_that_moves_is_not_taken_back(moving: SubscriptionState) -> None:
    """Whatever is chosen after it, once or twice, at once or for later."""
    once = schedule(moving, FAMILY).state
    twice = schedule(once, YEARLY).state
    pending = replace(moving, open_invoice=CHANGING.open_invoice)

    assert (once.next_plan, twice.next_plan) == (FAMILY, YEARLY)
    for taken_back in (take_back(once), take_back(twice), take_back(pending), changing.expire(pending)):
        assert taken_back.state.next_plan == DEARER
    assert renewing.next_period(take_back(twice).state, PERIOD.end).plan == DEARER


DECISIONS: dict[str, Callable[[SubscriptionState], Change | None]] = {
    "another plan later": lambda state: schedule(state, FAMILY),
    "yet another later": lambda state: schedule(state, YEARLY),
    "another plan now": lambda state: changing.opened(state, CHANGING.unpaid_invoice),
    "taken back": take_back,
    "not paid in time": changing.expire,
    "made way": changing.drop_for_another,
    "canceled": lambda state: ending.cancel(state, at_period_end=True, at=IN_THE_PERIOD),
    "uncanceled": ending.uncancel,
    "frozen": lambda state: pausing.freeze(state, until=None, at=IN_THE_PERIOD),
    "thawed": lambda state: pausing.unfreeze(state, IN_THE_PERIOD + DAY),
    "its price moves": lambda state: schedule_price(state, DEARER, IN_THE_PERIOD),
}


@given(
    st.sampled_from([MOVING, MOVING_AS_BEFORE, CHOOSING_WHILE_MOVING]),
    st.lists(st.sampled_from(sorted(DECISIONS))),
)
def test_nothing_that_is_chosen_or_voided_takes_a_price_away(
    state: SubscriptionState, names: list[str]
) -> None:
    for name in names:
        with suppress(Refused, ValueError):  # not possible at that moment
            change = DECISIONS[name](state)
            state = change.state if change else state

        assert state.coming_price == DEARER
        assert state.next_plan in {DEARER, FAMILY, YEARLY}


def test_a_price_moves_beside_a_choice_that_was_made_before() -> None:
    change = schedule_price(SCHEDULED, DEARER, IN_THE_PERIOD)
    assert change is not None

    assert change.state == replace(CHOOSING_WHILE_MOVING, version=4)
    assert (change.state.next_plan, change.details["chosen_plan"]) == (YEARLY, "P1Y")
    assert take_back(change.state).state.next_plan == DEARER


def test_a_price_that_moves_while_frozen_is_announced_for_the_renewal_that_it_will_be() -> None:
    change = schedule_price(FROZEN, DEARER, REMINDED_AT)
    assert change is not None

    assert change.state == replace(FROZEN, version=4, moved_price=DEARER)
    assert change.details["renews_at"] == rfc3339(PERIOD.end + FROZEN_FOR)


def test_a_newer_price_takes_the_place_of_one_that_was_kept_as_a_choice() -> None:
    change = schedule_price(MOVING_AS_BEFORE, STILL_DEARER, IN_THE_PERIOD)
    assert change is not None

    assert change.state == replace(ACTIVE, version=3, moved_price=STILL_DEARER)
    assert "chosen_plan" not in change.details


def test_whoever_is_really_on_another_plan_leaves_the_price_behind() -> None:
    billed = renewing.next_period(CHOOSING_WHILE_MOVING, PERIOD.end)
    renewed = renewing.begin(
        CHOOSING_WHILE_MOVING, PaidAhead(billed.index, billed.period, switch=billed.switch)
    )
    at_once = paying.covered(replace(CHANGING, moved_price=DEARER), IN_THE_PERIOD).state
    trying = changing.on_trial(replace(TRIALING, moved_price=DEARER), FAMILY).state

    for state, plan in ((renewed, YEARLY), (at_once, FAMILY), (trying, FAMILY)):
        assert (state.plan, state.next_plan, state.moved_price) == (plan, plan, None)


def test_a_price_has_moved_once_it_is_billed() -> None:
    billed = renewing.next_period(MOVING, PERIOD.end)
    renewed = renewing.begin(MOVING, PaidAhead(billed.index, billed.period, switch=billed.switch))

    assert (renewed.plan, renewed.moved_price, renewed.next_plan) == (DEARER, None, DEARER)


def test_a_price_moves_after_a_period_that_was_paid_ahead() -> None:
    change = schedule_price(PAID_AHEAD, DEARER, IN_THE_PERIOD)
    assert change is not None

    begun = renewing.begin_paid_period(change.state).state
    assert (begun.plan, begun.next_plan) == (MONTHLY, DEARER)


def test_a_newer_price_outlasts_the_period_that_was_paid_ahead_at_the_one_before() -> None:
    """Who was told of it is billed at it after that period, and not for ever at the one in between."""
    at_dearer = PaidAhead(1, SECOND_PERIOD, switch=Switch(DEARER, ACTIVE.anchor))
    change = schedule_price(replace(MOVING, paid_ahead=at_dearer), STILL_DEARER, IN_THE_PERIOD)
    assert change is not None

    assert renewing.begin_paid_period(change.state) == Change(
        replace(
            ACTIVE,
            version=4,
            plan=DEARER,
            period_index=1,
            period=SECOND_PERIOD,
            moved_price=STILL_DEARER,
        ),
        Event.PERIOD_BEGUN,
    )


@pytest.mark.parametrize(
    ("state", "at", "move"),
    [
        (ACTIVE, IN_THE_PERIOD, PriceMove.MOVES),
        (ACTIVE, REMINDED_AT - timedelta(microseconds=1), PriceMove.MOVES),
        (ACTIVE, REMINDED_AT, PriceMove.TOO_NEAR),
        (OPENED_AHEAD, IN_THE_PERIOD, PriceMove.TOO_NEAR),
        (CHANGING, IN_THE_PERIOD, PriceMove.MOVES),
        (PAID_AHEAD, REMINDED_AT, PriceMove.MOVES),
        (FROZEN, IN_THE_PERIOD, PriceMove.MOVES),
        (FROZEN, REMINDED_AT, PriceMove.MOVES),
        (FROZEN, FREEZE.until, PriceMove.MOVES),
        (frozen_at(REMINDED_AT - timedelta(microseconds=1)), PERIOD.end, PriceMove.MOVES),
        (frozen_at(REMINDED_AT), REMINDED_AT + DAY, PriceMove.TOO_NEAR),
        (MOVING, IN_THE_PERIOD, PriceMove.DONE),
        (replace(MOVING, moved_price=STILL_DEARER), IN_THE_PERIOD, PriceMove.DONE),
        (replace(ACTIVE, plan=DEARER), IN_THE_PERIOD, PriceMove.DONE),
        (MOVING_AS_BEFORE, IN_THE_PERIOD, PriceMove.DONE),
        (SCHEDULED, IN_THE_PERIOD, PriceMove.MOVES),
        (SCHEDULED, REMINDED_AT, PriceMove.TOO_NEAR),
        (CHOOSING_WHILE_MOVING, IN_THE_PERIOD, PriceMove.DONE),
        (CANCELING, IN_THE_PERIOD, PriceMove.LEAVES),
        (replace(ACTIVE, plan=FAMILY), IN_THE_PERIOD, PriceMove.NOT_RUNNING),
        *(
            (state, IN_THE_PERIOD, PriceMove.NOT_RUNNING)
            for state in (INCOMPLETE, PAST_DUE, UNPAID, CANCELED)
        ),
    ],
)
def test_whose_price_moves(state: SubscriptionState, at: datetime, move: PriceMove) -> None:
    assert price_move(state, DEARER, at) is move
    assert (schedule_price(state, DEARER, at) is not None) == (move is PriceMove.MOVES)


def test_a_price_moves_with_the_next_renewal_and_is_told() -> None:
    change = schedule_price(ACTIVE, DEARER, IN_THE_PERIOD)
    assert change is not None

    assert change == Change(
        replace(ACTIVE, version=3, moved_price=DEARER),
        Event.PRICE_CHANGE_SCHEDULED,
        details={
            "plan": "P1M",
            "from_price_version": 1,
            "price_version": 2,
            "price_cents": 2_490,
            "currency": "EUR",
            "from_price_cents": 1_990,
            "renews_at": "2026-02-28T09:30:00Z",
        },
    )
    assert renewing.next_period(change.state, PERIOD.end).switch == Switch(DEARER, ACTIVE.anchor)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (changing.drop_for_another(CHANGING), RefusalCode.PLAN_CHANGE_REPLACED),
        (schedule(CHANGING, YEARLY), RefusalCode.PLAN_CHANGE_REPLACED),
        (take_back(CHANGING), RefusalCode.PLAN_CHANGE_REPLACED),
        (ending.cancel(CHANGING, at_period_end=True, at=IN_THE_PERIOD), RefusalCode.PLAN_CHANGE_VOIDED),
        (ending.withdraw(CHANGING, IN_THE_PERIOD), RefusalCode.PLAN_CHANGE_VOIDED),
        (pausing.freeze(CHANGING, until=None, at=IN_THE_PERIOD), RefusalCode.PLAN_CHANGE_VOIDED),
        (changing.expire(CHANGING), RefusalCode.PLAN_CHANGE_VOIDED),
    ],
)
def test_why_a_change_is_not_made(change: Change | None, code: RefusalCode) -> None:
    assert change is not None

    assert change.details["invoice_id"] == OPEN_INVOICE
    assert not_made([Event.PLAN_CHANGE_OPENED, change.event]).code is code


def test_what_a_change_later_will_bill() -> None:
    def seen(state: SubscriptionState, wanted: PlanTerms, way: Way) -> tuple[Period, int | None]:
        foreseen = foresee_later(state, wanted, way, IN_THE_PERIOD).paid_from(EMPTY_PURSE)
        assert foreseen.when is When.PERIOD_END
        return foreseen.period, foreseen.invoice.amount_due_cents if foreseen.invoice else None

    assert seen(ACTIVE, FAMILY, Way.PERIOD_END) == (SECOND_PERIOD, 3_990)
    assert seen(PAID_AHEAD, FAMILY, Way.PERIOD_END) == (THIRD_PERIOD, 3_990)
    assert seen(SCHEDULED, MONTHLY, Way.TAKEN_BACK) == (SECOND_PERIOD, 1_990)


def test_what_a_change_later_will_bill_is_less_the_promo_and_paid_from_the_purse() -> None:
    later = foresee_later(replace(ACTIVE, promo=HALF_OFF), FAMILY, Way.PERIOD_END, IN_THE_PERIOD)

    assert later.paid_from(Purse((), 500)) == Foreseen(
        When.PERIOD_END,
        SECOND_PERIOD,
        "EUR",
        Invoice(
            BillingReason.SUBSCRIPTION_CYCLE,
            SECOND_PERIOD,
            "EUR",
            2_200,
            (
                InvoiceLine(LineKind.PLAN, "One month, family", SECOND_PERIOD, 3_990),
                InvoiceLine(LineKind.DISCOUNT, "Promo code HALF", SECOND_PERIOD, -1_995),
            ),
            Tenders((), 500),
            "HALF",
        ),
    )


def test_on_trial_nothing_is_billed_before_its_end() -> None:
    """After it the first period is, where its payment was still waited for."""
    trial = TRIALING.period
    free = foresee_free(TRIALING, FAMILY, Way.ON_TRIAL, trial.start)
    later = foresee_later(TRIALING, FAMILY, Way.ON_TRIAL, trial.end).paid_from(EMPTY_PURSE)

    assert free == Foreseen(When.NOW, trial, "EUR", None)
    assert foresee_free(TRIALING, FAMILY, Way.ON_TRIAL, trial.end) is None
    assert foresee_free(ACTIVE, FAMILY, Way.PERIOD_END, IN_THE_PERIOD) is None
    assert (later.when, later.period.start) == (When.NOW, trial.end)
    assert later.invoice is not None
    assert later.invoice.amount_due_cents == 3_990


def test_a_gift_card_has_to_be_valid_when_the_period_begins() -> None:
    """However early it is billed or foreseen, or late."""
    for at in (IN_THE_PERIOD, PERIOD.end, PERIOD.end + DAY):
        assert renewing.next_period(ACTIVE, at).cards_valid_at == PERIOD.end
        later = foresee_later(ACTIVE, FAMILY, Way.PERIOD_END, at)
        assert later.upcoming.cards_valid_at == PERIOD.end


@pytest.mark.parametrize("way", [Way.PERIOD_END, Way.TAKEN_BACK, Way.ON_TRIAL])
def test_what_follows_on_the_period_is_chosen_after_its_end_too(way: Way) -> None:
    """While its renewal is not paid. What is at once is not, and nobody sees further ahead."""
    check_instant(ACTIVE, way, PERIOD.end, PERIOD.end)
    check_instant(ACTIVE, way, PERIOD.end + DAY, PERIOD.end + DAY)
    check_instant(ACTIVE, way, IN_THE_PERIOD, PERIOD.end + DAY)
    check_instant(ACTIVE, Way.NOW, IN_THE_PERIOD, IN_THE_PERIOD)

    for refused_way, at, now in (
        (Way.NOW, PERIOD.end, PERIOD.end),
        (way, PERIOD.end, IN_THE_PERIOD),
        (way, PERIOD.start - DAY, IN_THE_PERIOD),
    ):
        with pytest.raises(Refused) as refused:
            check_instant(ACTIVE, refused_way, at, now)
        assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE
