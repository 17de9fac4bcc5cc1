"""Who is past due, as staff look at it: how much, and when somebody tries again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, cast, select

from db.database import Connection
from db.snapshot import load_state
from db.tables.billing import Invoice
from db.tables.subscriptions import Subscription
from domain.subscription import Status


@dataclass(frozen=True)
class DunningView:
    """`attempt_no` of `attempt_count` retries is the next; `None` when only the policy's end is left.

    Instants are of the subscription's own time, which is `clock_offset` ahead. `waits_for_new_method`:
    declined for good, so that its payer is reminded instead.
    """

    subscription_id: int
    user_id: int
    plan_code: str
    invoice_id: int
    number: str | None
    amount_due_cents: int
    currency: str
    past_due_since: datetime
    attempt_no: int | None
    attempt_count: int
    waits_for_new_method: bool
    next_action: str | None
    next_action_at: datetime | None
    parked_reason: str | None
    clock_offset: timedelta


_OPEN_INVOICE_ID = cast(Subscription.state["open_invoice"]["invoice_id"].astext, BigInteger)
_PAST_DUE = (
    select(
        Subscription.state,
        Subscription.next_action,
        Subscription.next_action_at,
        Subscription.clock_offset,
        Invoice.number,
        Invoice.currency,
        (Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents).label("amount_due_cents"),
    )
    .join(Invoice, Invoice.id == _OPEN_INVOICE_ID)
    .where(Subscription.status == Status.PAST_DUE)
)


async def list_past_due(connection: Connection, *, limit: int) -> list[DunningView]:
    """The one that is tried next comes first."""
    query = _PAST_DUE.order_by(
        (Subscription.next_action_at - Subscription.clock_offset).nulls_last(), Subscription.id
    )
    return [_view(row) for row in await connection.execute(query.limit(limit))]


def _view(row: Row[*tuple[Any, ...]]) -> DunningView:
    state = load_state(row.state)
    case = state.dunning_case
    return DunningView(
        subscription_id=state.subscription_id,
        user_id=state.user_id,
        plan_code=state.billed_plan.code,
        invoice_id=state.unpaid_invoice.invoice_id,
        number=row.number,
        amount_due_cents=row.amount_due_cents,
        currency=row.currency,
        past_due_since=case.opened_at,
        attempt_no=None if case.is_exhausted else case.retries_made + 1,
        attempt_count=len(case.policy.retry_days),
        waits_for_new_method=case.waits_for_new_method,
        next_action=row.next_action,
        next_action_at=row.next_action_at,
        parked_reason=state.parked_reason,
        clock_offset=row.clock_offset,
    )
