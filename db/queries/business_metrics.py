"""The counts that tell how the business goes, for Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select, text

from db.database import Connection
from db.tables.subscriptions import SETTLING, Subscription, TimelineEntry
from domain.lifecycle import Event
from domain.subscription import Status


@dataclass(frozen=True)
class BusinessCounts:
    """Of payments, what was reported: a decline stays one when the same payment succeeds after it.

    `oldest_due_seconds` is how long the step waits that should have been taken first; 0 when none is due. A
    subscription whose virtual clock was turned is left out there: its dates are not ours, and its student
    is nobody's customer.
    """

    payments_succeeded: int
    payments_failed: int
    active_subscriptions: int
    parked_subscriptions: int
    due_steps: int
    oldest_due_seconds: float
    by_status: Mapping[str, int]


async def count_business(connection: Connection) -> BusinessCounts:
    succeeded, failed = await _count_payments(connection)
    rows = list(await connection.execute(_SUBSCRIPTIONS))
    return BusinessCounts(
        payments_succeeded=succeeded,
        payments_failed=failed,
        active_subscriptions=sum(row.with_access for row in rows),
        parked_subscriptions=sum(row.parked for row in rows),
        due_steps=sum(row.due for row in rows),
        oldest_due_seconds=max((float(row.oldest_due) for row in rows), default=0.0),
        by_status=dict.fromkeys(map(str, Status), 0) | {row.status: row.known for row in rows},
    )


async def _count_payments(connection: Connection) -> tuple[int, int]:
    is_decline = TimelineEntry.event.in_((Event.PAYMENT_DECLINED, Event.PLAN_CHANGE_DECLINED))
    payments = (
        select(
            func.count().filter(~is_decline).label("succeeded"),
            func.count().filter(is_decline).label("failed"),
        )
        .where(text(SETTLING))  # spelled as in the index that holds nothing else
        .select_from(TimelineEntry)
    )
    row = (await connection.execute(payments)).one()
    return row.succeeded, row.failed


_now = func.statement_timestamp()  # one instant, and asked for once: the table is read from end to end
_has_access = Subscription.access_until > _now + Subscription.clock_offset
_due_at = case((Subscription.clock_offset == text("'0'::interval"), Subscription.next_action_at))
_SUBSCRIPTIONS = select(
    Subscription.status,
    func.count().label("known"),
    func.count().filter(_has_access).label("with_access"),
    func.count(Subscription.parked_reason).label("parked"),
    func.count().filter(_due_at < _now).label("due"),
    func.greatest(func.coalesce(func.extract("epoch", _now - func.min(_due_at)), 0), 0).label("oldest_due"),
).group_by(Subscription.status)
