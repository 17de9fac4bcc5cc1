"""What a gift card is worth, for whoever holds its code; and nothing for whoever guesses."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from db.database import Database
from tests.api.auth.in_process import StartApi, new_address
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.gift_cards import issue
from tests.lives import Life

UNKNOWN = "0000-0000-0000-0000"


async def balance(student: Student, code: Any) -> httpx2.Response:
    return await student.post("/gift-cards/balance", {"code": code})


async def test_a_card_that_nobody_has_redeemed(admin: Student, student: Student) -> None:
    expires_at = "2099-01-01T00:00:00Z"
    [code] = await issue(admin, 5_000, expires_at=expires_at)

    for typed in (code, code.lower(), code.replace("-", " "), f" {code} "):
        answer = await balance(student, typed)
        assert (answer.status_code, answer.json()) == (
            200,
            {"balance_cents": 5_000, "currency": "EUR", "expires_at": expires_at},
        )


async def test_its_owner_sees_what_is_left_and_others_see_nothing(
    admin: Student, student: Student, bystander: Student
) -> None:
    [code] = await issue(admin, 5_000)
    assert (await student.start(gift_code=code)).json()["gift_cents"] == 1_990

    assert (await balance(student, code)).json()["balance_cents"] == 3_010
    assert refusal(await balance(bystander, code)) == (404, "gift_card_not_found")


async def test_unknown_used_up_expired_and_somebody_elses_are_told_alike(
    admin: Student, student: Student, http: httpx2.AsyncClient
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=5)
    [expired] = await issue(admin, expires_at=soon.isoformat())
    [used_up] = await issue(admin, 1_990)
    [of_another] = await issue(admin, 5_000)
    assert (await student.start(gift_code=used_up)).json()["status"] == "active"
    assert (await (await Student.signup(http)).start(gift_code=of_another)).json()["gift_cents"] == 1_990

    async def has_expired() -> bool:
        return datetime.now(UTC) > soon

    await eventually(has_expired)
    answers = [await balance(student, code) for code in (UNKNOWN, expired, used_up, of_another)]

    assert {refusal(answer) for answer in answers} == {(404, "gift_card_not_found")}
    assert len({str(answer.json() | {"request_id": ""}) for answer in answers}) == 1
    assert len({frozenset(answer.headers.keys()) for answer in answers}) == 1


@pytest.mark.parametrize("code", ["", "x" * 65, 1, None, True, ["a"], {}])
async def test_a_code_that_is_none(bystander: Student, code: Any) -> None:
    assert refusal(await balance(bystander, code)) == (422, "validation_failed")


@pytest.mark.parametrize("code", ["-", "'; DROP TABLE gift_cards; --", "ÀÈÌ", "0" * 64, "\u202e", "U" * 16])
async def test_a_code_that_nobody_has(bystander: Student, code: str) -> None:
    assert refusal(await balance(bystander, code)) == (404, "gift_card_not_found")


async def test_guesses_of_one_user_are_limited_from_wherever_they_come(
    start_api: StartApi, student: Student, database: Database
) -> None:
    client_from = await start_api(gift_codes_per_user_per_hour=3)

    async def guess() -> httpx2.Response:
        client = client_from(new_address())
        return await client.post("/gift-cards/balance", json={"code": UNKNOWN}, headers=student.bearer)

    answers = await asyncio.gather(*(guess() for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [404] * 3 + [429] * 17
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert refusal(limited) == (429, "too_many_attempts")
    assert 0 < int(limited.headers["Retry-After"]) <= 3_600


async def test_guesses_from_one_address_are_limited_whoever_they_are(
    start_api: StartApi, http: httpx2.AsyncClient
) -> None:
    client = (await start_api(gift_codes_per_address_per_hour=2))(new_address())
    guessers = [await Student.signup(http) for _ in range(4)]

    answers = [
        await client.post("/gift-cards/balance", json={"code": UNKNOWN}, headers=guesser.bearer)
        for guesser in guessers
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 429, 429]


async def test_every_way_to_send_a_code_counts(
    start_api: StartApi, active: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal is there: a start is refused once none is under way under its key."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", active.world.stack.temporal_address)
    client = (await start_api(gift_codes_per_user_per_hour=3))(new_address())
    student = active.student

    async def send(path: str, body: dict[str, str]) -> tuple[int, str]:
        headers = student.bearer | {"Idempotency-Key": uuid.uuid4().hex}
        return refusal(await client.post(path, json=body, headers=headers))

    start = ("/subscriptions/start", {"plan_code": "P30D", "gift_code": UNKNOWN})
    redeem = (f"/subscriptions/{active.subscription_id}/redeem", {"gift_code": UNKNOWN})
    ask = ("/gift-cards/balance", {"code": UNKNOWN})
    assert await send(*start) == (409, "subscription_exists")  # the code was not even looked at
    await active.post("cancel", {"at_period_end": False})
    assert await send(*redeem) == (409, "subscription_ended")

    answers = [await send(*call) for call in (start, ask, start, ask, start, redeem)]

    assert answers == [(404, "gift_card_not_found")] * 3 + [(429, "too_many_attempts")] * 3


async def test_only_guesses_count_and_a_card_of_ones_own_forgives_none(
    start_api: StartApi, admin: Student, student: Student
) -> None:
    [own] = await issue(admin)
    client = (await start_api(gift_codes_per_user_per_hour=2))(new_address())

    async def ask(code: str) -> int:
        answer = await client.post("/gift-cards/balance", json={"code": code}, headers=student.bearer)
        return answer.status_code

    assert [await ask(code) for code in (own, own, own, UNKNOWN, own, UNKNOWN, own, UNKNOWN)] == [
        *(200, 200, 200, 404, 200, 404),
        *(429, 429),
    ]
