"""A subscription under test: driven through the API and its own clock, read back from the books."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
from temporalio.client import Client, WorkflowExecutionStatus

from db.database import Database
from tests.book import Book, read_book, workflow_id_of
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.stack import Stack
from tests.virtual_clock import fast_forward


@dataclass
class World:
    """What a life needs around it."""

    stack: Stack
    http: httpx2.AsyncClient
    temporal: Client
    database: Database


@dataclass
class Life:
    world: World
    student: Student
    subscription_id: int
    payment_id: int
    workflow_id: str

    @classmethod
    async def begin(
        cls,
        world: World,
        plan_code: str = "P30D",
        *,
        student: Student | None = None,
        key: str | None = None,
        card: str | None = None,
        start_at: datetime | None = None,
        promo_code: str | None = None,
        gift_code: str | None = None,
    ) -> "Life":
        """`card` is a token of the sandbox, which the first payment and all renewals are charged to."""
        student = student or await Student.signup(world.http)
        method = {} if card is None else {"payment_method": {"provider": "sandbox", "token": card}}
        instant = {} if start_at is None else {"start_at": start_at.isoformat()}
        promo = {} if promo_code is None else {"promo_code": promo_code}
        gift = {} if gift_code is None else {"gift_code": gift_code}
        key = key or uuid.uuid4().hex

        async def has_started() -> httpx2.Response:
            """Asked again under its key, as a 503 says: its worker may be busy, or have just come back."""
            answer = await student.start(plan_code, key, **method, **instant, **promo, **gift)
            assert answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE, answer.text
            return answer

        started = await eventually(has_started)
        assert started.status_code == 201, started.text
        subscription_id = started.json()["subscription_id"]
        workflow_id = await workflow_id_of(world.database, subscription_id)
        return cls(world, student, subscription_id, started.json()["payment_id"], workflow_id)

    async def report(self, status: str = "SUCCEEDED", **fields: Any) -> dict[str, Any]:
        """What the webhook is answered with."""
        answer = await send_webhook(
            self.world.http, self.world.stack.webhook_secret, self.payment_id, status, **fields
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def shown(self) -> dict[str, Any]:
        """To its user."""
        body: dict[str, Any] = (await self.student.get(f"/subscriptions/{self.subscription_id}")).json()
        return body

    async def pay(self) -> None:
        await self.report("SUCCEEDED")
        await self.becomes("active")

    async def store_card(self, token: str) -> None:
        """From now on renewals are charged to it."""
        answer = await self.student.post("/me/payment-methods", {"provider": "sandbox", "token": token})
        assert answer.is_success, answer.text
        await self.is_quiet()

    async def post(self, command: str, json: Any = None) -> httpx2.Response:
        answer = await self.student.post(f"/subscriptions/{self.subscription_id}/{command}", json)
        await self.is_quiet()
        return answer

    async def wait(self, duration: timedelta) -> None:
        """Lets the subscription's own time pass."""
        await fast_forward(self.world.temporal, self.workflow_id, duration)

    async def book(self) -> Book:
        return await read_book(self.world.database, self.subscription_id)

    async def becomes(self, status: str) -> None:
        async def has_become() -> bool:
            return (await self.book()).status == status

        await eventually(has_become)
        await self.is_quiet()

    async def applies_reports(self, count: int) -> None:
        async def applied() -> bool:
            reports = (await self.book()).reports
            return len(reports) == count and "received" not in reports

        await eventually(applied)
        await self.is_quiet()

    async def run_id(self) -> str | None:
        """Another one after it has continued as new, or was started again."""
        return (await self.world.temporal.get_workflow_handle(self.workflow_id).describe()).run_id

    async def is_quiet(self) -> None:
        """Waits until the workflow knows what the database knows: a commit is visible before it does."""

        async def nothing_is_pending() -> bool:
            described = (
                await self.world.temporal.get_workflow_handle(self.workflow_id).describe()
            ).raw_description
            return not described.pending_activities and not described.HasField("pending_workflow_task")

        await eventually(nothing_is_pending)

    async def closes(self) -> None:
        """Waits until the workflow has completed."""

        async def has_closed() -> bool:
            described = await self.world.temporal.get_workflow_handle(self.workflow_id).describe()
            return described.status is WorkflowExecutionStatus.COMPLETED

        await eventually(has_closed)
