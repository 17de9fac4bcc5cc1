"""What may be thrown at a subscription by its owner or its provider. Each answers `done` or a code."""

import uuid
from datetime import datetime
from typing import Any

import httpx2

from tests.client import send_webhook
from tests.lives import Life

DONE = "done"


def told(answer: httpx2.Response) -> str:
    return DONE if answer.is_success else str(answer.json()["code"])


async def command(life: Life, name: str, body: Any = None) -> str:
    return told(await life.student.post(f"/subscriptions/{life.subscription_id}/{name}", body))


async def cancel(life: Life, *, at_period_end: bool) -> str:
    return await command(life, "cancel", {"at_period_end": at_period_end})


async def uncancel(life: Life) -> str:
    return await command(life, "uncancel")


async def freeze(life: Life, until: datetime | None = None) -> str:
    return await command(life, "freeze", None if until is None else {"until": until.isoformat()})


async def unfreeze(life: Life) -> str:
    return await command(life, "unfreeze")


async def report(life: Life, payment_id: int, status: str = "SUCCEEDED", **fields: Any) -> str:
    """As the provider does it, without waiting for what comes of it."""
    secret = life.world.stack.webhook_secret
    return told(await send_webhook(life.world.http, secret, payment_id, status, **fields))


async def pay(life: Life, invoice_id: int) -> str:
    return told(await life.student.post(f"/invoices/{invoice_id}/pay"))


async def choose(life: Life, token: str) -> str:
    method = {"provider": "sandbox", "token": token}
    return told(await life.student.post("/me/payment-methods", method))


async def forget_cards(life: Life) -> str:
    """From now on a person pays."""
    listed = await life.student.get("/me/payment-methods")
    for method in listed.json() if listed.is_success else ():
        await life.student.delete(f"/me/payment-methods/{method['id']}")
    return DONE


def card(behaves: str = "tok_ok") -> str:
    """A card that nobody else has."""
    return f"{behaves}-{uuid.uuid4().hex}"
