"""The product as its users meet it: over HTTP, and as the payment provider that reports by webhook."""

import hashlib
import hmac
import json
import secrets
import uuid
from typing import Any, Self

import httpx2


class Student:
    """Somebody signed up and logged in."""

    def __init__(self, http: httpx2.AsyncClient, *, email: str, password: str) -> None:
        self.http = http
        self.email = email
        self.password = password
        self.id = 0
        self.access_token = ""
        self.refresh_token = ""

    @classmethod
    async def signup(cls, http: httpx2.AsyncClient, email: str | None = None) -> Self:
        """A new account, by default under an address that nobody used."""
        email = email or f"student-{uuid.uuid4().hex}@italiano.example"
        student = cls(http, email=email, password=f"tre tigri {uuid.uuid4().hex[:12]}")
        answer = await http.post("/auth/signup", json={"email": email, "password": student.password})
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        student.id = answer.json()["id"]
        await student.login()
        return student

    async def login(self) -> None:
        answer = await self.http.post("/auth/login", json={"email": self.email, "password": self.password})
        assert answer.status_code == httpx2.codes.OK, answer.text
        tokens = answer.json()
        self.access_token = tokens["access_token"]
        self.refresh_token = tokens["refresh_token"]

    async def refresh_status(self, token: str) -> int:
        """What a refresh token is answered with."""
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.http.post("/auth/refresh", headers=headers)).status_code

    def through(self, http: httpx2.AsyncClient) -> Self:
        """The same person, logged in as here, talking to another process."""
        twin = type(self)(http, email=self.email, password=self.password)
        twin.id, twin.access_token, twin.refresh_token = self.id, self.access_token, self.refresh_token
        return twin

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    async def get(self, path: str, **params: str | int) -> httpx2.Response:
        return await self.http.get(path, params=params, headers=self.bearer)

    async def post(
        self, path: str, json: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """`key` is the Idempotency-Key."""
        keyed = {} if key is None else {"Idempotency-Key": key}
        return await self.http.post(path, json=json, headers=self.bearer | keyed | (headers or {}))

    async def post_bytes(self, path: str, body: bytes, *, key: str | None = None) -> httpx2.Response:
        """Posts these very bytes as JSON, which they may not be."""
        keyed = {} if key is None else {"Idempotency-Key": key}
        headers = self.bearer | keyed | {"Content-Type": "application/json"}
        return await self.http.post(path, content=body, headers=headers)

    async def start(self, plan_code: str = "P30D", key: str | None = None, **fields: Any) -> httpx2.Response:
        """Starts a subscription, by default under a key that nobody used."""
        body = {"plan_code": plan_code} | fields
        return await self.post("/subscriptions/start", body, key=key or uuid.uuid4().hex)

    async def add_card(self, card: str = "tok_ok", *, key: str | None = None) -> httpx2.Response:
        """Stores a payment method of the sandbox."""
        return await self.post("/me/payment-methods", {"provider": "sandbox", "token": card}, key=key)

    async def patch(self, path: str, json: Any) -> httpx2.Response:
        return await self.http.patch(path, json=json, headers=self.bearer)

    async def delete(self, path: str) -> httpx2.Response:
        return await self.http.delete(path, headers=self.bearer)


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """What a program looks at when it is refused: the status and the code."""
    return answer.status_code, answer.json().get("code")


def new_trace() -> tuple[str, dict[str, str]]:
    """A trace id, and the header by which a request carries it."""
    trace_id = secrets.token_hex(16)
    return trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


def sign(body: bytes, secret: str) -> str:
    """What belongs in `X-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def send_webhook(
    http: httpx2.AsyncClient, secret: str, payment_id: int, status: str = "SUCCEEDED", **fields: Any
) -> httpx2.Response:
    """Reports a payment as the provider does."""
    report = {"payment_id": payment_id, "status": status, "provider": "mock", **fields}
    return await send_raw_webhook(http, json.dumps(report).encode(), secret=secret)


async def send_raw_webhook(
    http: httpx2.AsyncClient, body: bytes, *, secret: str, signature: str | None = None
) -> httpx2.Response:
    """Sends these very bytes, rightly signed unless another signature is given."""
    headers = {"Content-Type": "application/json", "X-Signature": signature or sign(body, secret)}
    return await http.post("/payments/webhook", content=body, headers=headers)
