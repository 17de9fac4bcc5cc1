"""Everything workflows know of activities: their names, what they take, what they give.

The functions here are typed stubs, named like the real ones; the worker registers the implementations beside
this file. Inputs carry ids and instants, never personal data: they stay in the workflow's history.
"""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from domain.lifecycle import Change
from domain.subscription import SubscriptionState


@dataclass(frozen=True)
class Cause:
    """Who wants it, why, and the trace of the request or report that brought it.

    What a person wrote about it is in the database, under `note_id`.
    """

    actor: str
    reason: str
    trace_id: str
    note_id: int | None = None


@dataclass(frozen=True)
class StartOrder:
    """What a user asked for. `request_hash` tells two requests under one key apart."""

    user_id: int
    idempotency_key: str
    request_hash: str
    plan_code: str
    cause: Cause


@dataclass(frozen=True)
class StartAnswer:
    """What the caller of a start is told: now, and whenever the same key comes again."""

    subscription_id: int
    invoice_id: int
    payment_id: int
    amount_cents: int
    currency: str
    period_start: datetime
    period_end: datetime
    payment_status: str
    provider: str
    status: str


@dataclass(frozen=True)
class OpenSubscription:
    order: StartOrder
    workflow_id: str
    at: datetime


@dataclass(frozen=True)
class OpenedSubscription:
    """`superseded_workflow_id` is the earlier unpaid start that this one expired."""

    state: SubscriptionState
    answer: StartAnswer
    superseded_workflow_id: str | None


@dataclass(frozen=True)
class SettlePayment:
    report_id: int
    at: datetime


@dataclass(frozen=True)
class RecordSubscription:
    change: Change
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class RecordedSubscription:
    """The state as the database holds it, and whether the change is in it.

    A change loses against one that was recorded first. One that would void an invoice is also not written
    while reports of its payment wait unread: they are to be settled before the change is decided again.
    """

    state: SubscriptionState
    written: bool
    unread_report_ids: tuple[int, ...] = ()


@activity.defn
async def open_subscription(command: OpenSubscription) -> OpenedSubscription:
    """Opens subscription, invoice (finalized, numbered) and payment, and stores the answer: one transaction.

    A second call returns the first one's answer. Raises a non-retryable `ApplicationError` of the refusal's
    code, with a `Refusal` as its detail, when the rules say no; nothing is written then.
    """
    raise NotImplementedError


@activity.defn
async def settle_payment(command: SettlePayment) -> SubscriptionState:
    """Applies one stored payment report, once: payment, invoice, period, ledger, subscription and timeline.

    Also settles what comes after the end: the money is recorded as owed to the customer.
    """
    raise NotImplementedError


@activity.defn
async def record_subscription(command: RecordSubscription) -> RecordedSubscription:
    """Persists a decided change, with the invoice it voids and the revenue it closes.

    A second call with the same change writes nothing and says that it is written.
    """
    raise NotImplementedError


@activity.defn
async def load_subscription(subscription_id: int) -> SubscriptionState:
    """The state as the database holds it."""
    raise NotImplementedError
