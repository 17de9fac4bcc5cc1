"""What goes back of an invoice: to which tender, never more than it paid, and with which net and VAT."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correction import NetAndVat, Paid, credited, given_back, part_of_each, spread, without
from domain.money import share, split_vat
from domain.tenders import GiftMoney, Tenders

PAID = Paid(500, Tenders((GiftMoney(7, 300), GiftMoney(3, 200)), 400))
"""An invoice over 1,400: by card, by two gift cards, and by balance."""


@st.composite
def paid(draw: st.DrawFn) -> Paid:
    cents = st.integers(0, 10**7)
    gifts = draw(st.lists(st.integers(1, 10**7), max_size=3))
    tenders = Tenders(tuple(GiftMoney(number, each) for number, each in enumerate(gifts)), draw(cents))
    return Paid(draw(cents), tenders)


def parts_of(money: Paid) -> dict[str, int]:
    gifts = {f"gift {gift.gift_card_id}": gift.cents for gift in money.tenders.gifts}
    return {"card": money.card_cents, "balance": money.tenders.balance_cents, **gifts}


@pytest.mark.parametrize(
    ("cents", "card", "balance", "gifts"),
    [
        (1, 1, 0, ()),
        (500, 500, 0, ()),
        (501, 500, 1, ()),
        (900, 500, 400, ()),
        (901, 500, 400, (GiftMoney(7, 1),)),
        (1_250, 500, 400, (GiftMoney(7, 300), GiftMoney(3, 50))),
        (1_400, 500, 400, (GiftMoney(7, 300), GiftMoney(3, 200))),
        (9_999, 500, 400, (GiftMoney(7, 300), GiftMoney(3, 200))),
    ],
)
def test_the_card_first_then_the_balance_then_gift_cards(
    cents: int, card: int, balance: int, gifts: tuple[GiftMoney, ...]
) -> None:
    assert given_back(PAID, cents) == Paid(card, Tenders(gifts, balance))


@given(paid(), st.integers(0, 10**8))
def test_what_goes_back_is_what_was_asked_for_and_never_more_than_a_tender_paid(
    money: Paid, cents: int
) -> None:
    back = given_back(money, cents)

    assert back.total_cents == min(cents, money.total_cents)
    there = parts_of(money)
    assert all(0 <= part <= there[tender] for tender, part in parts_of(back).items())


def test_what_is_not_left_is_what_was_used() -> None:
    left = Paid(200, Tenders((GiftMoney(3, 150),), 400))

    assert without(PAID, left) == Paid(300, Tenders((GiftMoney(7, 300), GiftMoney(3, 50)), 0))
    partly = Paid(500, Tenders((), 150))
    assert without(PAID, partly) == Paid(0, Tenders((GiftMoney(7, 300), GiftMoney(3, 200)), 250))
    assert without(PAID, PAID).total_cents == 0


def test_half_of_each() -> None:
    assert part_of_each(PAID, lambda cents: share(cents, 1, 2)) == Paid(
        250, Tenders((GiftMoney(7, 250),), 200)
    )


@given(paid(), st.fractions(0, 1))
def test_parts_of_each_are_together_that_part_of_the_whole(money: Paid, part: Fraction) -> None:
    def of(cents: int) -> int:
        return share(cents, part.numerator, part.denominator)

    back = part_of_each(money, of)

    assert back.total_cents == of(money.total_cents)
    for there, went in (
        (money.card_cents, back.card_cents),
        (money.tenders.balance_cents, back.tenders.balance_cents),
        (money.tenders.gift_cents, back.tenders.gift_cents),
    ):
        assert 0 <= went <= there
        assert abs(went - there * part) <= 1


def test_the_last_one_gives_what_is_left_of_the_sum() -> None:
    assert spread(1_900, [PAID, PAID]) == [
        PAID,
        Paid(179, Tenders((GiftMoney(7, 179),), 142)),
    ]
    assert spread(0, [PAID]) == [Paid()]


@given(st.lists(paid().filter(lambda money: money.total_cents > 0), max_size=4), st.integers(0, 10**9))
def test_what_is_spread_takes_all_of_the_first_ones(lefts: list[Paid], cents: int) -> None:
    parts = spread(cents, lefts)

    given = [part.total_cents for part in parts]
    assert sum(given) == min(cents, sum(left.total_cents for left in lefts))
    for index, (left, part) in enumerate(zip(lefts, parts, strict=True)):
        assert part == left or not any(given[index + 1 :])
        there = parts_of(left)
        assert all(0 <= cents <= there[tender] for tender, cents in parts_of(part).items())


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 10_000))
def test_net_and_vat_of_partial_notes_add_up_to_those_of_the_invoice(
    parts: list[int], vat_rate_bp: int
) -> None:
    notes = [
        credited(cents, credited_before_cents=sum(parts[:before]), vat_rate_bp=vat_rate_bp)
        for before, cents in enumerate(parts)
    ]

    assert [note.net_cents + note.vat_cents for note in notes] == parts
    assert all(min(note.net_cents, note.vat_cents) >= 0 for note in notes)
    assert (
        sum(note.net_cents for note in notes),
        sum(note.vat_cents for note in notes),
    ) == split_vat(sum(parts), vat_rate_bp)


def test_the_last_note_takes_the_cent_that_rounding_left() -> None:
    assert credited(995, credited_before_cents=0, vat_rate_bp=2_200) == NetAndVat(816, 179)
    assert credited(995, credited_before_cents=995, vat_rate_bp=2_200) == NetAndVat(815, 180)
