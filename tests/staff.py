"""Somebody who works here: made as the command line makes them, then logged in like anybody."""

import uuid
from typing import Any

import httpx2

from cli.admin import ensure_staff
from db.database import Database
from ops.settings import Settings
from tests.client import Student

PASSWORD = "undici lupi in un bosco"


async def hire(
    http: httpx2.AsyncClient, database: Database, settings: Settings, role: str, *, email: str | None = None
) -> Student:
    """By default under an address that nobody used."""
    email = email or f"{role}-{uuid.uuid4().hex}@italiano.example"
    await ensure_staff(database, settings, email, PASSWORD, role)
    person = Student(http, email=email, password=PASSWORD)
    await person.login()
    person.id = (await person.get("/auth/me")).json()["id"]
    return person


def new_plan(**fields: Any) -> dict[str, Any]:
    """The body of a request for a plan of a month, by default under a code that nobody used."""
    plan = {
        "code": f"T-{uuid.uuid4().hex}",
        "name": "Italian lessons, by the month",
        "period_iso": "P1M",
        "price_cents": 1_290,
        "currency": "EUR",
    }
    return plan | fields


async def make_plan(admin: Student, **fields: Any) -> str:
    """Puts a plan on sale that nobody else uses; returns its code."""
    made = await admin.post("/admin/plans", new_plan(**fields))
    assert made.status_code == httpx2.codes.CREATED, made.text
    code: str = made.json()["code"]
    return code


def new_promo_code(**fields: Any) -> dict[str, Any]:
    """The body of a request for a code, by default 20 % off the first period, that nobody used."""
    code = {"code": f"T-{uuid.uuid4().hex}".upper(), "duration": "once"}
    amount = {} if "amount_off_cents" in fields else {"percent_off": 20}
    return code | amount | fields


async def make_promo_code(admin: Student, **fields: Any) -> str:
    """Publishes a code that nobody else uses; returns it."""
    made = await admin.post("/admin/promo-codes", new_promo_code(**fields))
    assert made.status_code == httpx2.codes.CREATED, made.text
    code: str = made.json()["code"]
    return code
