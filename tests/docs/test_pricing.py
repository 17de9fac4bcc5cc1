"""docs/pricing.md says what the rules give: each row of its tables is run."""

import ast
from pathlib import Path

import pytest

from domain import changing, renewing, scheduling
from domain.changing import When
from domain.invoice import BillingReason
from domain.money import share, split_vat
from domain.planned import PlannedFreeze
from domain.pricing import bill_period
from domain.promo import Promo
from domain.tenders import EMPTY_PURSE
from tests.docs.pricing_page import (
    NOTHING,
    PLANS,
    TABLES,
    billed,
    cents,
    day,
    fraction,
    freezes,
    of_row,
    on_day,
    period,
    promo,
    purse,
    rate_bp,
    said,
)
from tests.docs.tables import Row

ROOT = Path(__file__).parents[2]

RUN = {
    "The plans of this page",
    "Credit above the charge",
    "Several changes in one period",
    "Several changes with a promo code for one plan",
    "Freezes",
}
"""The headings whose tables are run here: these as a whole, the others row by row."""


def rows(heading: str) -> pytest.MarkDecorator:
    RUN.add(heading)
    table = TABLES[heading]
    return pytest.mark.parametrize("row", table, ids=[" ".join(row.values()) for row in table])


@rows("Guarantees")
def test_a_guarantee_is_held_by_a_test(row: Row) -> None:
    path, _, name = row["held by"].partition("::")
    tree = ast.parse((ROOT / path).read_text())

    assert name in {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_guarantees_are_numbered() -> None:
    guarantees = TABLES["Guarantees"]

    assert [int(row["no."]) for row in guarantees] == list(range(1, len(guarantees) + 1))


@rows("Rounding")
def test_rounding(row: Row) -> None:
    part = fraction(row["share"])

    assert share(cents(row["amount"]), part.numerator, part.denominator) == cents(row["rounded"])


@rows("VAT")
def test_vat(row: Row) -> None:
    assert split_vat(cents(row["total"]), rate_bp(row["rate"])) == (cents(row["net"]), cents(row["VAT"]))


@rows("Calendar")
def test_calendar(row: Row) -> None:
    ends = [day(end) for end in row["the first periods end on"].split(", ")]
    seen = billed(row["plan"], len(ends), started_at=day(row["starts on"]))

    assert [invoice.period.end for invoice in seen.invoices] == ends


@rows("Promo codes")
def test_promo_codes(row: Row) -> None:
    seen = billed(row["plan"], 4, promo=promo(row))

    totals = row["the first four invoices"].split(", ")
    assert [invoice.total_cents for invoice in seen.invoices] == [cents(total) for total in totals]


@rows("Gift cards and balance")
def test_gift_cards_and_balance(row: Row) -> None:
    paid = [
        tuple(cents(part) for part in invoice.split("/")) for invoice in row["the first invoices"].split(", ")
    ]
    seen = billed(row["plan"], len(paid), promo=promo(row), purse=purse(row))

    assert [
        (invoice.tenders.gift_cents, invoice.tenders.balance_cents, invoice.amount_due_cents)
        for invoice in seen.invoices
    ] == paid


@rows("A change of plan at once")
def test_a_change_at_once(row: Row) -> None:
    before = billed(row["on"], 1, promo=promo(row), freezes=freezes(row))
    remainder = changing.remainder_at(before.state, on_day(row["on day"]))
    seen = billed(row["on"], 1, {row["on day"]: row["to"]}, promo=promo(row), freezes=freezes(row))

    *_, change = seen.invoices
    assert fraction(f"{remainder.left}/{remainder.whole}") == fraction(row["share"])
    assert {name: said(change)[name] for name in of_row(row)} == of_row(row)
    assert change.period == period(row["for the time"])


def test_credit_above_the_charge() -> None:
    table = TABLES["Credit above the charge"]
    seen = billed("YEAR", len(table), {"73": "BASIC"})

    assert [{name: said(invoice)[name] for name in of_row(table[0])} for invoice in seen.invoices] == [
        of_row(row) for row in table
    ]
    assert [invoice.lines[0].description for invoice in seen.invoices] == [row["plan"] for row in table]


BASIC_ALONE = Promo("CIAO", 50, None, None, plan_codes=("BASIC",), periods_left=1)


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Several changes in one period", None),
        ("Several changes with a promo code for one plan", BASIC_ALONE),
    ],
)
def test_several_changes_in_one_period(heading: str, code: Promo | None) -> None:
    first, *changes, renewal = table = TABLES[heading]
    seen = billed(first["to"], 2, {row["on day"]: row["to"] for row in changes}, promo=code)

    assert [{name: said(invoice)[name] for name in of_row(first)} for invoice in seen.invoices] == [
        of_row(row) for row in table
    ]
    assert [invoice.lines[0].description for invoice in seen.invoices] == [row["charged as"] for row in table]
    assert [invoice.period.start for invoice in seen.invoices] == [on_day(row["on day"]) for row in table]
    assert seen.invoices[-1].billing_reason is BillingReason.SUBSCRIPTION_CYCLE
    assert seen.state.plan.code == renewal["to"]


@rows("Up now, down at the period's end")
def test_up_now_and_down_at_the_periods_end(row: Row) -> None:
    on, to = PLANS[row["on"]], PLANS[row["to"]]
    usual = changing.usual_time(on, to)

    assert usual is {"now": When.NOW, "at the period's end": When.PERIOD_END}[row["taken"]]
    if usual is When.NOW:
        assert (row["then billed"], row["for the time"]) == (NOTHING, NOTHING)
        return
    state = scheduling.schedule(billed(row["on"], 1).state, to).state
    upcoming = renewing.next_period(state, state.paid_until)
    invoice = bill_period(
        BillingReason.SUBSCRIPTION_CYCLE, upcoming.plan, upcoming.period, state.promo, EMPTY_PURSE
    )
    assert (invoice.total_cents, invoice.period) == (cents(row["then billed"]), period(row["for the time"]))


def test_freezes() -> None:
    table = TABLES["Freezes"]
    planned = [PlannedFreeze(day(r["frozen from"]), day(r["until"])) for r in table if r["until"] != NOTHING]

    for count, row in enumerate(table):
        seen = billed("YEAR", 2, freezes=planned[:count])
        first, second = seen.invoices
        frozen = sum((freeze.until - freeze.at).days for freeze in planned[:count])
        assert second.period == period(row["the next period"])
        assert (second.period.start - first.period.start).days - frozen == int(row["days had"])
    assert len(table) == len(planned) + 1


def test_no_table_is_left_out() -> None:
    assert TABLES.keys() == RUN
