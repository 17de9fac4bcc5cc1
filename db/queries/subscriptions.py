"""Subscription rows: opened once, then replaced whole by the next version of their state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, bindparam, cast, func, insert, literal, select, text, update

from db.database import Connection
from db.snapshot import dump_state, load_state
from db.tables.accounts import User
from db.tables.catalogue import Plan, PlanPrice
from db.tables.subscriptions import LIVE, Subscription
from domain.access import access_until
from domain.billing_calendar import Period
from domain.due import next_step
from domain.subscription import Status, SubscriptionState

# Built once: it is part of every step, and building it costs more than running it.
_REPLACE_VERSION = update(Subscription).where(
    Subscription.id == bindparam("of"), Subscription.version == bindparam("replaced")
)


class StaleStateError(Exception):
    """A state was to be written that does not follow on the row's: the whole transaction is void."""


@dataclass(frozen=True)
class OpenedRow:
    """A subscription as it was opened under a key, whatever became of it."""

    subscription_id: int
    request_hash: str
    state: SubscriptionState
    start_answer: dict[str, Any]


@dataclass(frozen=True)
class LostRow:
    """What it takes to start the workflow of a subscription again, and how far its time is ahead of ours."""

    idempotency_key: str
    request_hash: str
    state: SubscriptionState
    start_answer: dict[str, Any]
    clock_offset: timedelta


@dataclass(frozen=True)
class LiveRow:
    subscription_id: int
    workflow_id: str
    state: SubscriptionState


async def lock_user(connection: Connection, user_id: int) -> bool:
    """Makes the starts of one user happen one after the other. Whether there is one who was not erased."""
    query = select(User.erased_at).where(User.id == user_id).with_for_update(key_share=True)
    row = (await connection.execute(query)).one_or_none()
    return row is not None and row.erased_at is None


def started_by(user_id: int) -> ColumnElement[bool]:
    """Whose start it was: it may be somebody else's by now, and their own keys and trial stay with a user."""
    return func.coalesce(Subscription.started_by, Subscription.user_id) == user_id


async def find_opened(connection: Connection, user_id: int, idempotency_key: str) -> OpenedRow | None:
    row = (
        await connection.execute(
            select(
                Subscription.id, Subscription.request_hash, Subscription.state, Subscription.start_answer
            ).where(started_by(user_id), Subscription.idempotency_key == idempotency_key)
        )
    ).one_or_none()
    return row and OpenedRow(row.id, row.request_hash, load_state(row.state), row.start_answer or {})


async def lock_live(connection: Connection, user_id: int) -> LiveRow | None:
    """The user's one live subscription, locked."""
    row = (
        await connection.execute(
            select(Subscription.id, Subscription.workflow_id, Subscription.state)
            .where(Subscription.user_id == user_id, text(LIVE))
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    return row and LiveRow(row.id, row.workflow_id, load_state(row.state))


async def find_live(connection: Connection, user_id: int) -> tuple[int, Status] | None:
    """Id and status of the user's one live subscription."""
    row = (
        await connection.execute(
            select(Subscription.id, Subscription.status).where(Subscription.user_id == user_id, text(LIVE))
        )
    ).one_or_none()
    return row and (row.id, Status(row.status))


async def find_superseded(connection: Connection, opened: SubscriptionState) -> str | None:
    """The workflow of the user's unpaid start that was expired by this one: it ended as this one began."""
    query = select(Subscription.workflow_id).where(
        Subscription.user_id == opened.user_id,
        Subscription.id < opened.subscription_id,
        Subscription.status == Status.INCOMPLETE_EXPIRED,
        Subscription.ended_at == opened.started_at,
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def find_by_workflow(connection: Connection, workflow_id: str) -> LostRow | None:
    row = (
        await connection.execute(
            select(
                Subscription.idempotency_key,
                Subscription.request_hash,
                Subscription.state,
                Subscription.start_answer,
                Subscription.clock_offset,
            ).where(Subscription.workflow_id == workflow_id)
        )
    ).one_or_none()
    return row and LostRow(
        row.idempotency_key,
        row.request_hash,
        load_state(row.state),
        row.start_answer or {},
        row.clock_offset,
    )


async def count_opened_within_an_hour(connection: Connection, user_id: int) -> int:
    """How many subscriptions the user has opened, by the database's clock: a turned one does not count."""
    an_hour_ago = func.clock_timestamp() - cast(literal("1 hour"), Interval)
    query = select(func.count()).where(started_by(user_id), Subscription.created_at > an_hour_ago)
    return (await connection.execute(query)).scalar_one()


async def insert_subscription(
    connection: Connection,
    *,
    user_id: int,
    plan_id: int,
    plan_price_id: int,
    workflow_id: str,
    idempotency_key: str,
    request_hash: str,
    period: Period,
    trial_ends_at: datetime | None,
) -> int:
    """Takes the row and its id; `write_state` and `store_start_answer` complete it before the commit."""
    return (
        await connection.execute(
            insert(Subscription)
            .values(
                user_id=user_id,
                plan_id=plan_id,
                plan_price_id=plan_price_id,
                workflow_id=workflow_id,
                idempotency_key=idempotency_key,
                request_hash=request_hash,
                status=Status.INCOMPLETE,
                current_period_start=period.start,
                current_period_end=period.end,
                trial_ends_at=trial_ends_at,
                cancel_at_period_end=False,
                version=0,
                state={},
            )
            .returning(Subscription.id)
        )
    ).scalar_one()


async def store_start_answer(connection: Connection, subscription_id: int, answer: dict[str, Any]) -> None:
    await connection.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(start_answer=answer)
    )


async def lock_state(connection: Connection, subscription_id: int) -> SubscriptionState:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such subscription."""
    query = (
        select(Subscription.state).where(Subscription.id == subscription_id).with_for_update(key_share=True)
    )
    return load_state((await connection.execute(query)).scalar_one())


async def load_current_state(connection: Connection, subscription_id: int) -> SubscriptionState:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such subscription."""
    query = select(Subscription.state).where(Subscription.id == subscription_id)
    return load_state((await connection.execute(query)).scalar_one())


async def has_carried_out(connection: Connection, subscription_id: int, command_id: str) -> bool:
    """Whether it was one of the last commands applied. Its id is known only to who has sent it."""
    query = select(Subscription.id).where(
        Subscription.id == subscription_id, Subscription.state["recent_commands"].contains([command_id])
    )
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def write_state(connection: Connection, state: SubscriptionState) -> None:
    """Replaces the version before this one. Raises `StaleStateError` when the row has moved on."""
    parameters = {"of": state.subscription_id, "replaced": state.version - 1, "state": dump_state(state)}
    written = await connection.execute(_REPLACE_VERSION, parameters | columns_of(state))
    if written.rowcount != 1:
        raise StaleStateError(f"subscription {state.subscription_id} is not at version {state.version - 1}")


async def write_columns(connection: Connection, state: SubscriptionState) -> None:
    """Makes the row what its state says: nothing, unless somebody else has written to it."""
    row = update(Subscription).where(Subscription.id == state.subscription_id)
    await connection.execute(row.values(**columns_of(state)))


def columns_of(state: SubscriptionState) -> dict[str, Any]:
    """What the row says of its state for who reads it without."""
    upcoming, following = next_step(state), state.scheduled_plan or state.moved_price
    return {
        "user_id": state.user_id,
        "status": state.status,
        "current_period_start": state.period.start,
        "current_period_end": state.period.end,
        "cancel_at_period_end": state.cancel_at_period_end,
        "access_until": access_until(state),
        "payment_method_id": state.payment_method_id,
        "payment_in_progress": state.is_charging,
        "parked_reason": state.parked_reason,
        "scheduled_plan_code": following and following.code,
        "canceled_at": state.canceled_at,
        "ended_at": state.ended_at,
        "next_action": upcoming and upcoming.step,
        "next_action_at": upcoming and upcoming.at,
        "version": state.version,
    }


async def set_plan(connection: Connection, subscription_id: int, code: str, price_version: int) -> None:
    """The row names the plan and the price that its state has pinned."""
    plan = select(Plan.id).where(Plan.code == code)
    price = (
        select(PlanPrice.id)
        .join(Plan, PlanPrice.plan_id == Plan.id)
        .where(Plan.code == code, PlanPrice.version == price_version)
    )
    await connection.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(plan_id=plan.scalar_subquery(), plan_price_id=price.scalar_subquery())
    )


async def remember_starter(connection: Connection, subscription_id: int) -> None:
    """Before its user becomes another one."""
    starter = func.coalesce(Subscription.started_by, Subscription.user_id)
    row = update(Subscription).where(Subscription.id == subscription_id)
    await connection.execute(row.values(started_by=starter))


async def had_trial(connection: Connection, user_id: int) -> bool:
    """One a user, for ever."""
    query = select(Subscription.id).where(started_by(user_id), Subscription.trial_ends_at.is_not(None))
    return (await connection.execute(query)).first() is not None
