"""What was quoted for a change of plan is charged exactly, or refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.changing import When
from domain.plan_choice import CLOCK_SKEW, QUOTE_LIVES, Amounts, Quote, Way, on_sale, without_charge
from domain.refusals import RefusalCode, Refused
from tests.domain.plan_changes import HALFWAY, PAID, begun
from tests.domain.states import FAMILY, MONTHLY, YEARLY

INVOICE = begun().offer(FAMILY, HALFWAY).invoice
QUOTE = Quote(
    PAID.version, FAMILY.price_version, When.NOW, HALFWAY, Amounts(995, 1_995, amount_due_cents=1_000)
)
A_MICROSECOND = timedelta(microseconds=1)


def test_only_what_is_on_sale_is_chosen() -> None:
    assert on_sale(MONTHLY) is MONTHLY
    with pytest.raises(Refused) as refused:
        on_sale(None)
    assert refused.value.code is RefusalCode.PLAN_NOT_FOUND


def test_a_change_at_once_is_never_made_without_its_invoice() -> None:
    with pytest.raises(ValueError, match="paid for first"):
        without_charge(PAID, FAMILY, Way.NOW)


@pytest.mark.parametrize("after", [-CLOCK_SKEW, timedelta(), QUOTE_LIVES])
def test_a_quote_holds_for_fifteen_minutes(after: timedelta) -> None:
    QUOTE.check_terms(PAID, FAMILY, Way.NOW, HALFWAY + after)
    QUOTE.check_amounts(INVOICE)


@pytest.mark.parametrize("after", [-CLOCK_SKEW - A_MICROSECOND, QUOTE_LIVES + A_MICROSECOND])
def test_before_and_after_that_it_does_not(after: timedelta) -> None:
    with pytest.raises(Refused) as refused:
        QUOTE.check_terms(PAID, FAMILY, Way.NOW, HALFWAY + after)
    assert refused.value.code is RefusalCode.QUOTE_OUTDATED


@pytest.mark.parametrize(
    "changed",
    [
        {"version": PAID.version + 1},
        {"price_version": FAMILY.price_version + 1},
        {"when": When.PERIOD_END},
    ],
)
def test_a_quote_is_about_one_state_one_price_and_one_time(changed: dict[str, int | When]) -> None:
    other = replace(QUOTE, **changed)  # type: ignore[arg-type]  # each value is of its field's type

    with pytest.raises(Refused) as refused:
        other.check_terms(PAID, FAMILY, Way.NOW, HALFWAY)
    assert refused.value.code is RefusalCode.QUOTE_OUTDATED


@pytest.mark.parametrize("name", ["credit_cents", "charge_cents", "amount_due_cents"])
def test_a_cent_more_was_not_quoted(name: str) -> None:
    amounts = replace(QUOTE.amounts, **{name: getattr(QUOTE.amounts, name) + 1})

    with pytest.raises(Refused) as refused:
        replace(QUOTE, amounts=amounts).check_amounts(INVOICE)
    assert refused.value.code is RefusalCode.QUOTE_OUTDATED


def test_what_a_dearer_interval_costs_is_quoted_with_its_credit() -> None:
    assert Amounts.of(begun().offer(YEARLY, HALFWAY).invoice) == Amounts(995, 14_900, 13_905)
