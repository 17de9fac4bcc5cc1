"""What a promo code takes off: a share rounded once, never more than there is, for so many periods."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoice import BillingReason, Invoice, LineKind
from domain.pricing import bill_period, period_price
from domain.promo import Promo
from domain.tenders import EMPTY_PURSE
from tests.domain.states import MONTHLY, PERIOD

PERCENT_OFF = Promo("BENVENUTO", 20, None, None, (), None)
FIVE_EUROS_OFF = Promo("CINQUE", None, 500, "EUR", (), None)

cents = st.integers(min_value=0, max_value=10**11)
parts = st.tuples(st.integers(min_value=0, max_value=10**14), st.integers(min_value=1, max_value=10**14))
percents = st.integers(min_value=1, max_value=100).map(
    lambda percent: replace(PERCENT_OFF, percent_off=percent)
)
amounts = st.integers(min_value=1, max_value=10**11).map(
    lambda amount: replace(FIVE_EUROS_OFF, amount_off_cents=amount)
)


@pytest.mark.parametrize(
    ("percent", "subtotal_cents", "off_cents"),
    [
        (1, 49, 0),
        (1, 50, 1),
        (50, 1_989, 995),
        (33, 1_990, 657),
        (20, 1_990, 398),
        (99, 1_990, 1_970),
        (100, 1_990, 1_990),
        (100, 0, 0),
    ],
)
def test_percent_is_rounded_half_up(percent: int, subtotal_cents: int, off_cents: int) -> None:
    assert replace(PERCENT_OFF, percent_off=percent).off(subtotal_cents) == off_cents


@given(percents, cents)
def test_percent_is_rounded_once(promo: Promo, subtotal_cents: int) -> None:
    exact = Fraction(subtotal_cents * (promo.percent_off or 0), 100)

    assert promo.off(subtotal_cents) == floor(exact + Fraction(1, 2))


@given(st.one_of(percents, amounts), cents)
def test_never_more_than_the_subtotal_is_taken_off(promo: Promo, subtotal_cents: int) -> None:
    assert 0 <= promo.off(subtotal_cents) <= subtotal_cents


@given(amounts, cents)
def test_an_amount_above_the_price_makes_it_zero_and_the_rest_is_lost(
    promo: Promo, subtotal_cents: int
) -> None:
    assert promo.off(subtotal_cents) == min(subtotal_cents, promo.amount_off_cents or 0)


@given(st.integers(min_value=1, max_value=40))
def test_it_lasts_as_many_billing_periods_as_it_says(periods: int) -> None:
    lasting: Promo | None = replace(PERCENT_OFF, periods_left=periods)
    billed = 0
    while lasting is not None:
        billed += 1
        lasting = lasting.after_a_period()

    assert billed == periods


def test_for_ever_is_never_used_up() -> None:
    assert PERCENT_OFF.after_a_period() == PERCENT_OFF


def bill(promo: Promo | None) -> Invoice:
    return bill_period(BillingReason.SUBSCRIPTION_CYCLE, MONTHLY, PERIOD, promo, EMPTY_PURSE)


@given(st.one_of(percents, amounts))
def test_an_invoice_says_what_it_took_off(promo: Promo) -> None:
    invoice = bill(promo)

    off_cents = promo.off(MONTHLY.price_cents)
    discount = [(LineKind.DISCOUNT, -off_cents)] if off_cents else []
    assert [(line.kind, line.amount_cents) for line in invoice.lines] == [
        (LineKind.PLAN, MONTHLY.price_cents),
        *discount,
    ]
    assert (invoice.subtotal_cents, invoice.discount_cents) == (MONTHLY.price_cents, off_cents)
    assert invoice.total_cents == invoice.amount_due_cents == period_price(MONTHLY, promo).cents >= 0
    assert invoice.net_cents + invoice.vat_cents == invoice.total_cents
    assert invoice.promo_code == promo.code


def test_a_code_for_other_plans_takes_nothing_off() -> None:
    invoice = bill(replace(PERCENT_OFF, plan_codes=("P1Y", "P6M")))

    assert invoice == bill(None)
    assert bill(replace(PERCENT_OFF, plan_codes=("P1Y", MONTHLY.code))) == bill(PERCENT_OFF)
