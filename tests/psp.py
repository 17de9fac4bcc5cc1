"""The sandbox payment provider as a process of its own, and what tests ask of it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from cli.dev.processes import ProductProcess, sandbox_psp_environment
from payments.sandbox import Sandbox
from tests.deadline import LONGEST_SECONDS
from tests.free_port import free_port

ACTION_SECONDS = "0.3"
SLOW_SECONDS = "0.4"


class SandboxPsp:
    """Started again, it has the same address and the same book."""

    def __init__(
        self,
        folder: Path,
        *,
        api_url: str,
        webhook_secret: str,
        action_seconds: str = ACTION_SECONDS,
        slow_seconds: str = SLOW_SECONDS,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.api_key = secrets.token_hex(16)
        self.database = folder / "psp.db"
        environment = sandbox_psp_environment(
            environment="test",
            port=port,
            database=self.database,
            api_url=api_url,
            webhook_secret=webhook_secret,
            api_key=self.api_key,
        )
        environment |= {
            "BILLING_PSP_ACTION_SECONDS": action_seconds,
            "BILLING_PSP_SLOW_SECONDS": slow_seconds,
        }
        self._process = ProductProcess.sandbox_psp(port, environment, folder / "psp.log")
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.api_key}"},
            limits=httpx2.Limits(max_keepalive_connections=0),  # so that there is nothing to close
            timeout=LONGEST_SECONDS,
            trust_env=False,
        )

    async def start(self) -> None:
        await self._process.start()

    async def stop(self) -> int | None:
        return await self._process.stop()

    def kill(self) -> None:
        """As `kill -9`."""
        self._process.kill()

    def adapter(self) -> Sandbox:
        return Sandbox(self.url, self.api_key)

    async def get(self, path: str, **params: str | int) -> httpx2.Response:
        return await self._http.get(path, params=params)

    async def post(self, path: str, json: Any = None, *, key: str | None = None) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._http.post(path, json=json, headers=headers)

    async def charges(self, subscription_id: int) -> list[dict[str, Any]]:
        """What was really charged, oldest first."""
        answer = await self.get("/v1/charges", subscription_id=subscription_id, limit=1_000)
        charges: list[dict[str, Any]] = answer.raise_for_status().json()["charges"]
        return charges

    async def pending(self, subscription_id: int) -> int:
        """How much is still to be reported, or to be confirmed by a customer who does it unasked."""
        answer = await self.get("/v1/deliveries/pending", subscription_id=subscription_id)
        count: int = answer.raise_for_status().json()["count"]
        return count

    async def complete_action(self, reference: str, outcome: str) -> None:
        """What a customer does who was asked to confirm: `succeeded` or `failed`."""
        await self._switch(f"/v1/charges/{reference}/complete-action", outcome=outcome)

    async def charge_back(self, reference: str, amount_cents: int | None = None) -> dict[str, Any]:
        """What a payer's bank does: all that is left, unless it says how much."""
        body = {} if amount_cents is None else {"amount_cents": amount_cents}
        answer = await self.post(f"/v1/control/charges/{reference}/charge-back", body)
        charged_back: dict[str, Any] = answer.raise_for_status().json()
        return charged_back

    async def outage(self, *, on: bool) -> None:
        await self._switch("/v1/control/outage", on=on)

    async def webhooks(self, **switches: float | bool) -> None:
        """Without a keyword everything is as usual again."""
        await self._switch("/v1/control/webhooks", **switches)

    @asynccontextmanager
    async def muted(self) -> AsyncIterator[None]:
        """What happens meanwhile is never reported."""
        await self.webhooks(muted=True)
        try:
            yield
        finally:
            await self.webhooks()

    async def behave(self, token: str, behaves_like: str) -> None:
        await self._switch(f"/v1/control/tokens/{token}", behaves_like=behaves_like)

    async def _switch(self, path: str, **body: Any) -> None:
        (await self.post(path, body)).raise_for_status()
