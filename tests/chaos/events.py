"""Somebody outside who is told of everything: each event has to come, and none that there is not."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from db.database import Database
from tests.chaos.checks import Checked
from tests.client import Student
from tests.event_endpoint import Endpoint
from tests.event_receiver import OK, EventReceiver, Received

PUBLISHED = (
    "SELECT subscription_id, sequence, event FROM outbox"
    " WHERE published_at IS NOT NULL AND subscription_id IS NOT NULL"
)


@dataclass
class Listener:
    """`unsigned` are the ids of events whose signature did not hold when they came: later it is too old."""

    receiver: EventReceiver
    secret: str
    unsigned: list[str] = field(default_factory=list)

    def take(self, received: Received) -> bytes:
        if not received.is_signed_with(self.secret):
            self.unsigned.append(received.event["id"])
        return OK

    async def check(self, database: Database) -> Checked:
        """What was published has come, numbered without a gap, and each signed."""
        async with database.read() as connection:
            published = {tuple(row) for row in await connection.execute(text(PUBLISHED))}
        came = [received.event for received in self.receiver.received]
        of_subscriptions = [one for one in came if one["subscription_id"] is not None]
        heard = {(one["subscription_id"], one["sequence"], one["type"]) for one in of_subscriptions}
        broken = [f"{event} did not come" for event in published - heard]
        broken += [f"{event} was never published" for event in heard - published]
        count = Counter(subscription_id for subscription_id, *_ in published)
        last = dict.fromkeys(count, 0)
        for subscription_id, sequence, _ in published:
            last[subscription_id] = max(last[subscription_id], sequence)
        broken += [f"a gap in the events of subscription {one}" for one in count if count[one] != last[one]]
        broken += [f"{event_id} is not signed" for event_id in self.unsigned]
        return Checked("every event has come, numbered without a gap", len(published), broken)


@asynccontextmanager
async def listening(admin: Student) -> AsyncIterator[Listener]:
    receiver = EventReceiver()
    await receiver.open()
    try:
        endpoint = await Endpoint.make(admin, receiver.url)
        listener = Listener(receiver, endpoint.secret)
        receiver.says = listener.take
        yield listener
    finally:
        await receiver.close()
