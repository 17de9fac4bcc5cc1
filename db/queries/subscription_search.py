"""Subscriptions as staff look for them: by what is asked for, the newest first, a page at a time.

Whatever is asked for is in an index (tests/db/test_search_plans.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, select

from db.database import Connection
from db.tables.accounts import User
from db.tables.catalogue import Plan
from db.tables.subscriptions import Subscription
from domain.access import AccessTerms
from domain.subscription import Status


@dataclass(frozen=True)
class SubscriptionFilter:
    """What is `None` is not asked for. An e-mail address is compared as a whole, in lower case.

    `next_action_before` is an instant of the subscription's own time; `created_from` is included,
    `created_to` is not.
    """

    status: Status | None = None
    plan_code: str | None = None
    user_id: int | None = None
    email: str | None = None
    parked: bool | None = None
    next_action_before: datetime | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True)
class FoundSubscription:
    subscription_id: int
    user_id: int
    email: str
    workflow_id: str
    plan_code: str
    status: Status
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool
    next_action: str | None
    next_action_at: datetime | None
    access_until: datetime | None
    parked_reason: str | None
    created_at: datetime
    ended_at: datetime | None
    clock_offset: timedelta

    @property
    def access_terms(self) -> AccessTerms:
        return AccessTerms(self.status, self.access_until)


_FOUND = (
    select(
        Subscription.id.label("subscription_id"),
        Subscription.user_id,
        User.email,
        Subscription.workflow_id,
        Plan.code.label("plan_code"),
        Subscription.status,
        Subscription.current_period_start,
        Subscription.current_period_end,
        Subscription.cancel_at_period_end,
        Subscription.next_action,
        Subscription.next_action_at,
        Subscription.access_until,
        Subscription.parked_reason,
        Subscription.created_at,
        Subscription.ended_at,
        Subscription.clock_offset,
    )
    .join(User, Subscription.user_id == User.id)
    .join(Plan, Subscription.plan_id == Plan.id)
)


async def search_subscriptions(
    connection: Connection, only: SubscriptionFilter, *, before_id: int | None, limit: int
) -> list[FoundSubscription]:
    """The newest first, from the one before `before_id` on."""
    query = _narrowed(_FOUND, only).order_by(Subscription.id.desc()).limit(limit)
    if only.plan_code is not None:
        query = query.where(Subscription.plan_id == await find_plan_id(connection, only.plan_code))
    if before_id is not None:
        query = query.where(Subscription.id < before_id)
    return [_found(row) for row in await connection.execute(query)]


async def find_subscription(connection: Connection, subscription_id: int) -> FoundSubscription | None:
    row = (await connection.execute(_FOUND.where(Subscription.id == subscription_id))).one_or_none()
    return None if row is None else _found(row)


def _narrowed(query: Select[*tuple[Any, ...]], only: SubscriptionFilter) -> Select[*tuple[Any, ...]]:
    if only.status is not None:
        query = query.where(Subscription.status == only.status)
    if only.user_id is not None:
        query = query.where(Subscription.user_id == only.user_id)
    if only.email is not None:
        query = query.where(Subscription.user_id == _user_id_of(only.email))
    if only.parked is not None:
        is_parked = Subscription.parked_reason.is_not(None)
        query = query.where(is_parked if only.parked else ~is_parked)
    if only.next_action_before is not None:
        query = query.where(Subscription.next_action_at < only.next_action_before)
    if only.created_from is not None:
        query = query.where(Subscription.created_at >= only.created_from)
    if only.created_to is not None:
        query = query.where(Subscription.created_at < only.created_to)
    return query


async def find_plan_id(connection: Connection, code: str) -> int | None:
    """On sale or not. Asked before: Postgres knows how many have a plan only when it is told which."""
    return (await connection.execute(select(Plan.id).where(Plan.code == code))).scalar_one_or_none()


def _user_id_of(email: str) -> Any:
    return select(User.id).where(User.email == email.lower()).scalar_subquery()


def _found(row: Row[*tuple[Any, ...]]) -> FoundSubscription:
    return FoundSubscription(**{**row._mapping, "status": Status(row.status)})  # noqa: SLF001 - its public name
