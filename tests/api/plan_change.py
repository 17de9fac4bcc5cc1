"""A change of plan, as tests of the API ask for it and look at it."""

from typing import Any

import httpx2

from tests.lives import Life

DEAR_CENTS = 3_990


async def change(life: Life, plan_code: str, *, key: str | None = None, **body: Any) -> httpx2.Response:
    path = f"/subscriptions/{life.subscription_id}/change-plan"
    return await life.student.post(path, {"plan_code": plan_code, **body}, key=key)


async def preview(life: Life, plan_code: str, **body: Any) -> httpx2.Response:
    path = f"/subscriptions/{life.subscription_id}/change-plan/preview"
    return await life.student.post(path, {"plan_code": plan_code, **body})


async def quoted(life: Life, plan_code: str, **body: Any) -> str:
    quote: str = (await preview(life, plan_code, **body)).json()["quote"]
    return quote


async def shown(life: Life) -> dict[str, Any]:
    body: dict[str, Any] = (await life.student.get("/me/subscription")).json()
    return body


async def invoices(life: Life) -> list[tuple[str, str, int]]:
    """The oldest first."""
    items = reversed((await life.student.get("/invoices")).json()["items"])
    return [(invoice["billing_reason"], invoice["status"], invoice["total_cents"]) for invoice in items]


async def card_becomes(life: Life, behavior: str) -> None:
    """What its card does from now on."""
    [*_, charge] = await life.world.stack.psp.charges(life.subscription_id)
    await life.world.stack.psp.behave(charge["method_token"], behavior)
