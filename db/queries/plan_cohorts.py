"""Who runs on a plan at which price."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text

from db.database import Connection
from db.snapshot import load_state
from db.tables.catalogue import Plan, PlanPrice
from db.tables.subscriptions import LIVE, Subscription
from domain.subscription import SubscriptionState


@dataclass(frozen=True)
class Member:
    """A live subscription. Its own time is `clock_offset` ahead of ours."""

    workflow_id: str
    state: SubscriptionState
    clock_offset: timedelta


async def list_members(
    connection: Connection, plan_code: str, *, below_version: int, after_id: int, limit: int
) -> list[Member]:
    """Live on this plan at an older price, in the order in which they were begun."""
    query = (
        select(Subscription.workflow_id, Subscription.state, Subscription.clock_offset)
        .join(Plan, Subscription.plan_id == Plan.id)
        .join(PlanPrice, Subscription.plan_price_id == PlanPrice.id)
        .where(
            Plan.code == plan_code,
            PlanPrice.version < below_version,
            text(LIVE),
            Subscription.id > after_id,
        )
        .order_by(Subscription.id)
        .limit(limit)
    )
    return [
        Member(row.workflow_id, load_state(row.state), row.clock_offset)
        for row in await connection.execute(query)
    ]
