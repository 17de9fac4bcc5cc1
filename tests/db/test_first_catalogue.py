"""What is on sale on a database that was just migrated."""

from sqlalchemy import text

from db.database import Connection
from domain.billing_calendar import Interval, parse_interval

PLANS = [
    ("P30D", "Italian lessons, 30 days", "P30D", 1, 0, 1, 1_990, "EUR", 2_200),
    ("P6M", "Italian lessons, 6 months", "P6M", 1, 0, 1, 9_990, "EUR", 2_200),
    ("P1Y", "Italian lessons, 1 year", "P1Y", 1, 0, 1, 17_990, "EUR", 2_200),
    ("P1Y-FAMILY", "Italian lessons for the family, 1 year", "P1Y", 5, 0, 1, 35_990, "EUR", 2_200),
]

LESSONS = [
    ("alphabet", "Alfabeto e pronuncia", 1),
    ("greetings", "Saluti e presentazioni", 1),
    ("present-tense", "Il presente indicativo", 1),
    ("at-the-bar", "Al bar e al ristorante", 1),
    ("articles", "Articoli e preposizioni", 1),
    ("past-tense", "Passato prossimo e imperfetto", 1),
    ("travel", "In viaggio", 1),
    ("subjunctive", "Il congiuntivo senza paura", 1),
]


async def test_four_plans_with_their_first_prices(connection: Connection) -> None:
    rows = await connection.execute(
        text(
            "SELECT code, name, period_iso, seats, trial_days, version, price_cents, currency,"
            " vat_rate_bp FROM plans JOIN plan_prices ON plan_id = plans.id"
            " ORDER BY plans.id LIMIT :count"
        ),
        {"count": len(PLANS)},
    )
    assert [tuple(row) for row in rows] == PLANS


async def test_every_plan_has_an_interval_that_the_calendar_takes() -> None:
    assert {code: parse_interval(period_iso) for code, _, period_iso, *_ in PLANS} == {
        "P30D": Interval(months=0, days=30),
        "P6M": Interval(months=6, days=0),
        "P1Y": Interval(months=12, days=0),
        "P1Y-FAMILY": Interval(months=12, days=0),
    }


async def test_the_lessons_in_their_order(connection: Connection) -> None:
    rows = await connection.execute(
        text("SELECT code, title, min_tier FROM content_modules ORDER BY position")
    )
    assert [tuple(row) for row in rows] == LESSONS
