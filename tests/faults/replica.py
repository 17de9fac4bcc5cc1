"""One more API process on the shared engines, told at which step to die."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2
import psutil

from cli.dev.child_process import ChildProcess
from cli.dev.processes import ProductProcess
from tests.client import Student
from tests.crash_points.points import Points
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import Stack

HTTP_SECONDS = 60

START = "execute_multi_operation in api/start_subscription.py:SubscriptionStarter._update_with_start"
REFUND = "execute_multi_operation in api/open_refund.py:RefundOpener._update_with_start"
SIGNAL = "signal_workflow_execution in upkeep/inbox_relay.py:InboxRelay._deliver"

STEPS = {
    "before_the_workflow": f"api before {START}",
    "while_the_workflow_starts": f"api during {START}",
    "before_the_answer": f"api after {START}",
    "before_the_refund": f"api before {REFUND}",
    "while_the_refund_starts": f"api during {REFUND}",
    "before_the_refund_is_told": f"api after {REFUND}",
    "webhook_stored": "api after commit in api/receive_report.py:receive",
    "report_claimed": f"api before {SIGNAL}",
    "report_delivered": f"api after {SIGNAL}",
    "command_done": "api before commit in api/idempotency.py:AnswerKeeper._keep",
}
"""Crash points, by what they mean to a test."""


class Replica:
    def __init__(self, api: ProductProcess, http: httpx2.AsyncClient) -> None:
        self.http = http
        self._api = api

    def as_student(self, student: Student) -> Student:
        return student.through(self.http)

    async def has_died(self) -> bool:
        return not self._api.process.is_running


@asynccontextmanager
async def replica_that_dies_at(stack: Stack, step: str) -> AsyncIterator[Replica]:
    """Fails when the process is still alive at the end: a fault that did not bite proves nothing."""
    port = free_port()
    points = Points(stack.folder / f"points-{port}")
    points.arm(STEPS[step])
    environment = stack.environment | points.environment | {"API_PORT": str(port)}
    api = ProductProcess.api(port, environment, stack.folder / f"api-dying-{step}.log")
    await api.start()
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=HTTP_SECONDS) as http:
            replica = Replica(api, http)
            yield replica
            await eventually(replica.has_died)
    finally:
        if api.process.is_running:
            await api.stop()


@contextmanager
def held_still(process: ChildProcess) -> Iterator[None]:
    """So that it is not faster than the one that a test is about."""
    held = psutil.Process(process.pid)
    held.suspend()
    try:
        yield
    finally:
        held.resume()
