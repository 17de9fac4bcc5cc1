"""The main job, through the API only: start, pay, learn, cancel."""

import httpx2

from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.stack import Stack


async def status_of(student: Student) -> str:
    status: str = (await student.get("/me/subscription")).json()["status"]
    return status


async def test_from_signup_to_the_lessons(stack: Stack, http: httpx2.AsyncClient, student: Student) -> None:
    assert (await student.get("/content/modules")).json()["reason"] == "none"

    started = await student.start("P30D")
    assert started.status_code == 201
    answer = started.json()
    assert (answer["amount_cents"], answer["currency"], answer["status"]) == (1_990, "EUR", "incomplete")
    assert (await student.get("/content/modules")).json()["reason"] == "payment_required"

    reported = await send_webhook(http, stack.webhook_secret, answer["payment_id"])
    assert (reported.status_code, reported.json()) == (200, {"ok": True})

    async def is_active() -> bool:
        return await status_of(student) == "active"

    await eventually(is_active)
    modules = await student.get("/content/modules")
    assert modules.status_code == 200
    assert [module["code"] for module in modules.json()][:2] == ["alphabet", "greetings"]
