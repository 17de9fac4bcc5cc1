"""The clock route, as a test uses it."""

from datetime import datetime
from typing import Any

import httpx2

from tests.client import Student
from tests.lives import Life


async def turn(admin: Student, life: Life, advance: str, *, key: str | None = None) -> httpx2.Response:
    return await admin.post(clock_of(life), {"advance": advance}, key=key)


async def turned(admin: Student, life: Life, advance: str) -> dict[str, Any]:
    answer = await turn(admin, life, advance)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def clock_of(life: Life) -> str:
    return f"/admin/subscriptions/{life.subscription_id}/clock"


def events(answer: dict[str, Any]) -> list[str]:
    return [entry["event"] for entry in answer["happened"]]


def instant(rendered: str) -> datetime:
    return datetime.fromisoformat(rendered)
