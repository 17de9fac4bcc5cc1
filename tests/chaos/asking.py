"""Asks the product for something until it answers, as a good client does: always under the same key."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.api_description import check_answer
from tests.chaos.history import History, Operation, Outcome
from tests.client import Student

NO_ANSWER = "no answer"
ASK_AGAIN_SECONDS = 0.1, 0.4
MOST_TRIES = 20
IMPATIENT_SHARE = 0.1
TOO_MANY = 429
FIRST_SERVER_ERROR = 500


@dataclass
class Desk:
    """`doors` are clients of the API, one for each process of it: any of them will do."""

    doors: Sequence[httpx2.AsyncClient]
    history: History
    dice: random.Random
    impatient_share: float = IMPATIENT_SHARE

    async def ask(
        self,
        kind: str,
        who: Student,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        keyed: bool = True,
        of: int | None = None,
    ) -> Operation:
        """Some are impatient: they ask once, and never learn what became of it."""
        key = uuid.uuid4().hex if keyed else None
        operation = Operation(kind, who, method, path, body, key, of)
        self.history.operations.append(operation)
        is_impatient = keyed and self.dice.random() < self.impatient_share
        while operation.outcome is Outcome.OPEN:
            answer = await self.send(operation)
            if answer is not None and not _is_to_come_again(answer):
                _close(operation, answer)
            elif is_impatient:
                operation.outcome = Outcome.UNKNOWN
            else:
                await asyncio.sleep(self.dice.uniform(*ASK_AGAIN_SECONDS))
        return operation

    async def report(self, who: Student, body: bytes, signature: str) -> Operation:
        """Tells it as a provider does, again until it is taken."""
        operation = Operation("report", who, "POST", "/payments/webhook", body, None)
        self.history.operations.append(operation)
        headers = {"Content-Type": "application/json", "X-Signature": signature}
        while operation.outcome is Outcome.OPEN:
            answer = await self._request(operation, content=body, headers=headers)
            if answer is not None and not _is_to_come_again(answer):
                _close(operation, answer)
            else:
                await asyncio.sleep(self.dice.uniform(*ASK_AGAIN_SECONDS))
        return operation

    async def insist(self, operation: Operation) -> httpx2.Response | None:
        """The first answer that does not say to come again, if one comes in some tries."""
        for _ in range(MOST_TRIES):
            answer = await self.send(operation)
            if answer is not None and not _is_to_come_again(answer):
                return answer
            await asyncio.sleep(self.dice.uniform(*ASK_AGAIN_SECONDS))
        return None

    async def send(self, operation: Operation) -> httpx2.Response | None:
        """Once. `None` when there was no answer."""
        token = operation.who.bearer if operation.who.access_token else {}
        headers = token | operation.headers
        return await self._request(operation, json=operation.body, headers=headers)

    async def _request(self, operation: Operation, **sent: Any) -> httpx2.Response | None:
        operation.attempts += 1
        door = self.dice.choice(self.doors)
        try:
            answer = await door.request(operation.method, operation.path, **sent)
        except httpx2.TransportError:
            self.history.met[NO_ANSWER] += 1
            return None
        await self._judge(operation, answer)
        if _is_to_come_again(answer):
            self.history.met[f"{answer.status_code} {_code_of(answer)}"] += 1
        return answer

    async def _judge(self, operation: Operation, answer: httpx2.Response) -> None:
        try:
            await check_answer(answer)
        except AssertionError as flaw:
            self.history.wrong.append(f"{operation}: {flaw}")
        if answer.status_code >= FIRST_SERVER_ERROR and "Retry-After" not in answer.headers:
            self.history.wrong.append(f"{operation} was answered {answer.status_code}: {answer.text}")


def _is_to_come_again(answer: httpx2.Response) -> bool:
    is_asked_to = "Retry-After" in answer.headers and answer.status_code != TOO_MANY
    return is_asked_to or answer.status_code >= FIRST_SERVER_ERROR


def _close(operation: Operation, answer: httpx2.Response) -> None:
    operation.status = answer.status_code
    operation.code = "" if answer.is_success else _code_of(answer)
    operation.answer = answer.json() if answer.content else None
    operation.outcome = Outcome.DONE if answer.is_success else Outcome.REFUSED


def _code_of(answer: httpx2.Response) -> str:
    return str(answer.json().get("code", "")) if answer.content else ""
