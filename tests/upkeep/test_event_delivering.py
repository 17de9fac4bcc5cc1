"""One attempt to deliver an event: what is sent and what is written down, also when it is cut off."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.event_contracts import GiveUpEvent, PostEvent
from db.database import Database
from db.queries import event_deliveries, event_replays, webhook_endpoints
from db.queries.event_publishing import publish_due
from domain.delivery import Answer, DisabledReason
from domain.endpoint_secrets import EndpointSecrets
from domain.reset_tokens import ResetTokens
from tests.activities.customer import Customer
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from upkeep.events.delivering import DeliverEventActivities


@dataclass
class Sender:
    """Answers what it is told to."""

    answer: Answer = field(default_factory=lambda: Answer(204))
    sent: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    async def send(self, url: str, headers: dict[str, str], body: str) -> Answer:
        self.sent.append((url, headers, body))
        return self.answer


@dataclass
class Delivery:
    """Of a start, to somebody who is told of nothing else."""

    database: Database
    sender: Sender
    endpoint_id: int
    id: int

    def activities(self) -> DeliverEventActivities:
        sender: Any = self.sender
        key = b"k" * 32
        return DeliverEventActivities(self.database, sender, EndpointSecrets(key), ResetTokens(key))

    async def post(self, round_no: int = 0) -> str:
        status: str = await ActivityEnvironment().run(
            self.activities().post_event, PostEvent(self.id, round_no)
        )
        return status

    async def give_up(self, seconds: float, round_no: int = 0) -> str:
        command = GiveUpEvent(self.id, round_no, seconds)
        status: str = await ActivityEnvironment().run(self.activities().give_up_event, command)
        return status

    async def row(self) -> tuple[str, int, int | None, str | None]:
        query = text(
            "SELECT status, attempts, last_status_code, last_error FROM event_deliveries WHERE id = :id"
        )
        async with self.database.read() as connection:
            row = (await connection.execute(query, {"id": self.id})).one()
        return row[0], row[1], row[2], row[3]


@pytest.fixture(scope="module")
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One that nobody publishes from but these tests."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def delivery(database: Database) -> Delivery:
    customer = await Customer.signup(database)
    async with database.transaction() as connection:
        endpoint_id = await webhook_endpoints.insert_endpoint(
            connection,
            url="https://crm.example.com/",
            description="",
            events=["subscription.created"],
            by=customer.user_id,
        )
    await customer.start()
    async with database.transaction() as connection:
        await publish_due(connection, 100)
        found = await connection.execute(
            text("SELECT id FROM event_deliveries WHERE endpoint_id = :id"), {"id": endpoint_id}
        )
        return Delivery(database, Sender(), endpoint_id, found.scalar_one())


async def test_it_is_taken(delivery: Delivery) -> None:
    assert await delivery.post() == "delivered"
    assert await delivery.row() == ("delivered", 1, 204, None)


async def test_what_was_delivered_is_not_sent_again(delivery: Delivery) -> None:
    await delivery.post()

    assert await delivery.post() == "stopped"
    assert len(delivery.sender.sent) == 1
    assert await delivery.give_up(1.0) == "stopped"
    assert (await delivery.row())[0] == "delivered"


async def test_killed_before_it_was_written_down_it_is_sent_under_the_same_id(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:

        async def die(*_: Any) -> None:
            raise ConnectionError

        killed.setattr(event_deliveries, "record_attempt", die)
        with pytest.raises(ConnectionError):
            await delivery.post()
    assert (await delivery.row())[0] == "pending"

    assert await delivery.post() == "delivered"
    first, second = delivery.sender.sent
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]


async def test_it_is_refused_and_asks_to_wait(delivery: Delivery) -> None:
    delivery.sender.answer = Answer(503, "refused", timedelta(seconds=70))

    with pytest.raises(ApplicationError) as refused:
        await delivery.post()
    assert refused.value.next_retry_delay == timedelta(seconds=70)
    assert not refused.value.non_retryable
    assert await delivery.row() == ("pending", 1, 503, "refused")


async def test_without_an_answer_the_row_has_a_word_for_it(delivery: Delivery) -> None:
    delivery.sender.answer = Answer(error="timeout")

    with pytest.raises(ApplicationError, match="timeout"):
        await delivery.post()
    assert await delivery.row() == ("pending", 1, None, "timeout")


async def test_to_who_is_disabled_nothing_is_sent(delivery: Delivery, database: Database) -> None:
    async with database.transaction() as connection:
        assert await webhook_endpoints.stop(connection, delivery.endpoint_id, DisabledReason.BY_STAFF)

    assert await delivery.post() == "stopped"
    assert delivery.sender.sent == []
    assert (await delivery.row())[0] == "stopped"


async def test_a_replay_takes_the_place_of_the_round_before(delivery: Delivery, database: Database) -> None:
    async with database.transaction() as connection:
        assert await webhook_endpoints.stop(connection, delivery.endpoint_id, DisabledReason.BY_STAFF)
        await webhook_endpoints.enable(connection, delivery.endpoint_id)
        assert await event_replays.make_up_for(connection, delivery.endpoint_id, datetime.now(UTC)) == 1

    assert await delivery.post(round_no=0) == "stopped"
    assert await delivery.give_up(0.0, round_no=0) == "stopped"
    assert delivery.sender.sent == []
    assert await delivery.post(round_no=1) == "delivered"


async def test_given_up_twice_is_once(delivery: Delivery) -> None:
    assert await delivery.give_up(60.0) == "failed"
    assert await delivery.give_up(60.0) == "stopped"
    assert (await delivery.row())[0] == "failed"
