"""Gates on the way of a worker's steps: one workflow is held there until a test opens, or its worker dies.

A step is the name of an activity or of a call of the provider, such as `collect_payment` or `charge`: the
gate is before it; `collect_payment_done` and `charge_answered` are behind it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.dev.processes import ProductProcess
from tests.deadline import eventually
from tests.stack import Stack

GATED = Path(__file__).parent / "gated"


class Gates:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """For a worker that is to heed them."""
        return {"GATES": str(self._folder), "PYTHONPATH": os.pathsep.join([str(GATED), str(Path.cwd())])}

    def close(self, step: str, workflow_id: str) -> "Gate":
        return Gate(self._folder / f"{step}@{workflow_id}", "hold")

    def mine(self, step: str, workflow_id: str) -> "Gate":
        """Whatever worker steps on it dies, as by `kill -9`."""
        return Gate(self._folder / f"{step}@{workflow_id}", "die")


class Gate:
    def __init__(self, path: Path, order: str) -> None:
        self._path = path
        self._reached = path.with_name(f"{path.name}.reached")
        path.write_text(order)

    async def is_reached(self) -> None:
        """Fails when nobody comes: a fault that did not bite proves nothing."""

        async def somebody_waits() -> bool:
            return self._reached.exists()

        await eventually(somebody_waits)

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._reached.unlink(missing_ok=True)


@asynccontextmanager
async def heeded(stack: Stack, gates: Gates) -> AsyncIterator[None]:
    """Until the end, the stack's worker is one that heeds the gates."""
    usual = stack.worker
    await stack.stop_worker()
    environment = stack.environment | gates.environment
    log_file = stack.folder / "worker-gated.log"
    stack.worker = ProductProcess.worker(stack.worker_metrics_port, environment, log_file)
    await stack.start_worker()
    yield
    await stack.stop_worker()
    stack.worker = usual
