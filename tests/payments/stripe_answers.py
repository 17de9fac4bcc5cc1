"""A server that answers in the shapes of Stripe's API documentation, for what localstripe cannot do.

That is of version 2026-10-28, as the types of its library have it. Nobody has tried it with Stripe itself.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from payments.provider import ChargeOrder
from payments.stripe_methods import StoredMethod
from tests.free_port import free_port

CARD = StoredMethod("cus_1", "pm_1")
RETURN_URL = "https://italiano.example/back"


@dataclass(frozen=True)
class Asked:
    """A request: what it was, and what of it a test looks at."""

    line: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class StripeAnswers:
    """Gives each answer once, in turn, to whatever is asked; `None` breaks the connection instead."""

    answers: list[tuple[int, Any] | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]

    def will(self, *answers: tuple[int, Any] | None) -> None:
        assert not self.answers, "an answer was left over"
        self.asked.clear()
        self.answers.extend(answers)

    async def open(self) -> asyncio.Server:
        return await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        method, target, _ = head[0].split(" ")
        address = urlsplit(target)
        form = {name: values[0] for name, values in parse_qs(body or address.query).items()}
        self.asked.append(Asked(f"{method} {address.path}", form, headers))
        answer = self.answers.pop(0)
        if answer is not None:
            status, said = answer
            content = json.dumps(said).encode() if not isinstance(said, bytes) else said
            writer.write(
                f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nRequest-Id: req_1\r\n"
                f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def listed(*objects: dict[str, Any], url: str = "/v1/payment_intents") -> tuple[int, Any]:
    return 200, {"object": "list", "url": url, "has_more": False, "data": list(objects)}


NOTHING = listed()


def intent(order: ChargeOrder, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """A PaymentIntent that was made of this order."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": order.amount_cents,
        "amount_received": order.amount_cents if status == "succeeded" else 0,
        "currency": order.currency.lower(),
        "created": 1_767_225_600,
        "customer": CARD.customer,
        "payment_method": None if status == "requires_payment_method" else CARD.method,
        "metadata": {
            "key": order.key,
            "payment_id": str(order.payment_id),
            "subscription_id": str(order.subscription_id),
            "payment_method": CARD.method,
        },
        "last_payment_error": None,
        "next_action": None,
        "latest_charge": "ch_1",
        "livemode": False,
    } | more


def declined(order: ChargeOrder, decline_code: str, **more: Any) -> dict[str, Any]:
    """One whose card was declined: it waits for another card, which nobody will give it."""
    error = {
        "type": "card_error",
        "code": "authentication_required" if decline_code == "authentication_required" else "card_declined",
        "decline_code": decline_code,
        "message": "Your card was declined.",
    }
    return intent(order, "requires_payment_method", last_payment_error=error | more)


def card_error(made: dict[str, Any]) -> tuple[int, Any]:
    return 402, {"error": made["last_payment_error"] | {"payment_intent": made}}


def error(status: int, kind: str, code: str | None = None, param: str | None = None) -> tuple[int, Any]:
    return status, {"error": {"type": kind, "code": code, "param": param, "message": "What went wrong."}}


def in_turn(asked: Sequence[Asked], name: str) -> list[str | None]:
    """One header of each request."""
    return [request.headers.get(name) for request in asked]
