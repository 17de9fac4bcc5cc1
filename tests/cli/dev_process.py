"""`italiano dev` as a person runs it: a process with a home and ports of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from cli.dev.ports import DEFAULTS
from cli.dev.status import FILE as STATUS
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import PATIENCE_MS

READY_SECONDS = 120
ITALIANO = [sys.executable, "-m", "cli.main"]


class DevProcess:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = {variable: free_port() for variable in DEFAULTS}
        self._environment = os.environ | {"ITALIANO_HOME": str(home), "COLUMNS": "200"}
        self._environment |= {"BILLING_WORKFLOW_RPC_TIMEOUT_MS": str(PATIENCE_MS)}
        self._environment |= {variable: str(port) for variable, port in self.ports.items()}
        self._process: subprocess.Popen[bytes] | None = None

    async def up(self) -> dict[str, Any]:
        """Starts it and returns what `italiano status --json` tells once it is ready."""
        self.start()

        async def is_ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"italiano dev ended:\n{self.said}")
            return (self.home / STATUS).exists()

        await eventually(is_ready, timeout=READY_SECONDS)
        told: dict[str, Any] = json.loads(self.italiano("status", "--json").stdout)
        return told

    def start(self) -> None:
        (self.home / STATUS).unlink(missing_ok=True)  # a killed one leaves it behind
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*ITALIANO, "dev"], env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )

    def italiano(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs another command on the same home."""
        return subprocess.run(
            [*ITALIANO, *arguments], env=self._environment, capture_output=True, text=True, check=False
        )

    def send(self, sign: signal.Signals) -> int:
        """Returns the exit code that it ends with."""
        assert self._process is not None
        self._process.send_signal(sign)
        return self._process.wait(120)

    async def ended(self) -> int:
        """The exit code of one that ends by itself."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, 120)

    @property
    def said(self) -> str:
        return self._output.read_text()

    @property
    def _output(self) -> Path:
        return self.home.with_suffix(".output")


def still_running(processes: dict[str, int]) -> dict[str, int]:
    return {name: pid for name, pid in processes.items() if _is_running(pid)}


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
