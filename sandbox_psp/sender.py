"""Sends the queued reports, and lets customers answer who do it by themselves."""

import asyncio

import httpx2
import structlog

from payments.signed_webhook import sign
from sandbox_psp import charges, deliveries
from sandbox_psp.book import Book
from sandbox_psp.clock import Alarm, now
from sandbox_psp.deliveries import Delivery
from sandbox_psp.settings import SandboxSettings
from sandbox_psp.switches import drops_an_attempt

AT_ONCE = 16
ANSWER_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Sender:
    """Signs each attempt anew: a late one is as fresh as the first."""

    def __init__(self, book: Book, settings: SandboxSettings, http: httpx2.AsyncClient) -> None:
        self._book = book
        self._url = settings.webhook_url
        self._secret = settings.webhook_secret.get_secret_value()
        self._http = http
        self._alarm = Alarm()

    def wake(self) -> None:
        self._alarm.wake()

    async def run(self) -> None:
        while True:
            due = deliveries.due(self._book, now(), AT_ONCE)
            await asyncio.gather(*map(self._deliver, due))
            if len(due) < AT_ONCE:
                await self._alarm.sleep_until(deliveries.next_due_at(self._book))

    async def _deliver(self, delivery: Delivery) -> None:
        if not drops_an_attempt(self._book) and await self._is_taken(delivery.body):
            deliveries.mark_delivered(self._book, delivery, now())
        else:
            deliveries.postpone(self._book, delivery, now())

    async def _is_taken(self, body: bytes) -> bool:
        timestamp = str(int(now()))
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": timestamp,
            "X-Signature": sign(self._secret, body, timestamp),
        }
        try:
            answer = await self._http.post(self._url, content=body, headers=headers, timeout=ANSWER_SECONDS)
        except httpx2.RequestError as error:
            log.warning("webhook_not_answered", error=type(error).__name__)
            return False
        if not answer.is_success:
            log.warning("webhook_refused", status=answer.status_code)
        return answer.is_success


class Customers:
    """Those of the tokens that confirm, or refuse, after a while."""

    def __init__(self, book: Book, sender: Sender) -> None:
        self._book = book
        self._sender = sender
        self._alarm = Alarm()

    def wake(self) -> None:
        self._alarm.wake()

    async def run(self) -> None:
        while True:
            for charge in charges.due_to_complete(self._book, now()):
                if charge.completes_as is not None:
                    charges.complete_action(self._book, charge, charge.completes_as, now())
            self._sender.wake()
            await self._alarm.sleep_until(charges.next_completion_at(self._book))
