"""Requests that nobody else has made, as the provider's own clients write them."""

import itertools
import uuid
from typing import Any

import httpx2

from tests.psp import SandboxPsp

_numbers = itertools.count(1)


def a_body(token: str, **changes: Any) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "payment_id": number,
        "subscription_id": number,
        "method_token": token,
        "amount_cents": 1990,
        "currency": "EUR",
    } | changes


def a_key() -> str:
    return f"invoice:{uuid.uuid4().hex}:attempt:1"


async def charge(psp: SandboxPsp, token: str, **changes: Any) -> dict[str, Any]:
    """One more charge, under a key of its own."""
    answer = await psp.post("/v1/charges", a_body(token, **changes), key=a_key())
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read(psp: SandboxPsp, made: dict[str, Any]) -> dict[str, Any]:
    """The charge as it is now."""
    found: dict[str, Any] = (await psp.get(f"/v1/charges/by-key/{made['idempotency_key']}")).json()
    return found
