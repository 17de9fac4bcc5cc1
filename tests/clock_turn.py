"""The clock route, as a test uses it."""

import uuid
from datetime import datetime
from typing import Any

import httpx2

from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life

SEVERAL_TURNS_SECONDS = 300.0
"""One of them is cut short after a minute."""


async def turn(admin: Student, life: Life, advance: str, *, key: str | None = None) -> httpx2.Response:
    return await admin.post(clock_of(life), {"advance": advance}, key=key)


async def turn_to_the_end(
    admin: Student, life: Life, advance: str, *, key: str | None = None
) -> httpx2.Response:
    """A turn that is cut short, as on a busy machine, is gone on with by the same request."""
    key = key or uuid.uuid4().hex

    async def is_at_the_end() -> httpx2.Response:
        answer = await turn(admin, life, advance, key=key)
        assert answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE, answer.text
        return answer

    return await eventually(is_at_the_end, SEVERAL_TURNS_SECONDS)


async def turned(admin: Student, life: Life, advance: str, *, key: str | None = None) -> dict[str, Any]:
    answer = await turn_to_the_end(admin, life, advance, key=key)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def clock_of(life: Life) -> str:
    return f"/admin/subscriptions/{life.subscription_id}/clock"


def events(answer: dict[str, Any]) -> list[str]:
    return [entry["event"] for entry in answer["happened"]]


def instant(rendered: str) -> datetime:
    return datetime.fromisoformat(rendered)
