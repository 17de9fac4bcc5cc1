"""What gift cards and balance pay of an invoice: all they can, never more, the oldest card first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tenders import (
    EMPTY_PURSE,
    NO_TENDERS,
    SMALLEST_CHARGE_CENTS,
    GiftMoney,
    Purse,
    Tenders,
    WayBack,
    left_in,
    taken_from,
    tendered,
    way_back,
)

CENTS = st.integers(0, 10_000)


@st.composite
def purses(draw: st.DrawFn) -> Purse:
    amounts = draw(st.lists(CENTS, max_size=6))
    return Purse(tuple(GiftMoney(number, cents) for number, cents in enumerate(amounts, 1)), draw(CENTS))


def cents_in(purse: Purse) -> int:
    return sum(gift.cents for gift in purse.gifts) + purse.balance_cents


def test_the_oldest_cards_first_then_the_balance() -> None:
    purse = Purse((GiftMoney(7, 500), GiftMoney(3, 700), GiftMoney(9, 400)), balance_cents=1_000)

    assert [taken_from(purse, owed) for owed in (0, 499, 500, 501, 1_600, 1_601, 2_600, 2_601)] == [
        NO_TENDERS,
        Tenders((GiftMoney(7, 499),)),
        Tenders((GiftMoney(7, 500),)),
        Tenders((GiftMoney(7, 500), GiftMoney(3, 1))),
        Tenders((GiftMoney(7, 500), GiftMoney(3, 700), GiftMoney(9, 400))),
        Tenders((GiftMoney(7, 500), GiftMoney(3, 700), GiftMoney(9, 400)), 1),
        Tenders((GiftMoney(7, 500), GiftMoney(3, 700), GiftMoney(9, 400)), 1_000),
        Tenders((GiftMoney(7, 500), GiftMoney(3, 700), GiftMoney(9, 400)), 1_000),
    ]
    assert taken_from(EMPTY_PURSE, 1_990) == NO_TENDERS


@pytest.mark.parametrize(
    ("in_purse", "owed", "paid"),
    [
        (1_990, 1_990, 1_990),
        (1_989, 1_990, 1_940),
        (1_941, 1_990, 1_940),
        (1_940, 1_990, 1_940),
        (49, 50, 0),
        (50, 50, 50),
        (30, 49, 30),
    ],
)
def test_what_is_left_to_be_charged_is_not_below_what_a_card_is_charged(
    in_purse: int, owed: int, paid: int
) -> None:
    """Of what is owed less than that from the start, as much is paid as there is."""
    assert tendered(Purse((GiftMoney(1, in_purse),)), owed).total_cents == paid
    assert tendered(Purse((), in_purse), owed).total_cents == paid


@given(purses(), CENTS)
def test_a_purse_pays_all_that_it_can(purse: Purse, owed: int) -> None:
    short = max(owed - cents_in(purse), 0)
    is_too_little = 0 < short < SMALLEST_CHARGE_CENTS <= owed

    left = owed - tendered(purse, owed).total_cents

    assert left == (SMALLEST_CHARGE_CENTS if is_too_little else short)


@given(purses(), CENTS)
def test_as_much_as_there_is_and_never_more_than_is_owed(purse: Purse, owed: int) -> None:
    assert taken_from(purse, owed).total_cents == min(owed, cents_in(purse))


@given(purses(), CENTS)
def test_nothing_is_made_and_nothing_is_lost(purse: Purse, owed: int) -> None:
    taken = taken_from(purse, owed)
    left = left_in(purse, taken)

    assert cents_in(left) + taken.total_cents == cents_in(purse)
    assert min([left.balance_cents, *(gift.cents for gift in left.gifts)]) >= 0
    assert all(gift.cents > 0 for gift in taken.gifts)


@given(purses(), CENTS)
def test_a_card_is_touched_when_all_before_it_are_empty(purse: Purse, owed: int) -> None:
    taken = taken_from(purse, owed)
    left = [gift.cents for gift in left_in(purse, taken).gifts]
    order = [gift.gift_card_id for gift in purse.gifts]

    assert [gift.gift_card_id for gift in taken.gifts] == [
        number for number in order if number in {gift.gift_card_id for gift in taken.gifts}
    ]
    if taken.gifts:
        last = order.index(taken.gifts[-1].gift_card_id)
        assert left[:last] == [0] * last
    if taken.balance_cents:
        assert set(left) <= {0}


@given(purses(), st.lists(st.integers(1, 3_000), max_size=20))
def test_over_many_invoices_it_pays_exactly_what_it_had(purse: Purse, bills: list[int]) -> None:
    had, paid = cents_in(purse), 0
    for owed in bills:
        taken = taken_from(purse, owed)
        purse = left_in(purse, taken)
        paid += taken.total_cents

    assert paid == min(had, sum(bills))
    assert paid + cents_in(purse) == had


def test_what_an_expired_card_cannot_carry_goes_to_the_balance() -> None:
    at = datetime(2026, 2, 10, tzinfo=UTC)
    lasting, expired, endless = GiftMoney(7, 500), GiftMoney(3, 200), GiftMoney(9, 100)
    expiries = {7: at + timedelta(microseconds=1), 3: at}

    back = way_back(Tenders((lasting, expired, endless), 40), expiries, at)

    assert back == WayBack(Tenders((lasting, endless), 40), (expired,))
    assert back.received == Tenders((lasting, endless), 240)


@given(purses(), st.sets(st.integers(1, 20)))
def test_all_of_it_goes_back_somewhere(purse: Purse, gone: set[int]) -> None:
    at = datetime(2026, 2, 10, tzinfo=UTC)
    paid = Tenders(purse.gifts, purse.balance_cents)

    back = way_back(paid, dict.fromkeys(gone, at), at)

    assert back.received.total_cents == paid.total_cents
    assert {gift.gift_card_id for gift in back.expired} <= gone
    assert not {gift.gift_card_id for gift in back.tenders.gifts} & gone
