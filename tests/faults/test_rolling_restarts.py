"""Two APIs behind a balancer and two workers, restarted in turn under load: nobody notices."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from cli.dev.processes import ProductProcess
from db.database import Database
from tests.balancer import Balancer, balanced
from tests.book import read_book
from tests.client import Student, send_webhook
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import PrivateStack

CUSTOMERS = 2
RESTARTS = 20
DRAIN_SECONDS = 1.0  # some times what the balancer needs to hear of it
STOPPED = 0


@dataclass
class Load:
    """What customers did and were told, until they are told to stop."""

    balancer: Balancer
    webhook_secret: str
    answers: Counter[int] = field(default_factory=Counter)
    paid: list[int] = field(default_factory=list)
    is_over: bool = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as customers:
            for _ in range(CUSTOMERS):
                customers.create_task(self._one_after_the_other())

    async def _one_after_the_other(self) -> None:
        while not self.is_over:
            async with httpx2.AsyncClient(base_url=self.balancer.url, timeout=60, trust_env=False) as http:
                await self._live(http)

    async def _live(self, http: httpx2.AsyncClient) -> None:
        """Any failure on the way ends the test: nobody asks twice."""
        student = await Student.signup(http)
        started = await student.start()
        assert started.status_code == httpx2.codes.CREATED, started.text
        reported = await send_webhook(http, self.webhook_secret, started.json()["payment_id"])
        assert reported.json() == {"ok": True}

        async def has_lessons() -> bool:
            lessons = await student.get("/content/modules")
            self.answers[lessons.status_code] += 1
            return lessons.status_code == httpx2.codes.OK

        await eventually(has_lessons)
        canceled = await student.post(f"/subscriptions/{started.json()['subscription_id']}/cancel")
        assert canceled.json()["cancel_at_period_end"] is True, canceled.text
        self.paid.append(started.json()["subscription_id"])


@asynccontextmanager
async def two_of_each(stack: PrivateStack) -> AsyncIterator[list[tuple[ProductProcess, int | None]]]:
    """The processes, with the port of each that a balancer may send to."""
    api_port, metrics_port = free_port(), free_port()
    ports = {"API_PORT": str(api_port), "WORKER_METRICS_PORT": str(metrics_port)}
    api = ProductProcess.api(api_port, stack.environment | ports, stack.folder / "api-2.log")
    worker = ProductProcess.worker(metrics_port, stack.environment | ports, stack.folder / "worker-2.log")
    try:
        await asyncio.gather(api.start(), worker.start())
        yield [(stack.api, stack.api_port), (stack.worker, None), (api, api_port), (worker, None)]
    finally:
        await asyncio.gather(api.stop(), worker.stop())


async def test_twenty_restarts_under_load_cost_nobody_an_answer(fresh_stack: FreshStack) -> None:
    stack = await fresh_stack(BILLING_DRAIN_SECONDS=str(DRAIN_SECONDS))
    async with two_of_each(stack) as processes:
        ports = [port for _, port in processes if port is not None]
        async with balanced(ports) as balancer:
            load = Load(balancer, stack.webhook_secret)
            living = asyncio.create_task(load.run())
            for process, port in itertools.islice(itertools.cycle(processes), RESTARTS):
                lives = len(load.paid)
                assert await process.stop() == STOPPED
                await process.start()

                async def is_back(port: int | None = port, lives: int = lives) -> bool:
                    living.done() and living.result()  # what has failed says why
                    return len(load.paid) > lives and (port is None or balancer.is_ready(port))

                await eventually(is_back)
            load.is_over = True
            await living

    assert set(load.answers) <= {httpx2.codes.OK, httpx2.codes.FORBIDDEN}
    database = Database.from_settings(stack.settings)
    for subscription_id in load.paid:
        book = await read_book(database, subscription_id)
        assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    await database.close()
