"""Without a worker, or without Temporal, only the explanation is away, and it says so soon."""

import time

import httpx2

from db.database import Database
from tests.client import Student, refusal
from tests.conftest import FreshStack
from tests.stack import PrivateStack
from tests.staff import hire

LONGEST_WAIT = 3.0
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


async def hired(stack: PrivateStack, http: httpx2.AsyncClient) -> Student:
    database = Database.from_settings(stack.settings)
    try:
        return await hire(http, database, stack.settings, "admin")
    finally:
        await database.close()


async def test_explain_is_away_with_the_worker_and_with_temporal_and_comes_back(
    fresh_stack: FreshStack,
) -> None:
    stack = await fresh_stack()
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=20) as http:
        student, admin = await Student.signup(http), await hired(stack, http)
        subscription_id = (await student.start()).json()["subscription_id"]
        path = f"/admin/subscriptions/{subscription_id}/explain"
        assert (await admin.get(path)).json()["workflow"]["answered"] is True

        await stack.stop_worker()
        await is_away_soon(admin, subscription_id)
        await reads_go_on(student, admin, subscription_id)

        stack.kill_temporal()
        await is_away_soon(admin, subscription_id)
        await reads_go_on(student, admin, subscription_id)

        await stack.start_temporal()
        await stack.start_worker()
        assert (await admin.get(path)).json()["workflow"]["answered"] is True
