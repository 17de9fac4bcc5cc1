"""A change of plan at any instant: no cent is lost, won, or credited that was not paid."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import changing
from domain.plan import PlanTerms
from domain.pricing import period_price
from domain.promo import Promo
from domain.tenders import EMPTY_PURSE, GiftMoney, Purse
from tests.domain.plan_changes import FIVE_OFF, HALF_OFF, HALFWAY, ONLY_MONTHLY, ONLY_YEARLY, PAID, begun
from tests.domain.states import (
    FAMILY,
    MONTHLY,
    PERIOD,
)

PRICES = st.integers(0, 1_000_000)
INSTANTS = st.integers(0, (PERIOD.end - PERIOD.start) // timedelta(microseconds=1) - 1).map(
    lambda microseconds: PERIOD.start + timedelta(microseconds=microseconds)
)
PROMOS = st.sampled_from([None, HALF_OFF, FIVE_OFF, ONLY_MONTHLY, ONLY_YEARLY])
PURSES = st.builds(
    lambda gift, balance: Purse((GiftMoney(1, gift),), balance), st.integers(0, 5_000), st.integers(0, 5_000)
)
PLANS = st.builds(
    lambda price, iso: replace(MONTHLY, code=f"OTHER-{iso}", period_iso=iso, price_cents=price),
    PRICES,
    st.sampled_from(["P1M", "P1M", "P1Y", "P14D"]),
)


@pytest.mark.parametrize(("given_back_cents", "credit_cents"), [(0, 995), (990, 500), (1_990, 0), (2_500, 0)])
def test_what_was_given_back_is_not_credited(given_back_cents: int, credit_cents: int) -> None:
    offer = changing.offer(
        PAID, FAMILY, HALFWAY, paid_cents=1_990, given_back_cents=given_back_cents, purse=EMPTY_PURSE
    )

    assert offer.invoice.credit_cents == credit_cents


@pytest.mark.parametrize(
    ("paid_cents", "given_back_cents", "unused_cents"),
    [
        pytest.param(1_990, 100, 945, id="half of the price that is left"),
        pytest.param(500, 100, 400, id="no more than is kept of what was paid"),
        pytest.param(500, 600, 0, id="all was given back"),
        pytest.param(3_000, 1_990, 0, id="nothing of the price is left"),
    ],
)
def test_what_is_not_used_halfway(paid_cents: int, given_back_cents: int, unused_cents: int) -> None:
    assert changing.unused_cents(PAID, HALFWAY, paid_cents, given_back_cents) == unused_cents


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
