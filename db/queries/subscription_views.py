"""What readers see of a subscription. One indexed query each; the workflow is never asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Row, Select, and_, bindparam, case, cast, select

from db.database import Connection
from db.snapshot import load_state
from db.tables.catalogue import Plan
from db.tables.subscriptions import Subscription
from domain.access import AccessTerms
from domain.subscription import Status, SubscriptionState


@dataclass(frozen=True)
class PendingChange:
    """A change of plan that waits for this invoice to be paid."""

    plan_code: str
    invoice_id: int


@dataclass(frozen=True)
class SubscriptionView:
    """`trial_ends_at` is there while on trial, `frozen_until` while frozen.

    `promo_code` takes something off `promo_periods_left` more periods, or for ever.
    """

    subscription_id: int
    workflow_id: str
    plan_code: str
    status: Status
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool
    canceled_at: datetime | None
    ended_at: datetime | None
    next_action: str | None
    next_action_at: datetime | None
    access_until: datetime | None
    payment_in_progress: bool
    trial_ends_at: datetime | None
    frozen_until: datetime | None
    promo_code: str | None
    promo_periods_left: int | None
    scheduled_plan_code: str | None
    pending_change: PendingChange | None
    clock_offset: timedelta

    @property
    def access_terms(self) -> AccessTerms:
        return AccessTerms(self.status, self.access_until)


USER = "user"


def newest_of_user(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Starts of one user follow one another, and a live one refuses the next: the newest is the live one."""
    return query.where(Subscription.user_id == bindparam(USER)).order_by(Subscription.id.desc()).limit(1)


_FROZEN_UNTIL = cast(Subscription.state["freeze"]["until"].astext, DateTime(timezone=True))
_PROMO = Subscription.state["promo"]
_OPEN_INVOICE = Subscription.state["open_invoice"]
_IS_CHANGING = and_(Subscription.status == Status.ACTIVE, _OPEN_INVOICE["changed_at"].astext.is_not(None))
_VIEW = select(
    Subscription.id,
    Subscription.workflow_id,
    Plan.code.label("plan_code"),
    Subscription.status,
    Subscription.current_period_start,
    Subscription.current_period_end,
    Subscription.cancel_at_period_end,
    Subscription.canceled_at,
    Subscription.ended_at,
    Subscription.next_action,
    Subscription.next_action_at,
    Subscription.access_until,
    Subscription.payment_in_progress,
    case((Subscription.status == Status.TRIALING, Subscription.trial_ends_at)).label("trial_ends_at"),
    case((Subscription.status == Status.FROZEN, _FROZEN_UNTIL)).label("frozen_until"),
    _PROMO["code"].astext.label("promo_code"),
    cast(_PROMO["periods_left"].astext, Integer).label("promo_periods_left"),
    Subscription.scheduled_plan_code,
    case((_IS_CHANGING, _OPEN_INVOICE["switch"]["plan"]["code"].astext)).label("pending_plan_code"),
    case((_IS_CHANGING, cast(_OPEN_INVOICE["invoice_id"].astext, BigInteger))).label("pending_invoice_id"),
    Subscription.clock_offset,
).join(Plan, Subscription.plan_id == Plan.id)
_CURRENT = newest_of_user(_VIEW)  # built once: building costs more than Postgres takes to answer


async def find_current(connection: Connection, user_id: int) -> SubscriptionView | None:
    """The user's live subscription or, without one, the newest of those that ended."""
    row = (await connection.execute(_CURRENT, {USER: user_id})).one_or_none()
    return None if row is None else _view(row)


async def find_of_user(connection: Connection, user_id: int, subscription_id: int) -> SubscriptionView | None:
    query = _VIEW.where(Subscription.id == subscription_id, Subscription.user_id == user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _view(row)


async def find_owner(connection: Connection, subscription_id: int) -> int | None:
    """The id of the user whose it is: for staff."""
    query = select(Subscription.user_id).where(Subscription.id == subscription_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def find_with_state(
    connection: Connection, subscription_id: int
) -> tuple[SubscriptionView, SubscriptionState] | None:
    """Anybody's subscription, and the snapshot that its row holds: for staff."""
    query = _VIEW.add_columns(Subscription.state).where(Subscription.id == subscription_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_view(row), load_state(row.state))


def _view(row: Row[*tuple[Any, ...]]) -> SubscriptionView:
    return SubscriptionView(
        subscription_id=row.id,
        workflow_id=row.workflow_id,
        plan_code=row.plan_code,
        status=Status(row.status),
        current_period_start=row.current_period_start,
        current_period_end=row.current_period_end,
        cancel_at_period_end=row.cancel_at_period_end,
        canceled_at=row.canceled_at,
        ended_at=row.ended_at,
        next_action=row.next_action,
        next_action_at=row.next_action_at,
        access_until=row.access_until,
        payment_in_progress=row.payment_in_progress,
        trial_ends_at=row.trial_ends_at,
        frozen_until=row.frozen_until,
        promo_code=row.promo_code,
        promo_periods_left=row.promo_periods_left,
        scheduled_plan_code=row.scheduled_plan_code,
        pending_change=_pending_change(row),
        clock_offset=row.clock_offset,
    )


def _pending_change(row: Row[*tuple[Any, ...]]) -> PendingChange | None:
    if row.pending_plan_code is None:
        return None
    return PendingChange(row.pending_plan_code, row.pending_invoice_id)
