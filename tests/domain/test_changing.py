"""A change of plan at once: what it costs, whatever came before it in the period."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import changing, pausing, paying
from domain.billing_calendar import Anchor, Period
from domain.changing import ChangeOffer, When
from domain.collecting import OpenInvoice
from domain.invoice import InvoiceLine, LineKind
from domain.lifecycle import Event
from domain.plan import PlanTerms
from domain.pricing import PeriodPrice, period_price
from domain.promo import Promo
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from domain.tenders import EMPTY_PURSE, GiftMoney, Purse
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
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PERIOD,
    POLICY,
    TRIALING,
    YEARLY,
)

PAID = replace(ACTIVE, price=PeriodPrice(MONTHLY.price_cents))
HALFWAY = PERIOD.start + (PERIOD.end - PERIOD.start) / 2
HALF_OFF = Promo("HALF", 50, None, None, (), 3)
FIVE_OFF = Promo("FIVE", None, 500, "EUR", (), 1)
ONLY_YEARLY = Promo("YEARLY", 50, None, None, ("P1Y",), None)
TO_BALANCE = LineKind.CREDIT_TO_BALANCE

PRICES = st.integers(0, 1_000_000)
INSTANTS = st.integers(0, (PERIOD.end - PERIOD.start) // timedelta(microseconds=1) - 1).map(
    lambda microseconds: PERIOD.start + timedelta(microseconds=microseconds)
)
PROMOS = st.sampled_from([None, HALF_OFF, FIVE_OFF, ONLY_YEARLY])
PURSES = st.builds(
    lambda gift, balance: Purse((GiftMoney(1, gift),), balance), st.integers(0, 5_000), st.integers(0, 5_000)
)
PLANS = st.builds(
    lambda price, iso: replace(MONTHLY, code=f"OTHER-{iso}", period_iso=iso, price_cents=price),
    PRICES,
    st.sampled_from(["P1M", "P1M", "P1Y", "P14D"]),
)


@dataclass
class Changing:
    """One who changes their plan again and again, and pays at once. `paid_cents` as the books tell it."""

    state: SubscriptionState
    paid_cents: int

    def offer(self, wanted: PlanTerms, at: datetime, purse: Purse = EMPTY_PURSE) -> ChangeOffer:
        return changing.offer(self.state, wanted, at, paid_cents=self.paid_cents, purse=purse)

    def change(self, wanted: PlanTerms, at: datetime, purse: Purse = EMPTY_PURSE) -> ChangeOffer:
        offer = self.offer(wanted, at, purse)
        invoice = OpenInvoice(
            9,
            offer.index,
            offer.period,
            POLICY,
            None,
            price=offer.price,
            switch=offer.switch,
            changed_at=offer.at,
        )
        self.state = paying.covered(changing.opened(self.state, invoice).state, at).state
        self.paid_cents = offer.invoice.charge_cents
        return offer


def begun(plan: PlanTerms = MONTHLY, promo: Promo | None = None) -> Changing:
    price = period_price(plan, promo)
    return Changing(replace(ACTIVE, plan=plan, price=price, promo=promo), price.cents)


def lines(offer: ChangeOffer) -> list[tuple[LineKind, int]]:
    return [(line.kind, line.amount_cents) for line in offer.invoice.lines]


def test_up_inside_the_period_costs_the_difference_for_what_is_left() -> None:
    offer = begun().offer(FAMILY, HALFWAY)

    assert offer.invoice.lines == (
        InvoiceLine(LineKind.PRORATION_CHARGE, "One month, family", Period(HALFWAY, PERIOD.end), 1_995),
        InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", Period(HALFWAY, PERIOD.end), -995),
    )
    assert (offer.invoice.total_cents, offer.price) == (1_000, PeriodPrice(3_990))
    assert (offer.index, offer.period) == (0, Period(HALFWAY, PERIOD.end))


def test_to_another_interval_a_fresh_period_begins_with_the_credit_taken_off() -> None:
    customer = begun()
    offer = customer.change(YEARLY, HALFWAY)

    a_year = Period(HALFWAY, HALFWAY.replace(year=2027))
    assert lines(offer) == [(LineKind.PLAN, 14_900), (LineKind.PRORATION_CREDIT, -995)]
    assert offer.invoice.lines[0].period == a_year
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


def test_the_discount_goes_on_for_the_rest_of_the_period_and_is_not_used_up_by_it() -> None:
    customer = begun(promo=HALF_OFF)
    offer = customer.change(FAMILY, HALFWAY)

    assert lines(offer) == [
        (LineKind.PRORATION_CHARGE, 1_995),
        (LineKind.DISCOUNT, -997),
        (LineKind.PRORATION_CREDIT, -498),
    ]
    assert (customer.state.promo, customer.state.price) == (HALF_OFF, PeriodPrice(1_995, HALF_OFF))


def test_a_fresh_period_is_one_that_the_promo_counts() -> None:
    customer = begun(promo=HALF_OFF)
    customer.change(YEARLY, HALFWAY)

    assert customer.state.promo == replace(HALF_OFF, periods_left=2)
    assert customer.state.price == PeriodPrice(7_450, HALF_OFF)


def test_a_promo_that_is_not_for_the_other_plan_takes_nothing_off() -> None:
    offer = begun(YEARLY, ONLY_YEARLY).offer(FAMILY, HALFWAY)

    assert [kind for kind, _ in lines(offer)] == [LineKind.PLAN, LineKind.PRORATION_CREDIT]


def test_frozen_time_is_no_part_of_the_whole() -> None:
    """Frozen for ten days on the tenth; half of what is paid is left when half of it was used."""
    frozen = pausing.freeze(PAID, until=IN_THE_PERIOD + 10 * DAY, at=IN_THE_PERIOD).state
    thawed = pausing.unfreeze(frozen, IN_THE_PERIOD + 10 * DAY).state
    at = HALFWAY + 10 * DAY

    assert thawed.period.end - thawed.period.start == PERIOD.end - PERIOD.start + 10 * DAY
    offer = changing.offer(thawed, FAMILY, at, paid_cents=1_990, purse=EMPTY_PURSE)
    assert lines(offer) == [(LineKind.PRORATION_CHARGE, 1_995), (LineKind.PRORATION_CREDIT, -995)]


@pytest.mark.parametrize(("given_back_cents", "credit_cents"), [(0, 995), (990, 500), (1_990, 0), (2_500, 0)])
def test_what_was_given_back_is_not_credited(given_back_cents: int, credit_cents: int) -> None:
    offer = changing.offer(
        PAID, FAMILY, HALFWAY, paid_cents=1_990, given_back_cents=given_back_cents, purse=EMPTY_PURSE
    )

    assert offer.invoice.credit_cents == credit_cents


def test_a_state_from_before_prices_were_kept_is_credited_what_was_paid() -> None:
    offer = changing.offer(ACTIVE, FAMILY, HALFWAY, paid_cents=1_990, purse=EMPTY_PURSE)

    assert offer.invoice.credit_cents == 995


def test_gift_cards_and_balance_pay_before_anybody_is_charged() -> None:
    offer = begun().offer(FAMILY, HALFWAY, Purse((GiftMoney(1, 300), GiftMoney(2, 100)), 50))

    assert offer.invoice.tenders.gifts == (GiftMoney(1, 300), GiftMoney(2, 100))
    assert (offer.invoice.tenders.balance_cents, offer.invoice.amount_due_cents) == (50, 550)


@given(plan=PLANS, promo=PROMOS, at=INSTANTS, purse=PURSES, paid_cents=PRICES, given_back_cents=PRICES)
def test_an_invoice_is_never_below_zero_and_no_credit_above_what_was_paid(
    *,
    plan: PlanTerms,
    promo: Promo | None,
    at: datetime,
    purse: Purse,
    paid_cents: int,
    given_back_cents: int,
) -> None:
    state = begun(promo=promo).state
    invoice = changing.offer(
        state, plan, at, paid_cents=paid_cents, given_back_cents=given_back_cents, purse=purse
    ).invoice

    assert 0 <= invoice.credit_cents <= max(paid_cents - given_back_cents, 0)
    assert invoice.total_cents == sum(line.amount_cents for line in invoice.lines) >= 0
    assert invoice.total_cents == max(invoice.charge_cents - invoice.credit_cents, 0)
    assert invoice.credited_to_balance_cents == max(invoice.credit_cents - invoice.charge_cents, 0)
    assert 0 <= invoice.amount_due_cents == invoice.total_cents - invoice.tenders.total_cents
    assert invoice.lines, "it says what was sold, even for nothing"


@given(start=PRICES, plan=PLANS, promo=PROMOS, at=INSTANTS)
def test_there_and_back_at_the_same_instant_costs_nothing(
    start: int, plan: PlanTerms, promo: Promo | None, at: datetime
) -> None:
    own = replace(MONTHLY, price_cents=start)
    same = replace(plan, period_iso=own.period_iso)
    customer = begun(own, promo)
    there, back = customer.change(same, at), customer.change(own, at)

    cost = sum(offer.invoice.total_cents - offer.invoice.credited_to_balance_cents for offer in (there, back))
    assert cost == 0, "never a cent to be won by it, or lost"
    assert customer.state.price == period_price(own, promo)
    assert customer.state.period == PERIOD


@given(
    changes=st.lists(st.tuples(PLANS, INSTANTS), min_size=1, max_size=5),
    promo=PROMOS,
)
def test_whoever_changes_again_and_again_has_paid_for_what_they_had(
    changes: list[tuple[PlanTerms, datetime]], promo: Promo | None
) -> None:
    """In one period: each plan's share of the whole, to a cent and a half for each change."""
    customer = begun(promo=promo)
    paid_cents, owed, since = customer.paid_cents, 0.0, PERIOD.start
    whole = PERIOD.end - PERIOD.start
    for wanted, at in sorted(changes, key=lambda change: change[1]):
        owed += customer.state.price.cents * ((at - since) / whole)
        since = at
        invoice = customer.change(replace(wanted, period_iso="P1M"), at).invoice
        paid_cents += invoice.total_cents - invoice.credited_to_balance_cents
    owed += customer.state.price.cents * ((PERIOD.end - since) / whole)

    assert abs(paid_cents - owed) <= 2 * len(changes) + 1


@given(left=st.integers(1, 10**13), at=INSTANTS)
def test_shares_are_of_the_microsecond(left: int, at: datetime) -> None:
    remainder = changing.remainder_at(PAID, at)

    assert remainder.whole == (PERIOD.end - PERIOD.start) // timedelta(microseconds=1)
    assert remainder.left == (PERIOD.end - at) // timedelta(microseconds=1)
    assert 0 < remainder.left <= remainder.whole


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


@pytest.mark.parametrize("at", [PERIOD.start - timedelta(microseconds=1), PERIOD.end])
def test_only_inside_the_period(at: datetime) -> None:
    changing.check_instant(ACTIVE, PERIOD.start)
    with pytest.raises(Refused) as refused:
        changing.check_instant(ACTIVE, at)

    assert refused.value.code is RefusalCode.PLAN_CHANGE_NOT_POSSIBLE


def test_in_effect_it_cuts_the_paid_time_at_its_instant() -> None:
    change = paying.covered(CHANGING, HALFWAY)

    assert (change.event, change.cuts_at) == (Event.PLAN_CHANGED, IN_THE_PERIOD)
    assert change.pays_for == Period(IN_THE_PERIOD, PERIOD.end)
    assert change.state == replace(
        ACTIVE, version=4, plan=FAMILY, price=PeriodPrice(3_990), open_invoice=None
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


def test_expired_nothing_has_changed() -> None:
    change = changing.expire(CHANGING)

    assert change.state == replace(ACTIVE, version=4)
    assert change.voids_invoice_id == CHANGING.unpaid_invoice.invoice_id


@pytest.mark.parametrize("rule", [changing.in_effect, changing.opened])
def test_an_invoice_that_changes_no_plan_is_a_fault(rule: object) -> None:
    plain = replace(CHANGING.unpaid_invoice, switch=None)
    with pytest.raises(ValueError, match="changes no plan"):
        rule(CHANGING, plain)  # type: ignore[operator]  # each takes the two
