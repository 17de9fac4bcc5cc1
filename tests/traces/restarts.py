"""The processes of the shared stack, started anew: what they trace is decided by their environment."""

import asyncio

from cli.dev.processes import ProductProcess
from tests.stack import Stack


async def restart(stack: Stack, environment: dict[str, str]) -> None:
    """The API and the worker of the stack, with these variables beside their own."""
    await stack.stop_api()
    log = stack.folder / "api.log"
    stack.api = ProductProcess.api(stack.api_port, stack.environment | environment, log)
    await asyncio.gather(stack.start_api(), restart_worker(stack, environment))


async def restart_worker(stack: Stack, environment: dict[str, str]) -> None:
    await stack.stop_worker()
    log = stack.folder / "worker.log"
    stack.worker = ProductProcess.worker(stack.worker_metrics_port, stack.environment | environment, log)
    await stack.start_worker()
