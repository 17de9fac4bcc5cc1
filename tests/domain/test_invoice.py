from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Period
from domain.invoice import TO_BALANCE_OF_OTHERS, TO_OWN_BALANCE, BillingReason, Invoice, InvoiceLine, LineKind
from domain.money import split_vat
from domain.pricing import Credit, Remainder, bill_change, bill_period
from domain.tenders import EMPTY_PURSE
from tests.domain.plan_changes import HALF_OFF
from tests.domain.states import DAY, MONTHLY, PERIOD


def test_a_period_of_a_plan_is_one_line_at_its_pinned_price() -> None:
    invoice = bill_period(BillingReason.SUBSCRIPTION_CREATE, MONTHLY, PERIOD, None, EMPTY_PURSE)

    assert invoice == Invoice(
        billing_reason=BillingReason.SUBSCRIPTION_CREATE,
        period=PERIOD,
        currency="EUR",
        vat_rate_bp=2_200,
        lines=(InvoiceLine(LineKind.PLAN, "One month", PERIOD, 1_990),),
    )
    assert (invoice.total_cents, invoice.net_cents, invoice.vat_cents) == (1_990, 1_631, 359)


def test_what_was_sold_is_said_even_where_it_costs_nothing_and_nothing_else_is() -> None:
    free = replace(MONTHLY, price_cents=0)
    period = bill_period(BillingReason.SUBSCRIPTION_CREATE, free, PERIOD, HALF_OFF, EMPTY_PURSE)
    change = bill_change(
        free,
        PERIOD,
        credit=Credit(MONTHLY, PERIOD, 0),
        remainder=Remainder(left=1, whole=2),
        promo=HALF_OFF,
        purse=EMPTY_PURSE,
    )

    assert period.lines == (InvoiceLine(LineKind.PLAN, "One month", PERIOD, 0),)
    assert change.lines == (
        InvoiceLine(LineKind.PRORATION_CHARGE, "Rest of the period on One month", PERIOD, 0),
    )


def test_a_cent_below_nothing_goes_to_the_balance() -> None:
    rest = Period(PERIOD.end - DAY, PERIOD.end)
    invoice = bill_change(
        replace(MONTHLY, price_cents=0),
        PERIOD,
        credit=Credit(MONTHLY, rest, 1),
        remainder=None,
        promo=None,
        purse=EMPTY_PURSE,
    )

    assert invoice.lines == (
        InvoiceLine(LineKind.PLAN, "One month", PERIOD, 0),
        InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", rest, -1),
        InvoiceLine(LineKind.CREDIT_TO_BALANCE, TO_OWN_BALANCE, PERIOD, 1),
    )
    assert (invoice.total_cents, invoice.amount_due_cents) == (0, 0)


def test_what_is_credited_to_others_is_a_line_of_its_own() -> None:
    rest = Period(PERIOD.end - DAY, PERIOD.end)
    invoice = bill_change(
        replace(MONTHLY, price_cents=0),
        PERIOD,
        credit=Credit(MONTHLY, rest, 1_000),
        remainder=None,
        promo=None,
        purse=EMPTY_PURSE,
    )

    assert invoice.crediting_others(400) == replace(
        invoice,
        lines=(
            InvoiceLine(LineKind.PLAN, "One month", PERIOD, 0),
            InvoiceLine(LineKind.PRORATION_CREDIT, "Unused time of One month", rest, -1_000),
            InvoiceLine(LineKind.CREDIT_TO_BALANCE, TO_OWN_BALANCE, PERIOD, 600),
            InvoiceLine(LineKind.CREDIT_TO_BALANCE, TO_BALANCE_OF_OTHERS, PERIOD, 400),
        ),
        credited_to_others_cents=400,
    )


@given(st.lists(st.integers(-(10**6), 10**6)), st.integers(0, 10_000))
def test_the_total_is_the_sum_of_the_lines(amounts: list[int], rate: int) -> None:
    lines = tuple(InvoiceLine(LineKind.PLAN, "line", PERIOD, amount) for amount in amounts)
    invoice = Invoice(BillingReason.SUBSCRIPTION_CREATE, PERIOD, "EUR", rate, lines)

    assert invoice.total_cents == sum(amounts)
    assert (invoice.net_cents, invoice.vat_cents) == split_vat(sum(amounts), rate)
