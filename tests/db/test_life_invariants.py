"""Every rule about lives and due dates sees the row that breaks it, and only that."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.queries.life_invariants import LIFE_INVARIANTS
from db.queries.overdue import OVERDUE
from db.tables.base import Table
from db.tables.billing import Invoice, InvoiceSeries, Payment, Refund
from db.tables.catalogue import Plan
from db.tables.corrections import CreditNote
from db.tables.family import FamilyMember
from db.tables.ledger import LedgerTransaction
from db.tables.messages import PaymentReport
from db.tables.subscriptions import Period, Subscription, TimelineEntry
from tests.db.rows import END, Row, insert_row

NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)
PAST, COMING = NOW - A_DAY, NOW + A_DAY
ENDED = {"status": "canceled", "ended_at": PAST}

Break = Callable[[Connection], Awaitable[object]]


async def all_found(connection: Connection) -> dict[str, object]:
    asked = {each.__name__: await each(connection) for each in (*LIFE_INVARIANTS, *OVERDUE)}
    return {name: found for name, found in asked.items() if found}


async def subscription(connection: Connection, **changes: Any) -> int:
    """Active, paid until tomorrow, with a week of grace."""
    active = {"status": "active", "access_until": COMING + 7 * A_DAY, "state": {"plan": {"grace_days": 7}}}
    subscription_id = await insert_row(connection, Subscription, **active | changes)
    await insert_row(connection, Period, subscription_id=subscription_id, during=Range(PAST, COMING))
    return subscription_id


async def lived(connection: Connection, *events: str, **changes: Any) -> None:
    subscription_id = await insert_row(connection, Subscription, **changes)
    for event in events:
        await insert_row(connection, TimelineEntry, subscription_id=subscription_id, event=event)


async def numbered(connection: Connection, last_number: int, *numbers: str) -> None:
    await connection.execute(
        InvoiceSeries.__table__.insert().values(  # type: ignore[attr-defined]
            series="IT", year=2026, last_number=last_number
        )
    )
    for number in numbers:
        await insert_row(connection, Invoice, status="void", number=number)


def a_row(table: type[Table], **changes: Any) -> Break:
    async def insert(connection: Connection) -> None:
        await insert_row(connection, table, **changes)

    return insert


async def payment_back_at_pending(connection: Connection) -> None:
    payment_id = await insert_row(connection, Payment)
    await insert_row(connection, LedgerTransaction, key=f"payment:{payment_id}:received")


async def refund_back_at_unknown(connection: Connection) -> None:
    refund_id = await insert_row(connection, Refund, status="unknown")
    await insert_row(connection, LedgerTransaction, key=f"refund:{refund_id}:paid")


async def invoice_back_at_open(connection: Connection) -> None:
    invoice_id = await insert_row(connection, Invoice, status="open", number="IT-2026-000001")
    await connection.execute(text("INSERT INTO invoice_series VALUES ('IT', 2026, 1)"))
    await insert_row(connection, Period, invoice_id=invoice_id)


async def success_without_effect(connection: Connection) -> None:
    payment_id = await insert_row(connection, Payment, status="failed", settled_at=END)
    await insert_row(connection, PaymentReport, payment_id=payment_id, status="applied", applied_at=END)


async def renewed_after_its_end(connection: Connection) -> None:
    await lived(connection, "canceled", "renewed", **ENDED)


async def billed_after_its_end(connection: Connection) -> None:
    ended = await insert_row(connection, Subscription, **ENDED)
    await insert_row(connection, Invoice, subscription_id=ended, created_at=PAST + A_DAY)


async def given_up_after_its_end(connection: Connection, number: str) -> None:
    ended = await insert_row(connection, Subscription, **ENDED)
    late: Row = {"created_at": PAST + A_DAY, "status": "void", "number": number}
    await insert_row(connection, Invoice, subscription_id=ended, **late)


async def changed_after_its_end(connection: Connection) -> None:
    await lived(connection, "ended", "plan_change_opened", **ENDED)


async def renewal_opened_after_a_cancellation(connection: Connection) -> None:
    await lived(connection, "cancel_scheduled", "cancel_withdrawn", "cancel_scheduled", "renewal_opened")


async def locked_out(connection: Connection) -> None:
    await subscription(connection, access_until=PAST)


async def locked_out_in_its_own_time(connection: Connection) -> None:
    await subscription(connection, access_until=COMING, clock_offset=A_DAY - timedelta(minutes=5))
    await connection.execute(text("UPDATE subscriptions SET clock_offset = clock_offset + '10 minutes'"))
    await connection.execute(
        text("UPDATE periods SET during = tstzrange(lower(during), upper(during) + '1 day')")
    )


async def let_in_for_a_day_too_long(connection: Connection) -> None:
    await subscription(connection, access_until=COMING + 8 * A_DAY)


async def let_in_for_nothing(connection: Connection) -> None:
    await insert_row(connection, Subscription, access_until=COMING, state={"plan": {"grace_days": 7}})


async def number_missing(connection: Connection) -> None:
    await numbered(connection, 3, "IT-2026-000001", "IT-2026-000003")


async def number_beyond_the_count(connection: Connection) -> None:
    await numbered(connection, 2, "IT-2026-000001", "IT-2026-000003")


async def number_given_twice(connection: Connection) -> None:
    await connection.execute(text("ALTER TABLE invoices DROP CONSTRAINT uq_invoices_number"))
    await numbered(connection, 2, "IT-2026-000002", "IT-2026-000002")


async def number_of_no_series(connection: Connection) -> None:
    await insert_row(connection, CreditNote, number="NC-2026-000001")


async def charge_left_open(connection: Connection) -> None:
    of = await insert_row(connection, Subscription)
    invoice_id = await insert_row(connection, Invoice, subscription_id=of)
    await insert_row(
        connection,
        Payment,
        invoice_id=invoice_id,
        payment_method_id=1,
        status="unknown",
        created_at=PAST - A_DAY,
    )


async def family_of(connection: Connection, *members: int, seats: int = 2) -> None:
    plan_id = await insert_row(connection, Plan, seats=seats)
    of = await insert_row(connection, Subscription, plan_id=plan_id, user_id=1)
    for user_id in members:
        await insert_row(connection, FamilyMember, subscription_id=of, user_id=user_id)


async def one_member_too_many(connection: Connection) -> None:
    await family_of(connection, 2, 3)


async def owner_has_two_seats(connection: Connection) -> None:
    await family_of(connection, 1)


LATE_STEP: Row = {"next_action": "renew", "next_action_at": NOW - timedelta(minutes=16)}

BROKEN: list[tuple[Break, str]] = [
    (payment_back_at_pending, "money_that_came_is_not_kept_as_received"),
    (refund_back_at_unknown, "money_that_came_is_not_kept_as_received"),
    (invoice_back_at_open, "time_was_given_for_an_unpaid_invoice"),
    (success_without_effect, "an_applied_report_had_no_effect"),
    (
        a_row(PaymentReport, reported_status="CHARGEBACK", status="applied", applied_at=END),
        "an_applied_report_had_no_effect",
    ),
    (renewed_after_its_end, "what_has_ended_went_on"),
    (billed_after_its_end, "what_has_ended_went_on"),
    (changed_after_its_end, "what_has_ended_went_on"),
    (renewal_opened_after_a_cancellation, "a_period_was_billed_after_a_cancellation"),
    (locked_out, "paid_time_gives_no_access"),
    (locked_out_in_its_own_time, "paid_time_gives_no_access"),
    (let_in_for_a_day_too_long, "access_beyond_what_was_paid"),
    (let_in_for_nothing, "access_beyond_what_was_paid"),
    (number_missing, "numbers_have_a_gap"),
    (number_beyond_the_count, "numbers_have_a_gap"),
    (number_given_twice, "numbers_have_a_gap"),
    (number_of_no_series, "numbers_have_a_gap"),
    (one_member_too_many, "a_family_has_more_members_than_seats"),
    (owner_has_two_seats, "a_family_has_more_members_than_seats"),
    (a_row(PaymentReport, received_at=NOW - timedelta(minutes=11)), "a_report_waits_to_be_applied"),
    (a_row(Subscription, **LATE_STEP), "a_due_step_was_not_taken"),
    (charge_left_open, "a_payment_is_left_open"),
    (a_row(Refund, recorded_at=PAST - A_DAY), "a_refund_is_left_open"),
]


def _name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("break_it", "violated"), BROKEN, ids=_name)
async def test_what_is_broken_is_seen(bare: Connection, break_it: Break, violated: str) -> None:
    assert await all_found(bare) == {}

    await break_it(bare)

    found = await all_found(bare)
    assert found.keys() == {violated}, found


async def test_what_is_well_is_not_seen(bare: Connection) -> None:
    now = datetime.now(UTC)  # this file was read minutes ago
    await subscription(bare)
    await subscription(bare, status="frozen", access_until=None)
    await lived(bare, "cancel_scheduled", "cancel_withdrawn", "renewal_opened")
    await lived(bare, "canceled", "late_payment_received", "charge_stood", **ENDED)
    await numbered(bare, 2, "IT-2026-000001")
    await given_up_after_its_end(bare, "IT-2026-000002")
    await insert_row(bare, PaymentReport, received_at=now - timedelta(minutes=9))
    await insert_row(bare, Subscription, **LATE_STEP | {"next_action_at": now - timedelta(minutes=14)})
    await insert_row(bare, Payment, payment_method_id=1, created_at=PAST)
    await insert_row(bare, Refund, recorded_at=NOW)
    await family_of(bare, 2)

    assert await all_found(bare) == {}


def test_every_rule_is_seen_broken_here() -> None:
    assert {violated for _, violated in BROKEN} == {each.__name__ for each in (*LIFE_INVARIANTS, *OVERDUE)}
