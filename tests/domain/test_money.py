import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import share, split_vat

CENTS = st.integers(-(10**12), 10**12)
PRICES = st.integers(0, 10**12)
RATES = st.integers(0, 10_000)
PARTS = st.integers(-(10**9), 10**9)
WHOLES = st.integers(1, 10**9)


def half_up(exact: Fraction) -> int:
    """To the nearest cent; a half goes away from zero."""
    magnitude = math.floor(abs(exact) + Fraction(1, 2))
    return magnitude if exact >= 0 else -magnitude


@pytest.mark.parametrize(
    ("amount_cents", "numerator", "denominator", "cents"),
    [
        (1_990, 1, 1, 1_990),
        (1_990, 0, 7, 0),
        (1_990, 1, 4, 498),  # 497.5
        (-1_990, 1, 4, -498),
        (1_990, -1, 4, -498),
        (-1_990, -1, 4, 498),
        (1, 1, 2, 1),
        (1, 1, 3, 0),
        (2, 1, 3, 1),
        (1_990, 13, 30, 862),  # 862.33
        (17_990, 2_592_000, 31_536_000, 1_479),  # 1478.63: 30 days of a year, in seconds
    ],
)
def test_shares(amount_cents: int, numerator: int, denominator: int, cents: int) -> None:
    assert share(amount_cents, numerator, denominator) == cents


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_share_of_nothing_is_refused(denominator: int) -> None:
    with pytest.raises(ValueError, match="positive denominator"):
        share(100, 1, denominator)


@given(CENTS, PARTS, WHOLES)
def test_a_share_is_the_exact_fraction_rounded_half_up(amount: int, part: int, whole: int) -> None:
    assert share(amount, part, whole) == half_up(Fraction(amount * part, whole))


@given(CENTS, PARTS, WHOLES)
def test_a_credit_is_the_charge_with_its_sign_turned(amount: int, part: int, whole: int) -> None:
    assert share(-amount, part, whole) == share(amount, -part, whole) == -share(amount, part, whole)


@given(PRICES, WHOLES, st.data())
def test_two_shares_make_the_whole_give_or_take_the_rounded_cent(
    amount: int, whole: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, whole))

    assert 0 <= share(amount, part, whole) + share(amount, whole - part, whole) - amount <= 1


@given(CENTS, WHOLES)
def test_the_whole_share_is_the_amount(amount: int, whole: int) -> None:
    assert share(amount, whole, whole) == amount


@pytest.mark.parametrize(
    ("total_cents", "vat_rate_bp", "net_cents", "vat_cents"),
    [
        (1_990, 2_200, 1_631, 359),
        (9_990, 2_200, 8_189, 1_801),
        (17_990, 2_200, 14_746, 3_244),
        (35_990, 2_200, 29_500, 6_490),
        (12_200, 2_200, 10_000, 2_200),
        (1_990, 0, 1_990, 0),
        (1, 2_200, 1, 0),
        (1, 10_000, 1, 0),  # half a cent of net goes up
        (0, 2_200, 0, 0),
    ],
)
def test_vat_in_a_price(total_cents: int, vat_rate_bp: int, net_cents: int, vat_cents: int) -> None:
    assert split_vat(total_cents, vat_rate_bp) == (net_cents, vat_cents)


@given(CENTS, RATES)
def test_net_is_the_exact_part_and_vat_the_rest(total: int, rate: int) -> None:
    net, vat = split_vat(total, rate)

    assert net == half_up(Fraction(total * 10_000, 10_000 + rate))
    assert net + vat == total


@given(PRICES, RATES)
def test_neither_part_of_a_price_is_negative(total: int, rate: int) -> None:
    assert min(split_vat(total, rate)) >= 0
