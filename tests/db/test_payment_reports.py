"""The webhook inbox: each fact once, delivered until it has had its effect, ever more rarely."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.database import Connection, Database
from db.queries import payment_reports, report_deliveries
from db.queries.payment_reports import IncomingReport, ReportStatus
from db.queries.report_deliveries import Delivery
from domain.payment import PaymentFact, ReportedStatus
from tests.conftest import FreshDatabaseUrl
from tests.db.sold import insert_sold
from tests.stack import settings_for

AT = datetime(2026, 2, 1, tzinfo=UTC)
SUCCESS = IncomingReport(
    provider="mock",
    event_id=None,
    payment_id=0,
    fact=PaymentFact(ReportedStatus.SUCCEEDED, 1_990, "EUR"),
    decline_code=None,
    occurred_at=AT,
    raw_body=b'{"status": "SUCCEEDED"}',
    trace_id="1" * 32,
)
FAILURE = replace(SUCCESS, fact=PaymentFact(ReportedStatus.FAILED, None, None), decline_code="no_funds")


@pytest.fixture(scope="module")
async def quiet_database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """Where no relay is at work."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def inbox(quiet_database: Database) -> AsyncIterator[Connection]:
    async with quiet_database.transaction() as connection:
        yield connection
        await connection.rollback()


async def receive(connection: Connection, report: IncomingReport) -> int:
    report_id = await payment_reports.store_report(connection, report, ReportStatus.RECEIVED)
    assert report_id is not None
    return report_id


async def receive_new(connection: Connection) -> int:
    """A report of a payment of its own."""
    sold = await insert_sold(connection)
    return await receive(connection, replace(SUCCESS, payment_id=sold.payment_id))


async def make_due(connection: Connection) -> None:
    await connection.execute(text("UPDATE webhook_inbox SET next_delivery_at = now() - interval '1 second'"))


async def test_a_report_is_kept_whole(inbox: Connection) -> None:
    report_id = await receive(inbox, replace(FAILURE, payment_id=5))

    stored = await payment_reports.load_report(inbox, report_id)

    assert (stored.report_id, stored.provider, stored.payment_id) == (report_id, "mock", 5)
    assert (stored.status, stored.fact) == (ReportStatus.RECEIVED, FAILURE.fact)
    assert (stored.decline_code, stored.trace_id) == ("no_funds", "1" * 32)
    raw = await inbox.execute(
        text("SELECT raw_body, occurred_at FROM webhook_inbox WHERE id = :id"), {"id": report_id}
    )
    assert tuple(raw.one()) == (FAILURE.raw_body, AT)


async def test_without_an_event_id_the_payment_and_its_status_are_the_fact(inbox: Connection) -> None:
    first = replace(SUCCESS, payment_id=5)
    await receive(inbox, first)

    assert await payment_reports.store_report(inbox, first, ReportStatus.RECEIVED) is None
    await receive(inbox, replace(FAILURE, payment_id=5))
    await receive(inbox, replace(SUCCESS, payment_id=6))
    await receive(inbox, replace(first, provider="other"))
    await receive(inbox, replace(first, event_id="evt-1"))


async def test_an_event_is_stored_once_whatever_it_says(inbox: Connection) -> None:
    await receive(inbox, replace(SUCCESS, event_id="evt-1"))

    assert (
        await payment_reports.store_report(inbox, replace(FAILURE, event_id="evt-1"), ReportStatus.RECEIVED)
        is None
    )


async def test_a_report_about_no_payment_of_ours_is_never_matched_later(inbox: Connection) -> None:
    report = replace(SUCCESS, payment_id=5)
    await payment_reports.store_report(inbox, report, ReportStatus.IGNORED)

    assert await payment_reports.find_unread(inbox, [5]) == ()
    assert await report_deliveries.claim_deliveries(inbox, 10) == []
    report_id = await receive(inbox, report)
    assert await payment_reports.find_unread(inbox, [5]) == (report_id,)


async def test_what_was_applied_or_parked_is_read(inbox: Connection) -> None:
    reports = [await receive(inbox, replace(SUCCESS, payment_id=5, event_id=str(n))) for n in range(4)]
    await payment_reports.mark_applied(inbox, reports[0], AT)
    await payment_reports.park(inbox, reports[2], "amount_mismatch")

    assert await payment_reports.find_unread(inbox, [5]) == (reports[1], reports[3])


async def test_only_the_payments_own_provider_knows_it(inbox: Connection) -> None:
    sold = await insert_sold(inbox)

    assert await payment_reports.share_lock_payment(inbox, sold.payment_id, "mock")
    assert not await payment_reports.share_lock_payment(inbox, sold.payment_id, "other")
    assert not await payment_reports.share_lock_payment(inbox, 10**12, "mock")


async def test_a_due_report_goes_to_the_workflow_of_its_subscription(inbox: Connection) -> None:
    sold = await insert_sold(inbox)
    report_id = await receive(inbox, replace(SUCCESS, payment_id=sold.payment_id))
    workflow_id = await inbox.scalar(
        text("SELECT workflow_id FROM subscriptions WHERE id = :id"), {"id": sold.subscription_id}
    )

    assert await report_deliveries.claim_deliveries(inbox, 10) == [
        Delivery(report_id, sold.subscription_id, workflow_id, "1" * 32, timedelta())
    ]
    assert await report_deliveries.claim_deliveries(inbox, 10) == []


async def test_what_has_had_its_effect_is_not_delivered(inbox: Connection) -> None:
    applied, parked, waiting = [await receive_new(inbox) for _ in range(3)]
    await payment_reports.mark_applied(inbox, applied, AT)
    await payment_reports.park(inbox, parked, "amount_mismatch")

    assert [each.report_id for each in await report_deliveries.claim_deliveries(inbox, 10)] == [waiting]


async def test_the_longest_due_come_first(inbox: Connection) -> None:
    reports = [await receive_new(inbox) for _ in range(3)]

    assert [each.report_id for each in await report_deliveries.claim_deliveries(inbox, 2)] == reports[:2]
    assert [each.report_id for each in await report_deliveries.claim_deliveries(inbox, 2)] == reports[2:]


async def test_redeliveries_grow_rarer_up_to_one_an_hour(inbox: Connection) -> None:
    await receive_new(inbox)
    for seconds in (5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600):
        await make_due(inbox)
        earliest = await inbox.scalar(text("SELECT clock_timestamp()"))
        assert len(await report_deliveries.claim_deliveries(inbox, 10)) == 1
        due_at, latest = (
            await inbox.execute(text("SELECT next_delivery_at, clock_timestamp() FROM webhook_inbox"))
        ).one()
        assert earliest <= due_at - timedelta(seconds=seconds) <= latest


async def test_two_relays_at_once_never_claim_the_same_report(quiet_database: Database) -> None:
    async with quiet_database.transaction() as connection:
        reports = [await receive_new(connection) for _ in range(4)]

    async with quiet_database.transaction() as one, quiet_database.transaction() as other:
        first = await report_deliveries.claim_deliveries(one, 2)
        second = await report_deliveries.claim_deliveries(other, 10)

    assert [each.report_id for each in (*first, *second)] == reports
    async with quiet_database.transaction() as connection:
        await connection.execute(text("DELETE FROM webhook_inbox"))


async def test_while_a_charge_is_under_way_its_answer_comes_first_for_a_moment(inbox: Connection) -> None:
    sold = await insert_sold(inbox)
    await inbox.execute(
        text("UPDATE subscriptions SET next_action = 'collect', next_action_at = now() WHERE id = :id"),
        {"id": sold.subscription_id},
    )
    reports = [
        await receive(inbox, replace(report, payment_id=sold.payment_id)) for report in (FAILURE, SUCCESS)
    ]
    elsewhere = await receive_new(inbox)
    await inbox.execute(text("UPDATE webhook_inbox SET received_at = received_at + interval '1 minute'"))

    assert [each.report_id for each in await report_deliveries.claim_deliveries(inbox, 10)] == [elsewhere]
    await inbox.execute(text("UPDATE webhook_inbox SET received_at = received_at - interval '2 minutes'"))
    assert [each.report_id for each in await report_deliveries.claim_deliveries(inbox, 10)] == reports


async def claims(connection: Connection, times: int) -> list[Delivery]:
    """What the last of so many claims in a row takes."""
    claimed: list[Delivery] = []
    for _ in range(times):
        await make_due(connection)
        claimed = await report_deliveries.claim_deliveries(connection, 10)
    return claimed


async def test_what_a_fault_keeps_from_its_effect_is_given_up_after_so_many_deliveries(
    inbox: Connection,
) -> None:
    report_id = await receive_new(inbox)
    await report_deliveries.note_failure(inbox, report_id, "ValueError")

    [last] = await claims(inbox, report_deliveries.MOST_DELIVERIES)
    assert not last.is_given_up
    [one_too_many] = await claims(inbox, 1)
    assert one_too_many.is_given_up

    assert await report_deliveries.park_undeliverable(inbox, report_id)
    assert not await report_deliveries.park_undeliverable(inbox, report_id), "once"
    assert await claims(inbox, 1) == []


async def test_without_a_fault_it_is_never_given_up(inbox: Connection) -> None:
    """The worker may be away for days."""
    await receive_new(inbox)

    [still_due] = await claims(inbox, 3 * report_deliveries.MOST_DELIVERIES)
    assert not still_due.is_given_up

    await report_deliveries.note_failure(inbox, still_due.report_id, "ValueError")
    [tried_again] = await claims(inbox, report_deliveries.MOST_DELIVERIES - 1)
    assert not tried_again.is_given_up, "deliveries of an outage do not count"
    await report_deliveries.note_failure(inbox, still_due.report_id, "ValueError")
    [given_up] = await claims(inbox, 1)
    assert given_up.is_given_up


async def test_what_was_applied_meanwhile_is_not_parked(inbox: Connection) -> None:
    report_id = await receive_new(inbox)
    await payment_reports.mark_applied(inbox, report_id, AT)

    assert not await report_deliveries.park_undeliverable(inbox, report_id)
    await report_deliveries.note_failure(inbox, report_id, "ValueError")
    assert await inbox.scalar(text("SELECT last_failure FROM webhook_inbox")) is None


async def test_received_again_it_has_all_its_deliveries_before_it(inbox: Connection) -> None:
    report_id = await receive_new(inbox)
    await report_deliveries.note_failure(inbox, report_id, "ValueError")
    await claims(inbox, report_deliveries.MOST_DELIVERIES + 1)
    await report_deliveries.park_undeliverable(inbox, report_id)

    await payment_reports.receive_again(inbox, report_id)

    [delivery] = await report_deliveries.claim_deliveries(inbox, 10)
    assert (delivery.report_id, delivery.is_given_up) == (report_id, False)
