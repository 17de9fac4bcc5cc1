"""A change of plan at once: what it costs, whatever came before it in the period."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import changing, pausing, paying, renewing
from domain.billing_calendar import Anchor, Period
from domain.changing import ChangeOffer, When
from domain.invoice import TO_BALANCE_OF_OTHERS, TO_OWN_BALANCE, InvoiceLine, LineKind
from domain.lifecycle import Change, Event
from domain.plan import PlanTerms
from domain.pricing import PeriodPrice, Remainder
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from domain.tenders import EMPTY_PURSE, GiftMoney, Purse
from tests.domain.plan_changes import HALF_OFF, HALFWAY, ONLY_MONTHLY, ONLY_YEARLY, PAID, Changing, begun
from tests.domain.states import (
    ACTIVE,
    CANCELING,
    CHANGING,
    CHARGING,
    DAY,
    FAMILY,
    FROZEN,
    IN_THE_PERIOD,
    MONTHLY,
    OPEN_INVOICE,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PERIOD,
    SCHEDULED,
    TRIALING,
    YEARLY,
)

TO_BALANCE = LineKind.CREDIT_TO_BALANCE
QUARTERLY = replace(MONTHLY, code="P3M", period_iso="P3M", price_cents=4_990)


def lines(offer: ChangeOffer) -> list[tuple[LineKind, int]]:
    return [(line.kind, line.amount_cents) for line in offer.invoice.lines]


def test_up_inside_the_period_costs_the_difference_for_what_is_left() -> None:
    offer = begun().offer(FAMILY, HALFWAY)

    assert offer.invoice.lines == (
        InvoiceLine(
            LineKind.PRORATION_CHARGE,
            "Rest of the period on One month, family",
            Period(HALFWAY, PERIOD.end),
            1_995,
        ),
        InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", Period(HALFWAY, PERIOD.end), -995),
    )
    assert (offer.invoice.total_cents, offer.price) == (1_000, PeriodPrice(3_990))
    assert (offer.index, offer.period) == (0, Period(HALFWAY, PERIOD.end))


def test_to_another_interval_a_fresh_period_begins_with_the_credit_taken_off() -> None:
    customer = begun()
    offer = customer.change(YEARLY, HALFWAY)

    a_year = Period(HALFWAY, HALFWAY.replace(year=2027))
    assert offer.invoice.lines == (
        InvoiceLine(LineKind.PLAN, "One year", a_year, 14_900),
        InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", Period(HALFWAY, PERIOD.end), -995),
    )
    assert (customer.state.period, customer.state.period_index) == (a_year, 0)
    assert (customer.state.anchor, customer.state.plan) == (Anchor.starting(HALFWAY), YEARLY)


def test_a_credit_above_the_charge_goes_to_the_balance() -> None:
    offer = begun(FAMILY).offer(MONTHLY, HALFWAY)

    assert lines(offer) == [
        (LineKind.PRORATION_CHARGE, 995),
        (LineKind.PRORATION_CREDIT, -1_995),
        (TO_BALANCE, 1_000),
    ]
    assert (offer.invoice.total_cents, offer.invoice.amount_due_cents) == (0, 0)


@pytest.mark.parametrize("of_others", [0, 1, 500, 1_000])
def test_of_a_credit_above_the_charge_others_have_what_they_had_paid(of_others: int) -> None:
    offer = begun(FAMILY).offer(MONTHLY, HALFWAY)
    shared = offer.crediting_others(of_others)

    assert (offer.invoice.credited_to_balance_cents, offer.invoice.credited_to_own_balance_cents) == (
        1_000,
        1_000,
    )
    assert shared.invoice.credited_to_balance_cents == 1_000, "it is one credit"
    assert shared.invoice.credited_to_own_balance_cents == 1_000 - of_others
    assert (shared.invoice.total_cents, shared.invoice.credit_cents) == (0, offer.invoice.credit_cents)
    told = {line.description: line.amount_cents for line in shared.invoice.lines}
    told = {name: cents for name, cents in told.items() if name in {TO_OWN_BALANCE, TO_BALANCE_OF_OTHERS}}
    parts = {TO_OWN_BALANCE: 1_000 - of_others, TO_BALANCE_OF_OTHERS: of_others}
    assert told == {name: cents for name, cents in parts.items() if cents}


def test_the_discount_goes_on_for_the_rest_of_the_period_and_is_not_used_up_by_it() -> None:
    customer = begun(promo=HALF_OFF)
    offer = customer.change(FAMILY, HALFWAY)

    rest = Period(HALFWAY, PERIOD.end)
    assert offer.invoice.lines == (
        InvoiceLine(LineKind.PRORATION_CHARGE, "Rest of the period on One month, family", rest, 1_995),
        InvoiceLine(LineKind.DISCOUNT, "Promo code HALF", rest, -997),
        InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", rest, -498),
    )
    assert offer.invoice.promo_code == "HALF"
    assert (customer.state.promo, customer.state.price) == (HALF_OFF, PeriodPrice(1_995, HALF_OFF))


def test_a_fresh_period_is_one_that_the_promo_counts() -> None:
    customer = begun(promo=HALF_OFF)
    customer.change(YEARLY, HALFWAY)

    assert customer.state.promo == replace(HALF_OFF, periods_left=2)
    assert customer.state.price == PeriodPrice(7_450, HALF_OFF)


def test_a_fresh_period_that_the_promo_is_not_for_is_none_that_it_counts() -> None:
    customer = begun(promo=ONLY_MONTHLY)
    customer.change(YEARLY, HALFWAY)

    assert (customer.state.promo, customer.state.price) == (ONLY_MONTHLY, PeriodPrice(14_900))


def test_a_fresh_period_was_never_frozen() -> None:
    frozen = pausing.freeze(PAID, until=IN_THE_PERIOD + DAY, at=IN_THE_PERIOD).state
    customer = Changing(pausing.unfreeze(frozen, IN_THE_PERIOD + DAY).state, MONTHLY.price_cents)
    customer.change(YEARLY, HALFWAY)

    assert (customer.state.period.start, customer.state.frozen_microseconds) == (HALFWAY, 0)


def test_a_promo_that_is_not_for_the_other_plan_takes_nothing_off() -> None:
    offer = begun(YEARLY, ONLY_YEARLY).offer(FAMILY, HALFWAY)

    assert [kind for kind, _ in lines(offer)] == [LineKind.PLAN, LineKind.PRORATION_CREDIT]


def test_a_promo_for_this_plan_alone_is_back_when_it_is() -> None:
    """The period was billed with it, and counted for it."""
    customer = begun(promo=ONLY_MONTHLY)
    there, back = customer.change(FAMILY, HALFWAY), customer.change(MONTHLY, HALFWAY)

    assert lines(there) == [(LineKind.PRORATION_CHARGE, 1_995), (LineKind.PRORATION_CREDIT, -498)]
    assert lines(back) == [
        (LineKind.PRORATION_CHARGE, 995),
        (LineKind.DISCOUNT, -497),
        (LineKind.PRORATION_CREDIT, -1_995),
        (TO_BALANCE, 1_497),
    ]
    assert customer.state.price == PeriodPrice(995, ONLY_MONTHLY)


def test_frozen_time_is_no_part_of_the_whole() -> None:
    """Frozen for ten days on the tenth; half of what is paid is left when half of it was used."""
    frozen = pausing.freeze(PAID, until=IN_THE_PERIOD + 10 * DAY, at=IN_THE_PERIOD).state
    thawed = pausing.unfreeze(frozen, IN_THE_PERIOD + 10 * DAY).state
    at = HALFWAY + 10 * DAY

    assert thawed.period.end - thawed.period.start == PERIOD.end - PERIOD.start + 10 * DAY
    offer = changing.offer(thawed, FAMILY, at, paid_cents=1_990, purse=EMPTY_PURSE)
    assert lines(offer) == [(LineKind.PRORATION_CHARGE, 1_995), (LineKind.PRORATION_CREDIT, -995)]


@pytest.mark.parametrize("late_by", [timedelta(), timedelta(microseconds=1), 400 * DAY])
def test_nothing_is_left_of_a_period_that_is_over(late_by: timedelta) -> None:
    whole = (PERIOD.end - PERIOD.start) // timedelta(microseconds=1)

    assert changing.remainder_at(ACTIVE, PERIOD.end + late_by) == Remainder(left=0, whole=whole)


def test_a_state_from_before_prices_were_kept_is_credited_what_was_paid() -> None:
    offer = changing.offer(ACTIVE, FAMILY, HALFWAY, paid_cents=1_990, purse=EMPTY_PURSE)

    assert offer.invoice.credit_cents == 995


def test_gift_cards_and_balance_pay_before_anybody_is_charged() -> None:
    offer = begun().offer(FAMILY, HALFWAY, Purse((GiftMoney(1, 300), GiftMoney(2, 100)), 50))

    assert offer.invoice.tenders.gifts == (GiftMoney(1, 300), GiftMoney(2, 100))
    assert (offer.invoice.tenders.balance_cents, offer.invoice.amount_due_cents) == (50, 550)


@pytest.mark.parametrize(
    ("present", "wanted", "when"),
    [
        (MONTHLY, FAMILY, When.NOW),
        (FAMILY, MONTHLY, When.PERIOD_END),
        (MONTHLY, YEARLY, When.NOW),
        (YEARLY, MONTHLY, When.PERIOD_END),
        (YEARLY, FAMILY, When.NOW),
        (FAMILY, YEARLY, When.PERIOD_END),
        (MONTHLY, replace(MONTHLY, code="DEAR", price_cents=1_991), When.NOW),
        (MONTHLY, replace(MONTHLY, code="CHEAP", price_cents=1_989), When.PERIOD_END),
        (MONTHLY, replace(MONTHLY, code="SAME"), When.PERIOD_END),
        (MONTHLY, replace(MONTHLY, code="DAYS", period_iso="P31D", price_cents=1), When.NOW),
        (MONTHLY, replace(MONTHLY, code="DAYS", period_iso="P30D", price_cents=9_999), When.PERIOD_END),
        (QUARTERLY, replace(MONTHLY, code="DAYS", period_iso="P91D", price_cents=9_999), When.PERIOD_END),
        (QUARTERLY, replace(MONTHLY, code="DAYS", period_iso="P92D", price_cents=1), When.NOW),
    ],
)
def test_up_is_now_and_down_at_the_period_s_end(present: PlanTerms, wanted: PlanTerms, when: When) -> None:
    assert changing.usual_time(present, wanted) is when


IN_DOLLARS = replace(FAMILY, currency="USD")


@pytest.mark.parametrize(
    ("state", "wanted", "when", "code"),
    [
        (PAST_DUE, FAMILY, When.NOW, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (FROZEN, FAMILY, When.PERIOD_END, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (CANCELING, FAMILY, When.PERIOD_END, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (replace(PARKED, open_invoice=None), FAMILY, When.NOW, RefusalCode.PLAN_CHANGE_NOT_POSSIBLE),
        (CHARGING, FAMILY, When.NOW, RefusalCode.PAYMENT_IN_PROGRESS),
        (ACTIVE, IN_DOLLARS, When.NOW, RefusalCode.CURRENCY_MISMATCH),
        (PAID_AHEAD, FAMILY, When.NOW, RefusalCode.RENEWAL_ALREADY_PAID),
        (ACTIVE, MONTHLY, When.NOW, RefusalCode.PLAN_UNCHANGED),
        (replace(ACTIVE, scheduled_plan=YEARLY), YEARLY, When.PERIOD_END, RefusalCode.PLAN_UNCHANGED),
    ],
)
def test_what_is_refused(state: SubscriptionState, wanted: PlanTerms, when: When, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        changing.check_change(state, wanted, when)

    assert refused.value.code is code


def test_what_is_chosen_for_later_may_be_had_now_and_the_present_plan_may_not() -> None:
    changing.check_change(SCHEDULED, YEARLY, When.NOW)
    with pytest.raises(Refused) as refused:
        changing.check_change(SCHEDULED, MONTHLY, When.NOW)

    assert refused.value.code is RefusalCode.PLAN_UNCHANGED


@pytest.mark.parametrize("at", [PERIOD.start - timedelta(microseconds=1), PERIOD.end])
def test_only_inside_the_period(at: datetime) -> None:
    changing.check_instant(ACTIVE, PERIOD.start)
    with pytest.raises(Refused) as refused:
        changing.check_instant(ACTIVE, at)

    assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE


THAWED = pausing.unfreeze(FROZEN, IN_THE_PERIOD).state


@pytest.mark.parametrize(
    "altered", [paying.covered(CHANGING, HALFWAY).state, THAWED], ids=["another plan", "thawed"]
)
def test_not_before_what_the_period_has_become(altered: SubscriptionState) -> None:
    """What was paid for the time before was given back, or is of other dates."""
    changing.check_instant(altered, IN_THE_PERIOD)
    for before in (PERIOD.start, IN_THE_PERIOD - timedelta(microseconds=1)):
        with pytest.raises(Refused) as refused:
            changing.check_instant(altered, before)
        assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE


def test_a_period_that_begins_is_of_one_piece() -> None:
    changed = paying.covered(CHANGING, HALFWAY).state
    ahead = replace(changed, paid_ahead=PAID_AHEAD.paid_ahead)

    renewed = renewing.begin_paid_period(ahead).state
    assert (ahead.holds_from, renewed.altered_at, renewed.holds_from) == (IN_THE_PERIOD, None, PERIOD.end)

    customer = begun()
    customer.change(YEARLY, HALFWAY)
    assert customer.state.holds_from == customer.state.period.start == HALFWAY


@pytest.mark.parametrize("state", [ACTIVE, SCHEDULED], ids=["nothing else chosen", "another one for later"])
def test_opened_it_waits_for_its_payment_and_nothing_has_changed(state: SubscriptionState) -> None:
    assert changing.opened(state, CHANGING.unpaid_invoice) == Change(
        replace(state, version=state.version + 1, open_invoice=CHANGING.open_invoice),
        Event.PLAN_CHANGE_OPENED,
        details={
            "invoice_id": OPEN_INVOICE,
            "from_plan": "P1M",
            "from_price_version": 1,
            "to_plan": "P1M-FAMILY",
            "price_version": 1,
        },
    )


def test_in_effect_it_takes_the_place_of_what_was_chosen_for_later() -> None:
    chosen = replace(CHANGING, scheduled_plan=YEARLY)

    assert paying.covered(chosen, HALFWAY) == paying.covered(CHANGING, HALFWAY)


def test_in_effect_it_cuts_the_paid_time_at_its_instant() -> None:
    change = paying.covered(CHANGING, HALFWAY)

    assert (change.event, change.cuts_at) == (Event.PLAN_CHANGED, IN_THE_PERIOD)
    assert change.pays_for == Period(IN_THE_PERIOD, PERIOD.end)
    assert change.state == replace(
        ACTIVE,
        version=4,
        plan=FAMILY,
        price=PeriodPrice(3_990),
        open_invoice=None,
        altered_at=IN_THE_PERIOD,
    )
    assert change.details == {
        "from_plan": "P1M",
        "from_price_version": 1,
        "to_plan": "P1M-FAMILY",
        "price_version": 1,
    }


def test_on_trial_it_is_another_plan_at_once_and_the_trial_ends_when_it_did() -> None:
    change = changing.on_trial(TRIALING, FAMILY)

    assert change.state == replace(TRIALING, version=2, plan=FAMILY)
    assert (change.event, change.pays_for, change.voids_invoice_id) == (Event.PLAN_CHANGED, None, None)


def test_on_trial_nothing_is_left_of_what_was_to_follow_on_the_plan_before() -> None:
    """A price that was kept as a choice would be taken for a wish for the plan that was just left."""
    dearer = replace(TRIALING.plan, price_version=2)
    state = replace(TRIALING, scheduled_plan=dearer, moved_price=dearer)

    assert changing.on_trial(state, FAMILY).state == replace(TRIALING, version=2, plan=FAMILY)


def test_expired_nothing_has_changed() -> None:
    change = changing.expire(CHANGING)

    assert change.state == replace(ACTIVE, version=4)
    assert change.voids_invoice_id == CHANGING.unpaid_invoice.invoice_id


@pytest.mark.parametrize("rule", [changing.in_effect, changing.opened])
def test_an_invoice_that_changes_no_plan_is_a_fault(rule: object) -> None:
    plain = replace(CHANGING.unpaid_invoice, switch=None)
    with pytest.raises(ValueError, match="changes no plan"):
        rule(CHANGING, plain)  # type: ignore[operator]  # each takes the two


def test_a_plan_of_another_vat_rate_follows_on_the_period_and_not_before() -> None:
    reduced = replace(FAMILY, vat_rate_bp=400)

    with pytest.raises(Refused) as refused:
        changing.check_change(PAID, reduced, When.NOW)

    assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE
    changing.check_change(PAID, reduced, When.PERIOD_END)
    changing.check_change(TRIALING, reduced, When.NOW)


def test_what_changes_no_plan_waits_for_no_change() -> None:
    with pytest.raises(ValueError, match="is not changing its plan"):
        changing.waits_until(CHARGING)


def test_only_what_is_open_makes_way_for_another_change() -> None:
    dropped = changing.drop_for_another(CHANGING)

    assert dropped is not None
    assert (dropped.event, dropped.voids_invoice_id) == (
        Event.INVOICE_DROPPED,
        CHANGING.unpaid_invoice.invoice_id,
    )
    assert changing.drop_for_another(ACTIVE) is None
