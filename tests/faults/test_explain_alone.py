"""Without a worker, or without Temporal, only the explanation is away, and it says so soon."""

import time

import httpx2

from tests.client import Student, refusal
from tests.deadline import eventually
from tests.faults.conftest import Fragile
from tests.stack import PATIENCE_MS

LONGEST_WAIT = 0.9 * PATIENCE_MS / 1_000
"""Less than this stack's API waits for a workflow otherwise."""
SOON = "1"


async def is_away_soon(admin: Student, subscription_id: int) -> None:
    began = time.monotonic()
    answer = await admin.get(f"/admin/subscriptions/{subscription_id}/explain")

    assert refusal(answer) == (503, "workflow_engine_unavailable")
    assert answer.headers["Retry-After"] == SOON
    assert time.monotonic() - began < LONGEST_WAIT


async def reads_go_on(student: Student, admin: Student, subscription_id: int) -> None:
    path = f"/subscriptions/{subscription_id}"
    for reader, address in (
        (student, path),
        (student, f"{path}/timeline"),
        (student, "/me/subscription"),
        (admin, f"/admin{path}/timeline"),
    ):
        assert (await reader.get(address)).status_code == 200, address


async def test_explain_is_away_with_the_worker_and_with_temporal_and_comes_back(fragile: Fragile) -> None:
    stack, admin = fragile.stack, fragile.admin
    student = await Student.signup(fragile.world.http)
    subscription_id = (await student.start()).json()["subscription_id"]
    path = f"/admin/subscriptions/{subscription_id}/explain"

    async def is_answered() -> bool:
        answer = await admin.get(path)
        assert answer.status_code == httpx2.codes.OK, answer.text
        return bool(answer.json()["workflow"]["answered"])

    await eventually(is_answered)

    await stack.stop_worker()
    await is_away_soon(admin, subscription_id)
    await reads_go_on(student, admin, subscription_id)

    stack.kill_temporal()
    await is_away_soon(admin, subscription_id)
    await reads_go_on(student, admin, subscription_id)

    await stack.start_temporal()
    await stack.start_worker()

    await eventually(is_answered)
