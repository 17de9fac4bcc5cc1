"""What is due is published once, numbered without a gap, and gets a delivery for each who takes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.service import RPCError, RPCStatusCode

from db.database import Database
from db.queries import event_replays, in_parts, outbox, webhook_endpoints
from db.queries.event_publishing import publish_due
from domain.delivery import DisabledReason
from domain.ending import cancel
from tests.activities.customer import IN_THE_PERIOD, Customer
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from upkeep.events.dispatcher import EventDispatcher, Patience

ROWS = (
    "SELECT o.event, o.sequence, o.published_at IS NOT NULL AS is_published FROM outbox o"
    " JOIN subscriptions s ON s.id = o.subscription_id WHERE s.user_id = :user_id ORDER BY o.id"
)
DELIVERIES = (
    "SELECT o.event, d.endpoint_id, d.status FROM event_deliveries d JOIN outbox o ON o.id = d.event_id"
    " JOIN subscriptions s ON s.id = o.subscription_id WHERE s.user_id = :user_id ORDER BY d.id"
)
IN_TIME = Patience(5.0, 60.0)
RPC_TIMEOUT = timedelta(seconds=5)
HELD_BACK = "UPDATE outbox SET due_at = clock_timestamp() + interval '1 day' WHERE event = 'renewal.upcoming'"


@pytest.fixture(scope="module")
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One that nobody publishes from but these tests."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def customer(database: Database) -> Customer:
    return await Customer.signup(database)


async def execute(database: Database, sql: str, **values: Any) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(sql), values)


async def publish(database: Database, limit: int = 1_000) -> int:
    async with database.transaction() as connection:
        return await publish_due(connection, limit)


async def endpoint(database: Database, customer: Customer, events: list[str] | None = None) -> int:
    async with database.transaction() as connection:
        return await webhook_endpoints.insert_endpoint(
            connection, url="https://x.example", description="", events=events, by=customer.user_id
        )


@pytest.fixture(autouse=True)
async def nobody_else_is_told(database: Database) -> None:
    await execute(
        database,
        "UPDATE webhook_endpoints SET status = 'deleted', disabled_at = now(), disabled_reason = 'by_staff'"
        " WHERE status = 'enabled'",
    )
    await execute(database, "UPDATE event_deliveries SET status = 'stopped' WHERE status = 'pending'")


async def numbers(customer: Customer) -> list[tuple[str, int | None]]:
    return [(row["event"], row["sequence"]) for row in await customer.rows(ROWS)]


async def test_facts_are_numbered_in_their_order(database: Database, customer: Customer) -> None:
    await customer.start_and_pay()
    await execute(database, HELD_BACK)

    await publish(database)

    assert await numbers(customer) == [
        ("subscription.created", 1),
        ("invoice.finalized", 2),
        ("invoice.paid", 3),
        ("renewal.upcoming", None),
        ("subscription.activated", 4),
    ]


async def test_what_is_published_together_has_one_instant(database: Database, customer: Customer) -> None:
    """Whoever reads by (published_at, id) finds the order of the deliveries."""
    await customer.start_and_pay()
    await execute(database, HELD_BACK)

    await publish(database)

    instants = await customer.rows(
        "SELECT count(o.published_at) AS events, count(DISTINCT o.published_at) AS instants FROM outbox o"
        " JOIN subscriptions s ON s.id = o.subscription_id WHERE s.user_id = :user_id"
    )
    assert instants == [{"events": 4, "instants": 1}]


async def test_nothing_is_published_twice(database: Database, customer: Customer) -> None:
    await customer.start_and_pay()
    await publish(database)
    published = await customer.rows("SELECT * FROM outbox ORDER BY id")

    assert await publish(database) == 0
    assert await customer.rows("SELECT * FROM outbox ORDER BY id") == published


async def test_a_part_at_a_time_leaves_no_gap(database: Database, customer: Customer) -> None:
    await customer.start_and_pay()
    await execute(database, HELD_BACK)
    while await publish(database, limit=1):
        pass

    assert [number for _, number in await numbers(customer)] == [1, 2, 3, None, 4]


async def test_several_who_publish_at_once(database: Database, customer: Customer) -> None:
    others = [await Customer.signup(database) for _ in range(3)]
    for each in (customer, *others):
        await each.start_and_pay()
    await execute(database, HELD_BACK)

    async def publish_all() -> None:
        for _ in range(20):
            await publish(database, limit=3)

    await asyncio.gather(*(publish_all() for _ in range(4)))

    while await publish(database):
        pass
    for each in (customer, *others):
        assert [number for _, number in await numbers(each)] == [1, 2, 3, None, 4]


async def test_while_one_publishes_another_does_not(database: Database, customer: Customer) -> None:
    await customer.start_and_pay()
    await execute(database, HELD_BACK)

    async with database.transaction() as connection:
        assert await publish_due(connection, 2) == 2
        assert await publish(database) == 0

    assert await publish(database) == 2
    assert [number for _, number in await numbers(customer)] == [1, 2, 3, None, 4]


async def test_an_announcement_goes_out_when_its_own_time_has_come(
    database: Database, customer: Customer
) -> None:
    await customer.start_and_pay()
    await execute(database, HELD_BACK)
    await publish(database)
    ahead = "UPDATE subscriptions SET clock_offset = :by WHERE user_id = :user_id"

    await execute(database, ahead, by=timedelta(hours=23), user_id=customer.user_id)
    assert await publish(database) == 0
    await execute(database, ahead, by=timedelta(hours=25), user_id=customer.user_id)
    assert await publish(database) == 1

    assert (await numbers(customer))[3] == ("renewal.upcoming", 5)


async def test_an_announcement_comes_behind_the_facts_from_before_its_time(
    database: Database, customer: Customer
) -> None:
    """It was written before the last of them, and is published with them: the clock was turned."""
    await customer.start_and_pay()
    ahead = "UPDATE subscriptions SET clock_offset = interval '60 days' WHERE user_id = :user_id"
    await execute(database, ahead, user_id=customer.user_id)

    await publish(database)

    assert await numbers(customer) == [
        ("subscription.created", 1),
        ("invoice.finalized", 2),
        ("invoice.paid", 3),
        ("renewal.upcoming", 5),
        ("subscription.activated", 4),
    ]


async def test_what_was_dropped_leaves_no_gap(database: Database, customer: Customer) -> None:
    state = await customer.start_and_pay()
    await publish(database)
    await execute(
        database,
        "UPDATE outbox SET published_at = NULL, sequence = NULL WHERE event = 'renewal.upcoming'"
        " AND subscription_id = :id",
        id=state.subscription_id,
    )
    await customer.record(cancel(state, at_period_end=True, at=IN_THE_PERIOD))
    await publish(database)

    told = await numbers(customer)
    assert "renewal.upcoming" not in dict(told)
    assert told[-1] == ("subscription.cancel_scheduled", 5)


async def test_what_has_gone_out_is_not_taken_back(database: Database, customer: Customer) -> None:
    """By a workflow whose clock is a moment behind the database's."""
    state = await customer.start_and_pay()
    await publish(database)
    before = await customer.rows("SELECT * FROM outbox WHERE event = 'renewal.upcoming' ORDER BY id")

    async with database.transaction() as connection:
        await outbox.drop_announcement(connection, state.subscription_id, datetime(2020, 1, 1, tzinfo=UTC))

    assert await customer.rows("SELECT * FROM outbox WHERE event = 'renewal.upcoming' ORDER BY id") == before


async def test_each_who_takes_it_gets_a_delivery(database: Database, customer: Customer) -> None:
    all_of_it = await endpoint(database, customer)
    paid_only = await endpoint(database, customer, ["invoice.paid", "invoice.voided"])
    disabled = await endpoint(database, customer)
    async with database.transaction() as connection:
        assert await webhook_endpoints.stop(connection, disabled, DisabledReason.BY_STAFF)
    await customer.start_and_pay()
    await execute(database, HELD_BACK)

    await publish(database)

    deliveries = [(row["event"], row["endpoint_id"]) for row in await customer.rows(DELIVERIES)]
    assert deliveries == [
        ("subscription.created", all_of_it),
        ("invoice.finalized", all_of_it),
        ("invoice.paid", all_of_it),
        ("invoice.paid", paid_only),
        ("subscription.activated", all_of_it),
    ]


class Temporal:
    """Remembers what was started; away for as long as it is told to be."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.is_away = False

    async def start_workflow(self, *_: Any, id: str, **__: Any) -> None:  # noqa: A002 - the client's word
        if self.is_away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        self.started.append(id)


def dispatcher(database: Database, temporal: Temporal) -> EventDispatcher:
    return EventDispatcher(database, temporal, IN_TIME, RPC_TIMEOUT)  # type: ignore[arg-type]  # all that it asks for


A_WHILE_LATER = "UPDATE event_deliveries SET next_start_at = next_start_at - interval '31 seconds'"


async def test_who_dies_before_the_start_is_stood_in_for(database: Database, customer: Customer) -> None:
    temporal = Temporal()
    await endpoint(database, customer, ["subscription.created"])
    await customer.start()
    await publish(database)

    temporal.is_away = True
    assert await dispatcher(database, temporal).start_deliveries() == 0
    temporal.is_away = False
    assert await dispatcher(database, temporal).start_deliveries() == 0, "it was claimed a moment ago"
    await execute(database, A_WHILE_LATER)
    assert await dispatcher(database, temporal).start_deliveries() == 1
    await execute(database, A_WHILE_LATER)
    assert await dispatcher(database, temporal).start_deliveries() == 0, "it runs"

    assert len(temporal.started) == 1


async def test_two_dispatchers_start_each_once(database: Database, customer: Customer) -> None:
    temporal = Temporal()
    await endpoint(database, customer)
    await customer.start_and_pay()
    await publish(database)

    counts = await asyncio.gather(*(dispatcher(database, temporal).start_deliveries() for _ in range(4)))

    assert sum(counts) == len(temporal.started) == len(set(temporal.started)) == 5


async def test_a_workflow_that_was_lost_is_started_again(database: Database, customer: Customer) -> None:
    temporal = Temporal()
    await endpoint(database, customer, ["subscription.created"])
    await customer.start()
    await publish(database)
    await dispatcher(database, temporal).start_deliveries()

    await execute(database, "UPDATE event_deliveries SET next_start_at = next_start_at - interval '1 day'")
    await dispatcher(database, temporal).start_deliveries()

    assert len(temporal.started) == 2
    assert len(set(temporal.started)) == 1


@pytest.mark.parametrize("at_once", [1, 2, 3, 1_000])
async def test_what_was_missed_is_made_up_for_in_parts_and_once(
    database: Database, customer: Customer, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """What was on its way when it was disabled, and what was published since; no announcement that waits."""
    monkeypatch.setattr(in_parts, "AT_ONCE", at_once)
    endpoint_id = await endpoint(database, customer)
    await customer.start()
    await publish(database)
    since = datetime.now(UTC)
    async with database.transaction() as connection:
        assert await webhook_endpoints.stop(connection, endpoint_id, DisabledReason.BY_STAFF)
    another = await Customer.signup(database)
    await another.start_and_pay()
    await execute(database, HELD_BACK)
    await publish(database)

    async with database.transaction() as connection:
        await webhook_endpoints.enable(connection, endpoint_id)
        made_up = await event_replays.make_up_for(connection, endpoint_id, since)
        assert await event_replays.make_up_for(connection, endpoint_id, since) == 0

    on_their_way = [
        (row["event"], row["status"])
        for each in (customer, another)
        for row in await each.rows(DELIVERIES)
        if row["endpoint_id"] == endpoint_id
    ]
    assert on_their_way == [
        ("subscription.created", "pending"),
        ("invoice.finalized", "pending"),
        ("subscription.created", "pending"),
        ("invoice.finalized", "pending"),
        ("invoice.paid", "pending"),
        ("subscription.activated", "pending"),
    ]
    assert made_up == len(on_their_way)
