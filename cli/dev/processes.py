"""The API, the worker and the sandbox payment provider as processes of the local stack."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from cli.dev.child_process import ChildProcess

GENEROUS = "100000"
STOP_SECONDS = 30


class ProductProcess:
    """One `italiano` command that runs until it is stopped."""

    def __init__(
        self,
        name: str,
        *,
        ready_url: str,
        ready_sign: str,
        environment: Mapping[str, str],
        log_file: Path,
    ) -> None:
        command = [sys.executable, "-m", "cli.main", name]
        self.process = ChildProcess(name, command, log_file=log_file, environment=environment)
        self._ready_url = ready_url
        self._ready_sign = ready_sign

    @classmethod
    def api(cls, port: int, environment: Mapping[str, str], log_file: Path) -> Self:
        return cls(
            "api",
            ready_url=f"http://127.0.0.1:{port}/readyz",
            ready_sign="ready",
            environment=environment,
            log_file=log_file,
        )

    @classmethod
    def worker(cls, metrics_port: int, environment: Mapping[str, str], log_file: Path) -> Self:
        """Ready when it asks for work, which is some time after its port answers."""
        return cls(
            "worker",
            ready_url=f"http://127.0.0.1:{metrics_port}/metrics",
            ready_sign="temporal_num_pollers{",
            environment=environment,
            log_file=log_file,
        )

    @classmethod
    def sandbox_psp(cls, port: int, environment: Mapping[str, str], log_file: Path) -> Self:
        return cls(
            "sandbox-psp",
            ready_url=f"http://127.0.0.1:{port}/healthz",
            ready_sign="alive",
            environment=environment,
            log_file=log_file,
        )

    async def start(self) -> None:
        """Returns when it does its work. Raises `StackError` when it cannot."""
        self.process.start()
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            await self.process.wait_ready(lambda: self._is_ready(client))

    async def _is_ready(self, client: httpx2.AsyncClient) -> bool:
        try:
            answer = await client.get(self._ready_url)
        except httpx2.TransportError:
            return False
        return answer.is_success and self._ready_sign in answer.text

    async def stop(self) -> int | None:
        return await self.process.stop(STOP_SECONDS)

    def kill(self) -> None:
        self.process.kill()


def process_environment(
    *,
    environment: str,
    api_port: int,
    worker_metrics_port: int,
    database_url: str,
    temporal_address: str,
    temporal_ui_url: str = "",
    jwt_secret: str,
    webhook_secret: str,
    psp_url: str,
    psp_api_key: str,
) -> dict[str, str]:
    """Ours, with everything that decides which stack it is replaced.

    Per account the rate limits stay as in production; per address they are wide, since all of a load test
    comes from one machine.
    """
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("PG", "TEMPORAL_"))}
    inherited.setdefault("BILLING_LOGINS_PER_ADDRESS_PER_MINUTE", GENEROUS)
    inherited.setdefault("BILLING_SIGNUPS_PER_ADDRESS_PER_HOUR", GENEROUS)
    inherited.setdefault("BILLING_PASSWORD_RESETS_PER_ADDRESS_PER_HOUR", GENEROUS)
    inherited.setdefault("BILLING_PROMO_CODES_PER_ADDRESS_PER_HOUR", GENEROUS)
    inherited.setdefault("BILLING_GIFT_CODES_PER_ADDRESS_PER_HOUR", GENEROUS)
    inherited.setdefault("BILLING_EVENTS_ALLOW_PRIVATE", "true")  # a receiver on this machine
    return inherited | {
        "BILLING_ENVIRONMENT": environment,
        "BILLING_VIRTUAL_CLOCK": "true",  # the embedded Temporal allows it
        "API_PORT": str(api_port),
        "WORKER_METRICS_PORT": str(worker_metrics_port),
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal_address,
        "BILLING_TEMPORAL_UI_URL": temporal_ui_url,
        "TEMPORAL_CONFIG_FILE": os.devnull,  # a person's own profile points at another cluster
        "JWT_SECRET": jwt_secret,
        "PAYMENTS_WEBHOOK_SECRET": webhook_secret,
        "BILLING_PSP_URL": psp_url,
        "BILLING_PSP_API_KEY": psp_api_key,
    }


def sandbox_psp_environment(
    *, environment: str, port: int, database: Path, api_url: str, webhook_secret: str, api_key: str
) -> dict[str, str]:
    """Ours, with everything that decides which product it reports to replaced."""
    return os.environ | {
        "BILLING_ENVIRONMENT": environment,
        "PSP_PORT": str(port),
        "BILLING_PSP_DATABASE": str(database),
        "BILLING_PSP_API_KEY": api_key,
        "BILLING_PSP_WEBHOOK_URL": f"{api_url}/payments/webhook",
        "PAYMENTS_WEBHOOK_SECRET": webhook_secret,
    }
