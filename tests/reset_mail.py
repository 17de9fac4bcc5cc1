"""Who sends the e-mails about forgotten passwords: takes the event, and knows each user's newest token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.client import Student
from tests.deadline import eventually
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver

REQUESTED = "user.password_reset_requested"


class ResetMail:
    def __init__(self, receiver: EventReceiver, endpoint: Endpoint) -> None:
        self.receiver = receiver
        self.endpoint = endpoint

    @classmethod
    @asynccontextmanager
    async def opened(cls, admin: Student) -> AsyncIterator["ResetMail"]:
        receiver = EventReceiver()
        await receiver.open()
        endpoint = await Endpoint.make(admin, receiver.url, [REQUESTED])
        yield cls(receiver, endpoint)
        await admin.delete(endpoint.path)
        await receiver.close()

    def events_to(self, student: Student) -> list[dict[str, Any]]:
        came = [each.event for each in self.receiver.received]
        return [event for event in came if event["data"]["user_id"] == student.id]

    async def token_for(self, student: Student) -> str:
        """Asks for a token, and waits until it has come."""
        before = len(self.events_to(student))
        asked = await student.http.post("/auth/password/reset-request", json={"email": student.email})
        assert (asked.status_code, asked.content) == (204, b"")

        async def it_came() -> str:
            assert len(self.events_to(student)) > before
            token: str = self.events_to(student)[-1]["data"]["token"]
            return token

        return await eventually(it_came)
