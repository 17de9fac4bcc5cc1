"""localstripe as a process of its own, and what tests ask of it beside its API."""

import os
import sys
from pathlib import Path
from typing import Any

import httpx2

from cli.dev.child_process import ChildProcess
from payments.stripe_provider import Stripe
from tests.deadline import LONGEST_SECONDS
from tests.free_port import free_port

GOOD = "4242424242424242"
DECLINED = "4000000000000341"
"""Can be stored, and is declined when it is charged."""
ASKS = "4000002500003155"
"""Wants 3-D Secure."""

STOP_SECONDS = 10


class LocalStripe:
    """It answers to any key of a test account."""

    api_key = "sk_test_anybody"
    webhook_secret = "whsec_of_the_fake"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = Path(__file__).with_name("newer_localstripe.py")
        self._process = ChildProcess(
            "localstripe",
            [sys.executable, str(program), str(port)],
            log_file=folder / "localstripe.log",
            environment=os.environ,
        )
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.api_key}"},
            limits=httpx2.Limits(max_keepalive_connections=0),  # so that there is nothing to close
            timeout=LONGEST_SECONDS,
            trust_env=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Of a product that works with it."""
        return {
            "STRIPE_API_KEY": self.api_key,
            "STRIPE_API_BASE": self.url,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
        }

    async def start(self) -> None:
        self._process.start()
        await self._process.wait_ready(self._is_ready)

    async def stop(self) -> int | None:
        return await self._process.stop(STOP_SECONDS)

    def adapter(self) -> Stripe:
        return Stripe(self.api_key, api_base=self.url)

    async def card(self, number: str = GOOD) -> str:
        """What a customer's browser gets for the number of a card."""
        card = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
        form = {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}
        method: str = (await self.post("/v1/payment_methods", form))["id"]
        return method

    async def authenticate(self, intent_id: str, *, success: bool) -> None:
        """What a customer does who is asked to confirm."""
        intent = await self.get(f"/v1/payment_intents/{intent_id}")
        form = {"client_secret": intent["client_secret"], "success": str(success).lower()}
        await self.post(f"/v1/payment_intents/{intent_id}/_authenticate", form)

    async def report_to(self, api_url: str) -> None:
        await self._register(f"{api_url}/payments/webhook/stripe")

    async def report_to_nobody(self) -> None:
        await self._register("http://127.0.0.1:1", events=["of.no.kind"])

    async def _register(self, url: str, **narrowed: list[str]) -> None:
        body = {"url": url, "secret": self.webhook_secret} | narrowed
        (await self._http.post("/_config/webhooks/tests", json=body)).raise_for_status()

    async def get(self, path: str, **params: str) -> Any:
        return (await self._http.get(path, params=params)).raise_for_status().json()

    async def post(self, path: str, form: dict[str, str]) -> Any:
        answer = (await self._http.post(path, data=form)).raise_for_status()
        return answer.json() if answer.content else None

    async def _is_ready(self) -> bool:
        try:
            return (await self._http.get("/v1/balance")).is_success
        except httpx2.TransportError:
            return False
