"""Subscription rows beside the workflows that should be theirs, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, or_, select

from db.database import Connection
from db.snapshot import load_state
from db.tables.billing import Invoice, Payment, Refund
from db.tables.subscriptions import Subscription, TimelineEntry
from domain.subscription import SubscriptionState


@dataclass(frozen=True)
class UnfinishedRow:
    """A subscription that lives, or has ended with something left open at a provider."""

    subscription_id: int
    workflow_id: str
    status: str


@dataclass(frozen=True)
class WorkflowRow:
    """`changed_at` is by our clock, whatever the subscription's own time is.

    A state that cannot be read is `None`: one row keeps nobody from looking at the others.
    """

    subscription_id: int
    workflow_id: str
    status: str
    ended_at: datetime | None
    state: SubscriptionState | None
    changed_at: datetime | None

    @property
    def is_finished(self) -> bool:
        return self.ended_at is not None if self.state is None else self.state.is_finished

    @property
    def version(self) -> int | None:
        return None if self.state is None else self.state.version


@dataclass(frozen=True)
class RefundedRow:
    """The subscription that a refund is for."""

    subscription_id: int
    clock_offset: timedelta


@dataclass(frozen=True)
class KeptRow:
    """The columns that are made of the state, and the state as JSON: it may be none of ours."""

    subscription_id: int
    columns: dict[str, Any]
    snapshot: dict[str, Any]


_LEFT_OPEN = Subscription.state["open_invoice"], Subscription.state["withdrawing_payment_id"]
_IS_UNFINISHED = or_(
    Subscription.ended_at.is_(None),
    # The state decides: a column that somebody wrote to hides no subscription that lives.
    Subscription.state["ended_at"].astext.is_(None),
    *(part.astext.is_not(None) for part in _LEFT_OPEN),
)
_CHANGED_AT = (
    select(func.max(TimelineEntry.recorded_at))
    .where(TimelineEntry.subscription_id == Subscription.id)
    .scalar_subquery()
)
_OF_THE_STATE = (
    Subscription.user_id,
    Subscription.status,
    Subscription.version,
    Subscription.current_period_start,
    Subscription.current_period_end,
    Subscription.cancel_at_period_end,
    Subscription.access_until,
    Subscription.payment_method_id,
    Subscription.payment_in_progress,
    Subscription.parked_reason,
    Subscription.scheduled_plan_code,
    Subscription.canceled_at,
    Subscription.ended_at,
    Subscription.next_action,
    Subscription.next_action_at,
)


async def list_unfinished(connection: Connection, after_id: int, limit: int) -> list[UnfinishedRow]:
    query = (
        select(Subscription.id, Subscription.workflow_id, Subscription.status)
        .where(_IS_UNFINISHED, Subscription.id > after_id)
        .order_by(Subscription.id)
        .limit(limit)
    )
    return [UnfinishedRow(*row) for row in await connection.execute(query)]


async def list_kept(connection: Connection, after_id: int, limit: int) -> list[KeptRow]:
    """Of those that are unfinished."""
    query = (
        select(Subscription.id, *_OF_THE_STATE, Subscription.state)
        .where(_IS_UNFINISHED, Subscription.id > after_id)
        .order_by(Subscription.id)
        .limit(limit)
    )
    return [_kept(row) for row in await connection.execute(query)]


async def find_unfinished(connection: Connection, workflow_ids: Iterable[str]) -> list[UnfinishedRow]:
    query = select(Subscription.id, Subscription.workflow_id, Subscription.status).where(
        _IS_UNFINISHED, Subscription.workflow_id.in_(list(workflow_ids))
    )
    return [UnfinishedRow(*row) for row in await connection.execute(query)]


async def find_rows(connection: Connection, workflow_ids: Iterable[str]) -> dict[str, WorkflowRow]:
    """By workflow id; those without a row are left out."""
    query = select(
        Subscription.id,
        Subscription.workflow_id,
        Subscription.status,
        Subscription.ended_at,
        Subscription.state,
        _CHANGED_AT.label("changed_at"),
    ).where(Subscription.workflow_id.in_(list(workflow_ids)))
    return {row.workflow_id: _row(row) for row in await connection.execute(query)}


async def find_workflow_id(connection: Connection, subscription_id: int) -> str | None:
    query = select(Subscription.workflow_id).where(Subscription.id == subscription_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def find_row_of_refund(connection: Connection, refund_id: int) -> RefundedRow | None:
    query = (
        select(Subscription.id, Subscription.clock_offset)
        .join(Invoice, Invoice.subscription_id == Subscription.id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.id == refund_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return row and RefundedRow(*row)


def _row(row: Row[*tuple[Any, ...]]) -> WorkflowRow:
    try:
        state = load_state(row.state)
    except ValidationError:
        state = None
    return WorkflowRow(row.id, row.workflow_id, row.status, row.ended_at, state, row.changed_at)


def _kept(row: Row[*tuple[Any, ...]]) -> KeptRow:
    columns = {column.key: getattr(row, column.key) for column in _OF_THE_STATE}
    return KeptRow(row.id, columns, row.state)
