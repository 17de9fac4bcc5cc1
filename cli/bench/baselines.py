"""The processes that the product is compared with. They end with the bench, however that ends."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.bench.kept_connection import connected
from cli.dev.stack_error import StackError

ROOT = Path(__file__).parents[2]
LAYERED_APP = ROOT / "tests" / "load" / "layered_app.py"
READY_SECONDS = 60.0
GLANCE_SECONDS = 0.05


@dataclass(frozen=True)
class LayeredApp:
    url: str
    pid: int


@contextmanager
def bare_worker(temporal_address: str) -> Iterator[int]:
    """Gives its process id. It need not be ready: the first start waits for it."""
    with _process(["-m", "cli.bench.bare_worker", temporal_address], {}) as process:
        yield process.pid


@asynccontextmanager
async def layered_app(database_url: str, jwt_secret: str) -> AsyncIterator[LayeredApp | None]:
    """The reads of a typical layered service, on the same database; None outside a source checkout."""
    if not LAYERED_APP.exists():
        yield None
        return
    port = _free_port()
    variables = {"DATABASE_URL": database_url, "JWT_SECRET": jwt_secret, "PYTHONPATH": str(ROOT)}
    with _process([str(LAYERED_APP), str(port)], variables) as process:
        url = f"http://127.0.0.1:{port}"
        await _wait_ready(process, url)
        yield LayeredApp(url, process.pid)


@contextmanager
def _process(command: list[str], variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Its standard input is a pipe from us: that it ends tells that we have."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | dict(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


async def _wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            async with connected(url):
                return
        except OSError:
            await asyncio.sleep(GLANCE_SECONDS)
    raise StackError("the layered app, which the reads are compared with, did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
