"""What a start would bill, with any promo code, purse, changes of plan and freezes."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from operator import attrgetter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.forecast import Forecast, forecast
from domain.invoice import BillingReason, Invoice, LineKind
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo
from domain.refusals import Refused
from domain.tenders import EMPTY_PURSE, NO_TENDERS, GiftMoney, Purse
from tests.domain.paper import ImpossibleError, Sum, on_paper
from tests.domain.states import MONTHLY, STARTED_AT

THIRTY = replace(MONTHLY, code="THIRTY", period_iso="P30D", trial_days=14, freeze_days_per_year=366)
PLUS = replace(THIRTY, code="PLUS", price_cents=2_990)
CHEAP = replace(THIRTY, code="CHEAP", price_cents=7)
TEN = replace(THIRTY, code="TEN", period_iso="P10D", price_cents=701)
HUNDRED = replace(THIRTY, code="HUNDRED", period_iso="P100D", price_cents=5_999)
PLANS = (THIRTY, PLUS, CHEAP, TEN, HUNDRED)
CHARGES = {LineKind.PLAN, LineKind.PRORATION_CHARGE}
DAY_SECONDS = 86_400

Plans = tuple[PlannedStart, int, list[PlannedChange], list[PlannedFreeze]]

CENTS = st.integers(1, 6_000)
PROMOS = st.builds(
    Promo,
    code=st.just("CIAO"),
    percent_off=st.integers(1, 100),
    amount_off_cents=st.none(),
    currency=st.none(),
    plan_codes=st.sampled_from([(), ("THIRTY", "TEN")]),
    periods_left=st.sampled_from([1, 2, 3, None]),
) | st.builds(
    Promo,
    code=st.just("CIAO"),
    percent_off=st.none(),
    amount_off_cents=CENTS,
    currency=st.just("EUR"),
    plan_codes=st.sampled_from([(), ("PLUS",)]),
    periods_left=st.sampled_from([1, 2, 3, None]),
)
PURSES = st.builds(
    lambda gifts, balance: Purse(tuple(GiftMoney(n, cents) for n, cents in enumerate(gifts)), balance),
    st.lists(CENTS, max_size=3),
    st.just(0) | CENTS,
)
STARTS = st.builds(
    PlannedStart,
    plan=st.sampled_from(PLANS),
    at=st.just(STARTED_AT),
    promo=st.none() | PROMOS,
    purse=PURSES,
    is_trial=st.sampled_from([False, False, True]),
)
PERIODS = st.integers(1, 8)
INSTANTS = (st.integers(-1, 90).map(lambda days: days * DAY_SECONDS) | st.integers(0, 90 * DAY_SECONDS)).map(
    lambda seconds: STARTED_AT + timedelta(seconds=seconds)
)
LENGTHS = st.integers(1, 20 * DAY_SECONDS).map(lambda seconds: timedelta(seconds=seconds))
CHANGES = st.lists(
    st.builds(PlannedChange, INSTANTS, st.sampled_from(PLANS)), max_size=5, unique_by=attrgetter("at")
)
FREEZES = st.lists(
    st.builds(lambda at, length: PlannedFreeze(at, at + length), INSTANTS, LENGTHS), max_size=3
)


@st.composite
def lives(draw: st.DrawFn) -> Forecast:
    """Without what is refused."""
    return forecast(*draw(possible()))


@st.composite
def possible(draw: st.DrawFn) -> Plans:
    start, periods = draw(STARTS), draw(PERIODS)
    changes: list[PlannedChange] = []
    freezes: list[PlannedFreeze] = []
    for change in draw(CHANGES):
        if is_possible(start, periods, [*changes, change], freezes):
            changes.append(change)
    for freeze in draw(FREEZES):
        if is_possible(start, periods, changes, [*freezes, freeze]):
            freezes.append(freeze)
    return start, periods, changes, freezes


def is_possible(
    start: PlannedStart, periods: int, changes: list[PlannedChange], freezes: list[PlannedFreeze]
) -> bool:
    try:
        on_paper(start, periods, changes, freezes)
    except ImpossibleError:
        return False
    return True


def summed(invoice: Invoice) -> Sum:
    return Sum(
        start=invoice.period.start,
        end=invoice.period.end,
        charge=sum(line.amount_cents for line in invoice.lines if line.kind in CHARGES),
        discount=invoice.discount_cents,
        credit=invoice.credit_cents,
        to_balance=invoice.credited_to_balance_cents,
        gift=invoice.tenders.gift_cents,
        balance=invoice.tenders.balance_cents,
        due=invoice.amount_due_cents,
    )


THIRTY_ALONE = Promo("CIAO", 50, None, None, plan_codes=("THIRTY",), periods_left=2)
THERE_AND_BACK = [
    PlannedChange(STARTED_AT + timedelta(days=10), PLUS),
    PlannedChange(STARTED_AT + timedelta(days=20), THIRTY),
]


@settings(max_examples=3 * settings().max_examples)
@given(possible())
@example((PlannedStart(THIRTY, STARTED_AT, THIRTY_ALONE), 2, THERE_AND_BACK, []))
def test_it_is_what_the_sums_on_paper_give(life: Plans) -> None:
    assert [summed(invoice) for invoice in forecast(*life).invoices] == on_paper(*life)


@given(STARTS, PERIODS, CHANGES, FREEZES)
def test_what_nobody_could_do_is_refused(
    start: PlannedStart, periods: int, changes: list[PlannedChange], freezes: list[PlannedFreeze]
) -> None:
    try:
        sums = on_paper(start, periods, changes, freezes)
    except ImpossibleError:
        with pytest.raises(Refused):
            forecast(start, periods, changes, freezes)
    else:
        seen = forecast(start, periods, changes, freezes)
        assert [summed(invoice) for invoice in seen.invoices] == sums


@given(lives())
def test_nothing_is_below_zero_and_totals_are_sums(seen: Forecast) -> None:
    for invoice in seen.invoices:
        assert invoice.total_cents == sum(line.amount_cents for line in invoice.lines) >= 0
        assert invoice.amount_due_cents >= 0
        assert invoice.net_cents + invoice.vat_cents == invoice.total_cents
        assert invoice.subtotal_cents - invoice.discount_cents == invoice.total_cents
    assert min(gift.cents for gift in (*seen.purse.gifts, GiftMoney(0, 0))) >= 0
    assert seen.purse.balance_cents >= 0


@given(possible())
def test_what_left_the_purse_is_on_the_invoices(life: Plans) -> None:
    had, seen = life[0].purse, forecast(*life)
    taken = {gift.gift_card_id: 0 for gift in had.gifts}
    for invoice in seen.invoices:
        for gift in invoice.tenders.gifts:
            taken[gift.gift_card_id] += gift.cents

    assert seen.purse.gifts == tuple(
        GiftMoney(gift.gift_card_id, gift.cents - taken[gift.gift_card_id]) for gift in had.gifts
    )
    assert seen.purse.balance_cents == had.balance_cents + sum(
        invoice.credited_to_balance_cents - invoice.tenders.balance_cents for invoice in seen.invoices
    )


@given(possible())
def test_an_empty_purse_changes_nothing(life: Plans) -> None:
    """What is billed never depends on what pays it."""
    start, periods, changes, freezes = life
    seen = forecast(*life)
    without = forecast(replace(start, purse=EMPTY_PURSE), periods, changes, freezes)

    assert [invoice.lines for invoice in seen.invoices] == [invoice.lines for invoice in without.invoices]
    left = start.purse.balance_cents + sum(gift.cents for gift in start.purse.gifts)
    for invoice, bare in zip(seen.invoices, without.invoices, strict=True):
        if left == 0:
            assert invoice.tenders == NO_TENDERS
            assert invoice.amount_due_cents == bare.total_cents
        left += invoice.credited_to_balance_cents - invoice.tenders.total_cents


@given(lives())
def test_no_credit_is_more_than_was_paid(seen: Forecast) -> None:
    """For the time that it gives back: in money, or with a credit of its own."""
    for earlier, later in pairwise(seen.invoices):
        assert 0 <= later.credit_cents <= earlier.charge_cents
    assert seen.invoices[0].credit_cents == 0


@given(STARTS, PERIODS, FREEZES)
def test_so_many_periods_are_so_many_invoices(
    start: PlannedStart, periods: int, freezes: list[PlannedFreeze]
) -> None:
    freezes = [freeze for freeze in freezes[:1] if is_possible(start, periods, [], [freeze])]
    seen = forecast(start, periods, [], freezes)
    begun_with = BillingReason.SUBSCRIPTION_CYCLE if start.is_trial else BillingReason.SUBSCRIPTION_CREATE

    assert [invoice.billing_reason for invoice in seen.invoices] == [
        begun_with,
        *([BillingReason.SUBSCRIPTION_CYCLE] * (periods - 1)),
    ]
    frozen = sum((freeze.until - freeze.at for freeze in freezes), timedelta())
    gaps = [later.period.start - earlier.period.end for earlier, later in pairwise(seen.invoices)]
    moved = seen.state.paid_until - seen.invoices[-1].period.end
    assert sum(gaps, moved) == frozen


@given(STARTS, st.integers(1, 59))
def test_one_more_period_is_one_more_invoice_and_the_others_stay(start: PlannedStart, periods: int) -> None:
    fewer, more = forecast(start, periods), forecast(start, periods + 1)

    assert more.invoices[:-1] == fewer.invoices


@given(possible())
def test_the_order_in_which_it_is_said_does_not_matter(life: Plans) -> None:
    start, periods, changes, freezes = life

    assert forecast(start, periods, changes[::-1], freezes[::-1]) == forecast(*life)
