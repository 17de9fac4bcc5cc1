"""A preview of a start in a database of its own, no engine near it: what takes off and pays, and no trace."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, text

from api.app import create_app
from db.database import Database
from db.tables.promo_codes import PromoCode
from tests.api.purses import fill_purse
from tests.api.shell import client_of
from tests.client import Student, refusal
from tests.db.rows import START
from tests.stack import settings_for

COUNTED = "rate_limits"
"""Codes could be guessed: how often somebody tries is counted."""


@dataclass
class Alone:
    """Somebody whose database nobody else writes to."""

    student: Student
    database: Database

    async def rows(self) -> dict[str, Any]:
        """Everything in the database, and which transaction wrote it."""
        async with self.database.read() as connection:
            names = await connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
            )
            found: dict[str, Any] = {}
            for name in names.scalars().all():
                query = f'SELECT xmin::text, r::text FROM "{name}" r ORDER BY 1, 2'  # noqa: S608 - its own tables
                found[name] = (await connection.execute(text(query))).all()
            found["sequences"] = (
                await connection.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"))
            ).all()
            return found

    async def preview(self, plan_code: str = "P30D", **fields: Any) -> httpx2.Response:
        return await self.student.post("/subscriptions/preview", {"plan_code": plan_code, **fields})


@pytest.fixture
async def alone(
    fresh_database_url: Callable[[], Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Alone]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings)
    async with client_of(create_app(settings)) as http:
        yield Alone(await Student.signup(http), database)
    await database.close()


async def publish(alone: Alone, code: str, **terms: Any) -> None:
    promo = {"code": code, "percent_off": 25, "duration": "once", "created_by": alone.student.id}
    async with alone.database.transaction() as connection:
        await connection.execute(insert(PromoCode).values(promo | terms))


async def test_no_row_is_written(alone: Alone) -> None:
    await publish(alone, "CIAO")
    async with alone.database.transaction() as connection:
        await fill_purse(connection, alone.student.id, gifts=(500, 800), balance_cents=300)
    before = await alone.rows()

    plain = await alone.preview(periods=60)
    rich = await alone.preview(
        promo_code="CIAO",
        start_at="2026-03-01T00:00:00Z",
        periods=6,
        changes=[{"at": "2026-03-13T00:00:00Z", "plan_code": "P1Y"}],
        freezes=[{"from": "2026-05-01T00:00:00Z", "until": "2026-05-11T00:00:00Z"}],
    )
    refused = await alone.preview("P9Y")

    assert [answer.status_code for answer in (plain, rich, refused)] == [200, 200, 404]
    after = await alone.rows()
    assert before.pop(COUNTED) != after.pop(COUNTED)
    assert after == before


async def test_what_the_customer_has_with_us_pays_first(alone: Alone) -> None:
    async with alone.database.transaction() as connection:
        await fill_purse(connection, alone.student.id, gifts=(1_500, 800), balance_cents=300)

    invoices = (await alone.preview(periods=3)).json()["invoices"]

    paid = [(i["gift_cents"], i["balance_cents"], i["amount_due_cents"]) for i in invoices]
    assert paid == [(1_990, 0, 0), (310, 300, 1_380), (0, 0, 1_990)]


async def test_a_gift_card_pays_only_until_it_expires(alone: Alone) -> None:
    async with alone.database.transaction() as connection:
        expires_at = START + timedelta(days=30)
        await fill_purse(connection, alone.student.id, gifts=(9_000,), expires_at=expires_at)

    invoices = (await alone.preview(periods=3, start_at=START.isoformat())).json()["invoices"]

    assert [invoice["gift_cents"] for invoice in invoices] == [1_990, 0, 0]


async def test_a_promo_code_takes_off_what_it_says(alone: Alone) -> None:
    await publish(alone, "CIAO", duration="repeating", duration_periods=2)

    invoices = (await alone.preview(promo_code="ciao", periods=3)).json()["invoices"]

    assert [invoice["discount_cents"] for invoice in invoices] == [498, 498, 0]
    assert [line["description"] for line in invoices[0]["lines"]] == [
        "Italian lessons, 30 days",
        "Promo code CIAO",
    ]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"valid_until": START}, (409, "promo_code_expired")),
        ({"valid_from": START + timedelta(seconds=1)}, (409, "promo_code_expired")),
        ({"plan_codes": ["P1Y"]}, (409, "promo_code_not_applicable")),
        ({"percent_off": None, "amount_off_cents": 1, "currency": "USD"}, (409, "currency_mismatch")),
        ({"max_redemptions": 1, "redemption_count": 1}, (409, "promo_code_exhausted")),
    ],
    ids=["over", "to come", "for another plan", "in another currency", "used up"],
)
async def test_a_promo_code_that_a_start_would_not_take(
    alone: Alone, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    await publish(alone, "CIAO", **terms)

    answer = await alone.preview(promo_code="CIAO", start_at=START.isoformat())

    assert refusal(answer) == expected
