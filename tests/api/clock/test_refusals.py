"""Who may not turn a clock, which clocks cannot be turned, and by what lengths."""

import asyncio
import uuid
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from db.database import Database
from ops.settings import Settings
from tests.api.shell import client_of, shell_app, shell_settings
from tests.client import Student, refusal
from tests.clock_turn import turn, turn_to_the_end, turned
from tests.lives import Life
from tests.stack import SELLER

NOT_DURATIONS: list[Any] = [
    "",
    "P",
    "PT",
    "P1",
    "1D",
    "31",
    "P0D",
    "PT0S",
    "P-1D",
    "-P1D",
    "+P1D",
    "P1.5D",
    "P1M",
    "P1Y",
    "P1DT",
    "P1H",
    "PT1D",
    "P1D ",
    " P1D",
    "p1d",
    "P3661D",
    "P999999999W",
    "P٣D",
    "P1D" * 40,
    31,
    None,
    [],
    {"days": 31},
    True,
]


@pytest.mark.parametrize("advance", NOT_DURATIONS, ids=repr)
async def test_what_is_no_length_of_time(admin: Student, advance: Any) -> None:
    answer = await admin.post("/admin/subscriptions/1/clock", {"advance": advance})

    assert refusal(answer) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == ["advance"]


async def test_a_student_turns_no_clock(unpaid: Life) -> None:
    assert refusal(await turn(unpaid.student, unpaid, "P1D")) == (403, "forbidden")
    assert (await unpaid.book()).timeline == ["opened"]


async def test_support_turns_no_clock(support: Student, unpaid: Life) -> None:
    assert refusal(await turn(support, unpaid, "P1D")) == (403, "forbidden")
    assert (await unpaid.book()).timeline == ["opened"]


async def test_the_clock_of_no_subscription(admin: Student) -> None:
    answer = await admin.post(f"/admin/subscriptions/{2**63 - 1}/clock", {"advance": "P1D"})

    assert refusal(answer) == (404, "subscription_not_found")


async def test_a_clock_stops_with_its_subscription(admin: Student, unpaid: Life) -> None:
    await unpaid.post("cancel", {"at_period_end": False})
    await unpaid.closes()

    assert refusal(await turn(admin, unpaid, "P1D")) == (409, "subscription_ended")
    assert (await unpaid.book()).timeline == ["opened", "canceled"]


async def test_a_clock_in_somebody_s_hands(admin: Student, unpaid: Life, database: Database) -> None:
    async with database.try_lock(f"clock:{unpaid.subscription_id}"):
        refused = await turn(admin, unpaid, "P1D")

    assert refusal(refused) == (409, "clock_in_use")
    assert "retry-after" in refused.headers
    assert (await unpaid.book()).timeline == ["opened"]
    await turned(admin, unpaid, "PT1H")


async def test_a_key_means_one_request(admin: Student, unpaid: Life) -> None:
    key = uuid.uuid4().hex
    first = await turn_to_the_end(admin, unpaid, "PT1H", key=key)
    other = await turn(admin, unpaid, "PT2H", key=key)
    again = await turn(admin, unpaid, "PT1H", key=key)

    assert refusal(other) == (422, "idempotency_key_reused")
    assert (again.status_code, again.json()) == (200, first.json())


async def test_where_it_is_not_enabled_there_is_no_such_address(admin: Student) -> None:
    app = shell_app(shell_settings(virtual_clock=False))
    async with client_of(app) as client:
        answer = await client.post(
            "/admin/subscriptions/1/clock", json={"advance": "P1D"}, headers=admin.bearer
        )

    assert refusal(answer) == (404, "not_found")
    assert [path for path in app.openapi()["paths"] if "clock" in path] == []


def test_it_is_off_by_default_and_refused_in_production() -> None:
    accepted: dict[str, Any] = {
        "allowed_hosts": ("billing.example",),
        "database_url": SecretStr("postgresql+psycopg://nowhere"),
        "jwt_secret": SecretStr("j" * 32),
        "webhook_secret": SecretStr("w" * 32),
        "gift_code_secret": SecretStr("g" * 32),
        "events_secret": SecretStr("g" * 32),
        **SELLER,
    }

    assert Settings(**accepted).virtual_clock is False
    with pytest.raises(ValidationError, match="a virtual clock is not accepted in production"):
        Settings(**accepted, environment="production", virtual_clock=True)


async def test_turns_keep_no_request_waiting(admin: Student, unpaid: Life) -> None:
    """More turns than the pool has connections, and reads in the middle of them."""
    lives = [unpaid, *await asyncio.gather(*(Life.begin(unpaid.world) for _ in range(11)))]
    turns = [asyncio.create_task(turn(admin, life, "PT1H")) for life in lives]
    reads = [await life.student.get("/me/subscription") for life in lives]
    answers = await asyncio.gather(*turns)

    assert {read.status_code for read in reads} == {200}
    assert {answer.status_code for answer in answers} <= {200, 503}
