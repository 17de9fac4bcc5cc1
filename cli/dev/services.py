"""The API and the worker as processes of the local stack."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx2

from cli.dev.child_process import ChildProcess

GENEROUS = "100000"


@dataclass(frozen=True)
class ServicePorts:
    api: int
    worker_metrics: int

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api}"

    @property
    def worker_metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.worker_metrics}/metrics"


class Service:
    """One `italiano` command that runs until it is stopped, ready when its address answers 200."""

    def __init__(self, name: str, *, ready_url: str, environment: Mapping[str, str], log_file: Path) -> None:
        command = [sys.executable, "-m", "cli.main", name]
        self.process = ChildProcess(name, command, log_file=log_file, environment=environment)
        self._ready_url = ready_url

    @classmethod
    def api(cls, ports: ServicePorts, environment: Mapping[str, str], log_file: Path) -> Self:
        return cls("api", ready_url=f"{ports.api_url}/readyz", environment=environment, log_file=log_file)

    @classmethod
    def worker(cls, ports: ServicePorts, environment: Mapping[str, str], log_file: Path) -> Self:
        return cls("worker", ready_url=ports.worker_metrics_url, environment=environment, log_file=log_file)

    async def start(self) -> None:
        """Returns when it does its work. Raises `StackError` when it cannot."""
        self.process.start()
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(self._ready_url)).status_code == httpx2.codes.OK
                except httpx2.TransportError:
                    return False

            await self.process.wait_ready(answers)

    async def stop(self) -> int | None:
        return await self.process.stop(patience=30)

    def kill(self) -> None:
        self.process.kill()


def service_environment(
    ports: ServicePorts,
    *,
    database_url: str,
    temporal_address: str,
    jwt_secret: str,
    webhook_secret: str,
    environment: str = "development",
) -> dict[str, str]:
    """Ours, with everything that decides which stack it is replaced.

    Per account the rate limits stay as in production; per address they are wide, since all of a load test
    comes from one machine.
    """
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("PG", "TEMPORAL_"))}
    inherited.setdefault("BILLING_LOGINS_PER_ADDRESS_PER_MINUTE", GENEROUS)
    inherited.setdefault("BILLING_SIGNUPS_PER_ADDRESS_PER_HOUR", GENEROUS)
    return inherited | {
        "BILLING_ENVIRONMENT": environment,
        "BILLING_API_HOST": "127.0.0.1",
        "API_PORT": str(ports.api),
        "WORKER_METRICS_PORT": str(ports.worker_metrics),
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal_address,
        "TEMPORAL_CONFIG_FILE": os.devnull,  # a person's own profile points at another cluster
        "JWT_SECRET": jwt_secret,
        "PAYMENTS_WEBHOOK_SECRET": webhook_secret,
    }
