"""docs/reports.md: every report is on it, and its worked example comes out as it says."""

from datetime import UTC, datetime
from typing import cast

from typer.core import TyperGroup
from typer.main import get_command

from cli.groups import report
from domain.growth import Kind, Step, by_month, months_of, movements
from domain.monthly_worth import Billed, monthly_worth
from domain.payer_steps import HandedOn, PaidSubscription, WorthFrom, steps_of
from tests.docs.tables import Row, tables_of

TABLES = tables_of("reports.md")
VAT_BP = 2_200
NOTHING = "-"
PEOPLE = ("Anna", "Bruno", "Carla", "Dora")
HANDS_ON = "hands it on to "
BY_HEADS = ("opening subscribers", "started", "returned", "handed on", "ended", "closing")


def cents(text: str) -> int:
    whole, hundredths = text.removesuffix(" %").removeprefix("-").split(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 100 + int(hundredths))


def turn(row: Row) -> WorthFrom | HandedOn:
    at = datetime.fromisoformat(f"2026-{row['on']}T00:00:00+00:00")
    if HANDS_ON in row["what happens"]:
        return HandedOn(at, PEOPLE.index(row["what happens"].removeprefix(HANDS_ON)))
    if row["plan"] == NOTHING:
        return WorthFrom(at, None)
    billed = Billed(cents(row["price"]), cents(row["discount"]), VAT_BP, row["plan"])
    return WorthFrom(at, monthly_worth(billed))


def steps(rows: list[Row]) -> list[Step]:
    """In the order of the rules. Everybody of the example starts one, and does so again on the same row."""
    by_payer = {name: [turn(row) for row in rows if row["payer"] == name] for name in PEOPLE}
    return sorted(
        (
            step
            for payer_id, turns in enumerate(by_payer.values())
            for step in steps_of(PaidSubscription(payer_id, "EUR", payer_id), turns)
        ),
        key=lambda step: step.order,
    )


MRR, SUBSCRIBERS = by_month(
    movements(steps(TABLES["A worked example"])),
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
            *(int(row[name]) for name in BY_HEADS),
            None if row["churn rate"] == NOTHING else cents(row["churn rate"]),
        )
        for row in TABLES["And by heads"]
    ]

    assert said == [
        (
            f"{row.month:%Y-%m}",
            row.opening,
            row.started,
            row.returned,
            row.handed_on,
            row.ended,
            row.closing,
            row.churn_bp,
        )
        for row in SUBSCRIBERS
    ]


def test_every_report_is_on_the_page() -> None:
    group = cast("TyperGroup", get_command(report.group))

    assert {row["report"].removeprefix("italiano report ") for row in TABLES["Reports"]} == set(
        group.commands
    )


def test_every_movement_is_on_the_page() -> None:
    assert {row["movement"] for row in TABLES["Monthly recurring revenue"]} == set(Kind)
