"""A subscription whose clock was turned keeps to its own time, also when its workflow is gone."""

import uuid
from datetime import timedelta

import httpx2

from tests.client import Student, refusal
from tests.clock_turn import instant, turned
from tests.deadline import eventually
from tests.lives import Life

AWHILE = timedelta(minutes=5)


async def entries(life: Life) -> list[tuple[str, str]]:
    """What happened, and when in its own time, in the order in which it was written."""
    answer = await life.student.get(f"/subscriptions/{life.subscription_id}/timeline")
    return [(entry["event"], entry["occurred_at"]) for entry in answer.json()["items"]]


async def repeated_until_done(life: Life, command: str, json: dict[str, object]) -> httpx2.Response:
    """The first answer only brings the workflow back; the same request finishes the job."""
    key, path = uuid.uuid4().hex, f"/subscriptions/{life.subscription_id}/{command}"
    first = await life.student.post(path, json, key=key)
    assert refusal(first) == (503, "workflow_interrupted")

    async def is_done() -> httpx2.Response | None:
        answer = await life.student.post(path, json, key=key)
        return answer if answer.status_code == 200 else None

    done = await eventually(is_done)
    assert done is not None
    return done


async def test_money_that_comes_after_the_end(admin: Student, unpaid: Life) -> None:
    expired = await turned(admin, unpaid, "P60D")

    await unpaid.report("SUCCEEDED")

    async def is_back() -> bool:
        return (await unpaid.book()).timeline[-1] == "refunded"

    await eventually(is_back)
    happened = await entries(unpaid)
    assert [event for event, _ in happened][-4:] == [
        "expired",
        "late_payment_received",
        "refund_opened",
        "refunded",
    ]
    dates = [instant(occurred_at) for _, occurred_at in happened]
    assert dates == sorted(dates)
    advanced_to = instant(expired["advanced_to"])
    assert all(advanced_to <= at < advanced_to + AWHILE for at in dates[-3:])


async def test_a_command_to_a_workflow_that_was_lost(admin: Student, active: Life) -> None:
    await active.store_card("tok_ok")
    ahead = await turned(admin, active, "P45D")
    await active.world.temporal.get_workflow_handle(active.workflow_id).terminate("by hand")

    canceled = await repeated_until_done(active, "cancel", {"at_period_end": False})

    advanced_to = instant(ahead["advanced_to"])
    assert advanced_to <= instant(canceled.json()["canceled_at"]) < advanced_to + AWHILE
    assert (await active.book()).timeline[-1] == "canceled"
