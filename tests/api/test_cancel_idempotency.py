"""Commands under an Idempotency-Key: one key is one command, and a refusal leaves it free."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.client import Student, refusal
from tests.lives import Life, World

AT_PERIOD_END = {"at_period_end": True}
NOW = {"at_period_end": False}


class Keyed:
    """Commands under one Idempotency-Key."""

    def __init__(self, life: Life, key: str) -> None:
        self.life = life
        self.key = key

    async def post(self, name: str, body: Any = None) -> httpx2.Response:
        return await self.life.student.post(
            f"/subscriptions/{self.life.subscription_id}/{name}", body, key=self.key
        )


def assert_replays(again: httpx2.Response, first: httpx2.Response) -> None:
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_same_key_gets_the_same_answer_and_changes_nothing_more(active: Life) -> None:
    keyed = Keyed(active, "k")
    first = await keyed.post("cancel", AT_PERIOD_END)
    await active.post("uncancel")

    assert_replays(await keyed.post("cancel", AT_PERIOD_END), first)
    assert_replays(await keyed.post("cancel", {}), first)
    assert (await active.shown())["cancel_at_period_end"] is False


async def test_taking_it_back_has_keys_too(active: Life) -> None:
    await active.post("cancel", AT_PERIOD_END)
    keyed = Keyed(active, "k")
    first = await keyed.post("uncancel")
    await active.post("cancel", AT_PERIOD_END)

    assert_replays(await keyed.post("uncancel"), first)
    assert (await active.shown())["cancel_at_period_end"] is True


async def test_another_request_under_the_key_is_refused(active: Life) -> None:
    keyed = Keyed(active, "k")
    first = await keyed.post("cancel", AT_PERIOD_END)

    for name, body in (("cancel", NOW), ("cancel", AT_PERIOD_END | {"reason": "other"}), ("uncancel", None)):
        assert refusal(await keyed.post(name, body)) == (422, "idempotency_key_reused")
    other = await active.student.post("/subscriptions/9223372036854775807/cancel", AT_PERIOD_END, key="k")
    assert refusal(other) == (422, "idempotency_key_reused")
    assert_replays(await keyed.post("cancel", AT_PERIOD_END), first)


async def test_a_refused_command_does_not_burn_its_key(active: Life) -> None:
    keyed = Keyed(active, "k")
    for _ in range(3):
        assert refusal(await keyed.post("uncancel")) == (409, "not_canceling")
    await active.post("cancel", AT_PERIOD_END)

    assert (await keyed.post("uncancel")).status_code == 200
    assert (await active.shown())["cancel_at_period_end"] is False


async def test_two_users_may_have_the_same_key(active: Life, student: Student) -> None:
    started = (await student.start()).json()
    first = await active.student.post(f"/subscriptions/{active.subscription_id}/cancel", {}, key="k")
    second = await student.post(f"/subscriptions/{started['subscription_id']}/cancel", {}, key="k")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["subscription_id"] != second.json()["subscription_id"]
    assert "idempotency-replayed" not in second.headers


@pytest.mark.parametrize("keys", [[b""], [b"k" * 201], [b"k", b"k"], ["è".encode()]])
async def test_a_malformed_key_is_refused(unpaid: Life, keys: list[bytes]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in unpaid.student.bearer.items()]
    headers += [(b"Idempotency-Key", key) for key in keys]
    for name in ("cancel", "uncancel"):
        path = f"/subscriptions/{unpaid.subscription_id}/{name}"
        answer = await unpaid.student.http.post(path, json={}, headers=headers)
        assert refusal(answer) == (400, "idempotency_key_invalid")
    assert (await unpaid.shown())["status"] == "incomplete"


async def test_after_an_outage_the_key_stays_with_its_request(
    world: World, active: Life, impatient: httpx2.AsyncClient
) -> None:
    """A 503 may hide a command that was carried out: another body under its key is not taken for it."""
    path, key = f"/subscriptions/{active.subscription_id}/cancel", uuid.uuid4().hex
    in_vain = active.student.through(impatient)
    await world.stack.stop_worker()
    try:
        away = await in_vain.post(path, {"at_period_end": True}, key=key)
        other = await in_vain.post(path, {"at_period_end": False}, key=key)
    finally:
        await world.stack.start_worker()
    assert (away.status_code, other.status_code) == (503, 422)
    assert other.json()["code"] == "idempotency_key_reused"

    again = await active.student.post(path, {"at_period_end": True}, key=key)

    assert (again.status_code, again.json()["status"], again.json()["cancel_at_period_end"]) == (
        200,
        "active",
        True,
    )
    assert (await active.book()).timeline == ["opened", "activated", "cancel_scheduled"]
