"""Freezing for a holiday, going on again, and withdrawing from the contract, by HTTP."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.past_due import past_due
from tests.api.plan_change import shown
from tests.client import Student, refusal
from tests.clock_turn import instant, turned
from tests.lives import Life, World


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def test_frozen_until_an_instant(active: Life) -> None:
    before, until = await shown(active), in_days(10)
    answer = await active.post("freeze", {"until": until})

    assert answer.status_code == 200, answer.text
    frozen = answer.json()
    assert frozen == before | {
        "status": "frozen",
        "next_action": "unfreeze",
        "next_action_at": frozen["frozen_until"],
        "frozen_until": frozen["frozen_until"],
        "access": {"allowed": False, "until": None, "reason": "frozen", "source": "own"},
    }
    assert instant(frozen["frozen_until"]) == instant(until)
    *_, told = (await active.student.get(f"/subscriptions/{active.subscription_id}/timeline")).json()["items"]
    assert (told["event"], told["details"]) == ("frozen", {"until": frozen["frozen_until"]})
    assert frozen["frozen_until"].endswith("Z")
    lessons = await active.student.get("/content/modules")
    assert refusal(lessons) == (403, "subscription_inactive")
    assert (lessons.json()["reason"], lessons.json()["detail"]) == (
        "frozen",
        "The subscription is frozen. Unfreeze it to open the lessons again.",
    )


async def test_it_goes_on_by_itself_with_its_paid_time_moved(active: Life, admin: Student) -> None:
    before = await shown(active)
    await active.post("freeze", {"until": in_days(10)})
    await turned(admin, active, "P11D")

    after = await shown(active)
    assert (after["status"], after["frozen_until"], after["access"]["allowed"]) == ("active", None, True)
    moved = instant(after["current_period_end"]) - instant(before["current_period_end"])
    assert timedelta(days=9.99) < moved < timedelta(days=10)
    assert (await active.student.get("/content/modules")).status_code == 200


async def test_without_an_end_it_lasts_as_long_as_the_allowance(active: Life) -> None:
    frozen = (await active.post("freeze")).json()

    lasts = instant(frozen["frozen_until"]) - datetime.now(UTC)
    assert timedelta(days=29.99) < lasts <= timedelta(days=30)


async def test_early_back_and_frozen_again(active: Life) -> None:
    await active.post("freeze")
    thawed = (await active.post("unfreeze")).json()

    assert (thawed["status"], thawed["frozen_until"]) == ("active", None)
    assert thawed["access"]["allowed"]
    assert (await active.post("freeze")).json()["status"] == "frozen"


@pytest.mark.parametrize(
    ("until", "refused"),
    [
        pytest.param(in_days(-1), (422, "freeze_until_is_past"), id="yesterday"),
        pytest.param(in_days(31), (409, "freeze_allowance_spent"), id="in 31 days"),
        ("9999-12-31T23:59:59Z", (409, "freeze_allowance_spent")),
        ("9999-12-31T23:59:59-23:00", (422, "validation_failed")),
        ("0001-01-01T00:00:00+23:00", (422, "validation_failed")),
        ("2026-13-01T00:00:00Z", (422, "validation_failed")),
        ("2099-01-01", (422, "validation_failed")),
        (1_800_000_000, (422, "validation_failed")),
    ],
)
async def test_an_end_that_is_none(active: Life, until: Any, refused: tuple[int, str]) -> None:
    assert refusal(await active.post("freeze", {"until": until})) == refused
    assert (await shown(active))["status"] == "active"


async def test_only_what_is_active_is_frozen(unpaid: Life) -> None:
    assert refusal(await unpaid.post("freeze")) == (409, "freeze_only_from_active")
    assert refusal(await unpaid.post("unfreeze")) == (409, "not_frozen")
    await unpaid.pay()
    assert refusal(await unpaid.post("unfreeze")) == (409, "not_frozen")
    await unpaid.post("freeze")
    assert refusal(await unpaid.post("freeze")) == (409, "freeze_only_from_active")
    await unpaid.post("cancel", {"at_period_end": False})
    assert refusal(await unpaid.post("unfreeze")) == (409, "not_frozen")
    assert refusal(await unpaid.post("freeze")) == (409, "freeze_only_from_active")


async def test_what_is_past_due_is_not_frozen(world: World, admin: Student) -> None:
    life = await past_due(world, admin)

    refused = await life.post("freeze")
    assert refusal(refused) == (409, "freeze_only_from_active")
    assert refused.json()["detail"] == "A freeze is not possible while a payment is past due."
    body = await shown(life)
    assert (body["status"], body["access"]["allowed"]) == ("past_due", True), "within the grace"


async def test_under_one_key_it_is_frozen_once(active: Life) -> None:
    path, key = f"/subscriptions/{active.subscription_id}/freeze", uuid.uuid4().hex
    first = await active.student.post(path, {}, key=key)
    await active.post("unfreeze")
    again = await active.student.post(path, {}, key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert (await shown(active))["status"] == "active"


async def test_freezing_and_canceling_at_once_end_in_one_of_the_orders(active: Life) -> None:
    frozen, canceled = await asyncio.gather(
        active.post("freeze"), active.post("cancel", {"at_period_end": False})
    )

    assert canceled.status_code == 200
    assert frozen.status_code == 200 or refusal(frozen) == (409, "freeze_only_from_active")
    assert (await shown(active))["status"] == "canceled"


async def test_canceled_while_frozen(active: Life, admin: Student) -> None:
    await active.post("freeze", {"until": in_days(5)})
    scheduled = (await active.post("cancel")).json()
    assert (scheduled["status"], scheduled["cancel_at_period_end"]) == ("frozen", True)

    await turned(admin, active, "P6D")
    assert (await shown(active))["next_action"] == "end_period"
