"""What a user sees of a subscription, in each status."""

from datetime import datetime, timedelta
from typing import Any

from tests.api.past_due import past_due
from tests.client import Student
from tests.clock_turn import turned
from tests.lives import Life, World

UNPAID_START_LIVES = timedelta(hours=23)
GRACE = timedelta(days=7)
REMINDED_BEFORE = timedelta(days=3)


async def read(life: Life) -> dict[str, Any]:
    """By its id; the user's current one is the same in these tests."""
    by_id = await life.student.get(f"/subscriptions/{life.subscription_id}")
    current = await life.student.get("/me/subscription")
    assert by_id.status_code == current.status_code == 200
    assert by_id.json() == current.json()
    body: dict[str, Any] = by_id.json()
    return body


def instant(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


async def test_without_one(student: Student) -> None:
    answer = await student.get("/me/subscription")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "inactive",
        "subscription_id": None,
        "plan_code": None,
        "current_period_start": None,
        "current_period_end": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "next_action": None,
        "next_action_at": None,
        "payment_in_progress": False,
        "trial_ends_at": None,
        "frozen_until": None,
        "promo_code": None,
        "promo_periods_left": None,
        "scheduled_plan_code": None,
        "pending_change": None,
        "access": {"allowed": False, "until": None, "reason": "none", "source": None},
    }


async def test_an_unpaid_one(unpaid: Life) -> None:
    body = await read(unpaid)

    begins = instant(body["current_period_start"])
    assert instant(body["next_action_at"]) == begins + UNPAID_START_LIVES
    assert body == {
        "status": "incomplete",
        "subscription_id": unpaid.subscription_id,
        "plan_code": "P30D",
        "current_period_start": body["current_period_start"],
        "current_period_end": body["current_period_end"],
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "next_action": "expire",
        "next_action_at": body["next_action_at"],
        "payment_in_progress": False,
        "trial_ends_at": None,
        "frozen_until": None,
        "promo_code": None,
        "promo_periods_left": None,
        "scheduled_plan_code": None,
        "pending_change": None,
        "access": {"allowed": False, "until": None, "reason": "payment_required", "source": "own"},
    }


async def test_a_paid_one(unpaid: Life) -> None:
    before = await read(unpaid)
    await unpaid.pay()
    body = await read(unpaid)

    ends = instant(body["current_period_end"])
    assert ends - instant(body["current_period_start"]) == timedelta(days=30)
    assert instant(body["access"]["until"]) == ends + GRACE
    assert instant(body["next_action_at"]) == ends - REMINDED_BEFORE
    assert body == before | {
        "status": "active",
        "next_action": "open_renewal",
        "next_action_at": body["next_action_at"],
        "access": {"allowed": True, "until": body["access"]["until"], "reason": None, "source": "own"},
    }


async def test_one_that_was_canceled(active: Life) -> None:
    before = await read(active)
    await active.post("cancel", {"at_period_end": False})
    body = await read(active)

    assert instant(body["canceled_at"]) == instant(body["ended_at"])
    assert instant(body["ended_at"]) > instant(body["current_period_start"])
    assert body == before | {
        "status": "canceled",
        "canceled_at": body["canceled_at"],
        "ended_at": body["ended_at"],
        "next_action": None,
        "next_action_at": None,
        "access": {"allowed": False, "until": None, "reason": "expired", "source": "own"},
    }


async def test_the_last_one_is_shown_until_there_is_a_new_one(active: Life) -> None:
    await active.post("cancel", {"at_period_end": False})
    assert (await read(active))["status"] == "canceled"

    started = await active.student.start()
    current = (await active.student.get("/me/subscription")).json()
    assert current["subscription_id"] == started.json()["subscription_id"]
    old = (await active.student.get(f"/subscriptions/{active.subscription_id}")).json()
    assert old["status"] == "canceled"


async def test_one_that_is_renewed(world: World, admin: Student) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    before = await read(life)
    assert (before["next_action"], before["next_action_at"]) == ("renew", before["current_period_end"])

    await turned(admin, life, "P31D")
    body = await read(life)
    assert body["current_period_start"] == before["current_period_end"]
    assert instant(body["access"]["until"]) == instant(body["current_period_end"]) + GRACE
    assert body == before | {
        "current_period_start": body["current_period_start"],
        "current_period_end": body["current_period_end"],
        "next_action_at": body["current_period_end"],
        "access": {"allowed": True, "until": body["access"]["until"], "reason": None, "source": "own"},
    }


async def test_one_that_is_past_due(world: World, admin: Student) -> None:
    life = await past_due(world, admin)
    body = await read(life)

    ends = instant(body["current_period_end"])
    assert (body["status"], body["next_action"]) == ("past_due", "remind_unpaid")
    assert instant(body["next_action_at"]) == ends + timedelta(days=2)
    assert body["access"]["allowed"]
    assert instant(body["access"]["until"]) == ends + GRACE
