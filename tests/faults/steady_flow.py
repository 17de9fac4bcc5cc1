"""A steady flow of customers, and of what their providers report: duplicated, late and out of order.

Whoever meets an outage asks again, as the API says; what was met is kept, to show that a fault bit.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.client import Student, send_raw_webhook
from tests.lives import Life, World
from tests.races.commands import card
from workflows.messages import workflow_id

ASK_AGAIN_SECONDS = 0.1
LATEST_SECONDS = 1.5
MOST_COPIES = 3
NO_ANSWER = "no answer"


@dataclass
class Flow:
    """`met` counts outages by the code of their answer; `accepted` are all events that were answered 200."""

    world: World
    dice: random.Random
    met: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    _events: int = 0

    async def newcomer(self) -> Student:
        """A new person at each try: the answer of one that was signed up may have been lost."""
        while True:
            try:
                return await Student.signup(self.world.http)
            except (httpx2.TransportError, AssertionError):
                await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def insist(self, ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
        """The first answer that does not say to come again."""
        while True:
            try:
                answer = await ask()
            except httpx2.TransportError:
                self.met[NO_ANSWER] += 1
            else:
                if "Retry-After" not in answer.headers:
                    return answer
                self.met[answer.json()["code"]] += 1
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def start(self, token: str | None = None) -> Life:
        """By card, or to be paid by hand."""
        student, key = await self.newcomer(), f"key-{self.dice.getrandbits(64):x}"
        method = {} if token is None else {"payment_method": {"provider": "sandbox", "token": card(token)}}
        started = await self.insist(lambda: student.start("P30D", key, **method))
        assert started.status_code == httpx2.codes.CREATED, started.text
        ids = started.json()
        own_workflow = workflow_id(student.id, key)
        return Life(self.world, student, ids["subscription_id"], ids["payment_id"], own_workflow)

    async def cancel(self, life: Life) -> None:
        path = f"/subscriptions/{life.subscription_id}/cancel"
        answer = await self.insist(lambda: life.student.post(path, {"at_period_end": False}))
        assert answer.is_success, answer.text

    async def report(self, payment_id: int, *statuses: str) -> None:
        """Each as one event, in up to three copies, in whatever order they come."""
        sent = []
        for status in statuses:
            self._events += 1
            event_id = f"evt-{self._events}"
            body = {"payment_id": payment_id, "status": status, "provider": "mock", "event_id": event_id}
            sent += [self._send(event_id, body) for _ in range(self.dice.randint(1, MOST_COPIES))]
        await asyncio.gather(*sent)

    async def _send(self, event_id: str, body: dict[str, Any]) -> None:
        """As a provider does: after a while, and again until it is taken."""
        await asyncio.sleep(self.dice.uniform(0, LATEST_SECONDS))
        raw = json.dumps(body).encode()
        secret = self.world.stack.webhook_secret
        answer = await self.insist(lambda: send_raw_webhook(self.world.http, raw, secret=secret))
        assert answer.status_code == httpx2.codes.OK, answer.text
        self.accepted.add(event_id)
