"""docs/reports.md: every report is on it, and its worked example comes out as it says."""

from datetime import UTC, datetime
from typing import cast

from typer.core import TyperGroup
from typer.main import get_command

from cli.groups import report
from domain.growth import Kind, Step, by_month, months_of, movements
from domain.monthly_worth import Billed, monthly_worth
from tests.docs.tables import Row, tables_of

TABLES = tables_of("reports.md")
VAT_BP = 2_200
NOTHING = "-"


def cents(text: str) -> int:
    whole, hundredths = text.removesuffix(" %").removeprefix("-").split(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 100 + int(hundredths))


def step(row: Row) -> Step:
    at = datetime.fromisoformat(f"2026-{row['on']}T00:00:00+00:00")
    if row["plan"] == NOTHING:
        return Step(payer(row), "EUR", at, None)
    billed = Billed(cents(row["price"]), cents(row["discount"]), VAT_BP, row["plan"])
    return Step(payer(row), "EUR", at, monthly_worth(billed))


def payer(row: Row) -> int:
    return ["Anna", "Bruno", "Carla"].index(row["payer"])


MRR, SUBSCRIBERS = by_month(
    movements(sorted(map(step, TABLES["A worked example"]), key=lambda step: (step.payer_id, step.at))),
    months_of(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
)


def test_the_worked_example_of_what_is_paid_a_month() -> None:
    said = [(row["month"], *(cents(row[name]) for name in list(row)[1:])) for row in TABLES["What it gives"]]

    assert said == [
        (
            f"{row.month:%Y-%m}",
            row.opening_cents,
            row.new_cents,
            row.expansion_cents,
            row.contraction_cents,
            row.churn_cents,
            row.reactivation_cents,
            row.closing_cents,
        )
        for row in MRR
    ]


def test_the_worked_example_by_heads() -> None:
    said = [
        (
            row["month"],
            *(int(row[name]) for name in ("opening subscribers", "started", "returned", "ended", "closing")),
            None if row["churn rate"] == NOTHING else cents(row["churn rate"]),
        )
        for row in TABLES["And by heads"]
    ]

    assert said == [
        (f"{row.month:%Y-%m}", row.opening, row.started, row.returned, row.ended, row.closing, row.churn_bp)
        for row in SUBSCRIBERS
    ]


def test_every_report_is_on_the_page() -> None:
    group = cast("TyperGroup", get_command(report.group))

    assert {row["report"].removeprefix("italiano report ") for row in TABLES["Reports"]} == set(
        group.commands
    )


def test_every_movement_is_on_the_page() -> None:
    assert {row["movement"] for row in TABLES["Monthly recurring revenue"]} == set(Kind)
