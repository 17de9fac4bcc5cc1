"""One more API process on the shared engines, told at which step to die."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import psutil

from cli.dev.child_process import ChildProcess
from cli.dev.processes import ProductProcess
from tests.client import Student
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import Stack

DYING = Path(__file__).parent / "dying"
HTTP_SECONDS = 60


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
    environment = stack.environment | {
        "API_PORT": str(port),
        "DIE_AT": step,
        "PYTHONPATH": os.pathsep.join([str(DYING), str(Path.cwd())]),
    }
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
