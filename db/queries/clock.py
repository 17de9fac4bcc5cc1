"""A subscription's own time: where its row stands, how far ahead it is, and the turns of its clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, insert, select, update

from db.database import Connection
from db.queries.payment_reports import ReportStatus
from db.tables.billing import Invoice, Payment
from db.tables.messages import PaymentReport
from db.tables.subscriptions import ClockTurn, Subscription, TimelineEntry


@dataclass(frozen=True)
class ClockRow:
    """What the database knows of a subscription while its clock is turned."""

    workflow_id: str
    ended_at: datetime | None
    next_action_at: datetime | None
    clock_offset: timedelta
    has_unread_reports: bool


@dataclass(frozen=True)
class Turn:
    """One request to turn the clock; the same however often it is repeated."""

    target_at: datetime
    after_entry_id: int


async def find_row(connection: Connection, subscription_id: int) -> ClockRow | None:
    unread = exists(
        select(PaymentReport.id)
        .join(Payment, PaymentReport.payment_id == Payment.id)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .where(Invoice.subscription_id == subscription_id, PaymentReport.status == ReportStatus.RECEIVED)
    )
    query = select(
        Subscription.workflow_id,
        Subscription.ended_at,
        Subscription.next_action_at,
        Subscription.clock_offset,
        unread.label("has_unread_reports"),
    ).where(Subscription.id == subscription_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return ClockRow(
        workflow_id=row.workflow_id,
        ended_at=row.ended_at,
        next_action_at=row.next_action_at,
        clock_offset=row.clock_offset,
        has_unread_reports=row.has_unread_reports,
    )


async def write_offset(connection: Connection, subscription_id: int, offset: timedelta) -> None:
    """Not part of the versioned state: the workflow neither knows its offset nor decides by it."""
    await connection.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(clock_offset=offset)
    )


async def find_turn(connection: Connection, subscription_id: int, command_id: str) -> Turn | None:
    query = select(ClockTurn.target_at, ClockTurn.after_entry_id).where(
        ClockTurn.subscription_id == subscription_id, ClockTurn.command_id == command_id
    )
    row = (await connection.execute(query)).one_or_none()
    return row and Turn(row.target_at, row.after_entry_id)


async def insert_turn(
    connection: Connection,
    *,
    subscription_id: int,
    command_id: str,
    asked_by: int,
    trace_id: str,
    target_at: datetime,
) -> Turn:
    """What happens from here on belongs to this turn."""
    last_entry_id = (
        select(func.coalesce(func.max(TimelineEntry.id), 0))
        .where(TimelineEntry.subscription_id == subscription_id)
        .scalar_subquery()
    )
    row = (
        await connection.execute(
            insert(ClockTurn)
            .values(
                subscription_id=subscription_id,
                command_id=command_id,
                asked_by=asked_by,
                trace_id=trace_id,
                target_at=target_at,
                after_entry_id=last_entry_id,
            )
            .returning(ClockTurn.target_at, ClockTurn.after_entry_id)
        )
    ).one()
    return Turn(row.target_at, row.after_entry_id)
