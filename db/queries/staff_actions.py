"""What staff did that is in no subscription's timeline: written with the deed, and read by staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from db.database import Connection
from db.tables import staff_actions
from domain.staff_action import StaffAction


@dataclass(frozen=True)
class Deed:
    """Who does it, as the timeline spells it; why, if they say so; and the trace of the request."""

    actor: str
    reason: str | None
    trace_id: str


@dataclass(frozen=True)
class ActionView:
    id: int
    actor: str
    action: StaffAction
    subject_kind: str
    subject_id: str
    reason: str | None
    trace_id: str
    recorded_at: datetime


@dataclass(frozen=True)
class ActionFilter:
    """What is `None` is not asked for."""

    actor: str | None = None
    action: StaffAction | None = None
    subject_kind: str | None = None
    subject_id: str | None = None


_TABLE = staff_actions.StaffAction
_ACTIONS = select(
    _TABLE.id,
    _TABLE.actor,
    _TABLE.action,
    _TABLE.subject_kind,
    _TABLE.subject_id,
    _TABLE.reason,
    _TABLE.trace_id,
    _TABLE.recorded_at,
)


async def insert_action(
    connection: Connection, deed: Deed, action: StaffAction, subject_id: int | str
) -> None:
    """In the transaction of what was done: neither is there without the other."""
    await connection.execute(
        insert(_TABLE).values(
            actor=deed.actor,
            action=action,
            subject_kind=action.subject_kind,
            subject_id=str(subject_id),
            reason=deed.reason,
            trace_id=deed.trace_id,
        )
    )


async def list_actions(
    connection: Connection, only: ActionFilter, *, before_id: int | None, limit: int
) -> list[ActionView]:
    """The newest first, from the one before `before_id` on."""
    query = _ACTIONS.order_by(_TABLE.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(_TABLE.id < before_id)
    if only.actor is not None:
        query = query.where(_TABLE.actor == only.actor)
    if only.action is not None:
        query = query.where(_TABLE.action == only.action)
    if only.subject_kind is not None:
        query = query.where(_TABLE.subject_kind == only.subject_kind)
    if only.subject_id is not None:
        query = query.where(_TABLE.subject_id == only.subject_id)
    return [
        ActionView(**{**row._mapping, "action": StaffAction(row.action)})  # noqa: SLF001 - its public name
        for row in await connection.execute(query)
    ]
