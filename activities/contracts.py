"""Everything workflows know of activities: their names, what they take, what they give.

The functions here are typed stubs, named like the real ones; the worker registers the implementations beside
this file. Inputs carry ids and instants, never personal data: they stay in the workflow's history.
"""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from domain.changing import When
from domain.lifecycle import Change
from domain.plan_choice import Quote
from domain.refund import RefundStatus
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
    """What a user asked for. `request_hash` tells two requests under one key apart.

    With `start_at` it begins at that instant of the subscription's own time. A gift card travels as the hash
    of its code, in hexadecimal.
    """

    user_id: int
    idempotency_key: str
    request_hash: str
    plan_code: str
    cause: Cause
    payment_method_id: int | None = None
    start_at: datetime | None = None
    promo_code: str | None = None
    gift_code_hash: str | None = None


@dataclass(frozen=True)
class StartAnswer:
    """What the caller of a start is told: now, and whenever the same key comes again.

    A trial has neither invoice nor payment.
    """

    subscription_id: int
    invoice_id: int | None
    payment_id: int | None
    amount_cents: int
    currency: str
    period_start: datetime
    period_end: datetime
    payment_status: str
    provider: str | None
    status: str
    promo_code: str | None = None
    discount_cents: int = 0
    gift_cents: int = 0


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
class OpenPeriod:
    """Decided on this `version` of the state; on another one nothing is opened."""

    subscription_id: int
    version: int
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class OpenAttempt:
    """Decided on this `version` of the state; on another one nothing is opened.

    Without a method a person is asked to pay. Automatic attempts spend the retries of dunning.
    """

    subscription_id: int
    version: int
    method_id: int | None
    is_automatic: bool
    cause: Cause
    at: datetime
    command_id: str | None = None


@dataclass(frozen=True)
class OpenPlanChange:
    """Decided on this `version` of the state; on another one nothing is opened.

    Without `when` it is as usual: up now, down at the period's end. With a quote it costs what was quoted.
    """

    subscription_id: int
    version: int
    plan_code: str
    when: When | None
    quote: Quote | None
    cause: Cause
    at: datetime
    command_id: str


@dataclass(frozen=True)
class CollectPayment:
    """One payment, and the trace of what asked for it. Also what looking up and withdrawing take.

    `gives_up`: a customer who has not confirmed by now is not waited for any longer.
    """

    payment_id: int
    trace_id: str
    at: datetime
    gives_up: bool = False


@dataclass(frozen=True)
class SettlePayment:
    report_id: int
    at: datetime


@dataclass(frozen=True)
class Settled:
    """The state as the database holds it, and the refunds that nobody has sent yet."""

    state: SubscriptionState
    unsent_refund_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecordSubscription:
    change: Change
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class RecordedSubscription:
    """The state as the database holds it, and whether the change is in it.

    A change loses against one that was recorded first. One that would give up an invoice is also not written
    while reports of its payments wait unread: they are to be settled before the change is decided again.
    """

    state: SubscriptionState
    written: bool
    unread_report_ids: tuple[int, ...] = ()
    unsent_refund_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class LoadSubscription:
    subscription_id: int
    trace_id: str


@dataclass(frozen=True)
class RedeemGiftCard:
    """For the user of this subscription. The card is named as in `StartOrder`."""

    subscription_id: int
    code_hash: str
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class OpenRefund:
    """Staff want money back to the customer; without an amount all that is left of the payment.

    `key` is the same when the same request comes again.
    """

    payment_id: int
    key: str
    amount_cents: int | None
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class RefundInvoice:
    """Staff want an invoice's money back to where it came from; without an amount all that is left of it.

    `key` is the same when the same request comes again.
    """

    invoice_id: int
    key: str
    amount_cents: int | None
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class SendRefund:
    refund_id: int
    at: datetime


INTERNAL_FAULT = "internal_fault"
"""The type of the error that a fault of ours travels as, when repeating it has not helped."""

PROVIDER_REJECTED = "provider_rejected"
"""The type of the error that a provider's refusal to ever do something travels as."""

AMOUNT_MISMATCH = "amount_mismatch"
"""The type of the error of a charge that was made for another amount than was asked for."""


@activity.defn
async def open_subscription(command: OpenSubscription) -> OpenedSubscription:
    """Opens subscription, invoice (finalized, numbered) and payment, and stores the answer: one transaction.

    A second call returns the first one's answer. Raises a non-retryable `ApplicationError` of the refusal's
    code, with a `Refusal` as its detail, when the rules say no; nothing is written then.
    """
    raise NotImplementedError


@activity.defn
async def open_period(command: OpenPeriod) -> SubscriptionState:
    """Opens the next period's invoice (finalized, numbered) and its first payment, in one transaction.

    Returns the state as the database holds it; a second call opens nothing more.
    """
    raise NotImplementedError


@activity.defn
async def open_attempt(command: OpenAttempt) -> SubscriptionState:
    """Allocates one more payment of the open invoice, with the key that it will be charged under.

    Returns the state as the database holds it; a second call allocates nothing more.
    """
    raise NotImplementedError


@activity.defn
async def open_plan_change(command: OpenPlanChange) -> RecordedSubscription:
    """Changes the plan, or opens the invoice (finalized, numbered) that has to be paid for it first.

    What is open by then makes way, once the reports of its payments are settled. A second call changes
    nothing more. Raises a refusal as `open_subscription` does.
    """
    raise NotImplementedError


@activity.defn
async def collect_payment(command: CollectPayment) -> Settled:
    """Charges a payment method and settles the answer. The same payment again is the same charge.

    One that was canceled while a first try of this was cut off is looked up, and not made any more.
    Raises while the provider gives no answer; a non-retryable `ApplicationError` of type `PROVIDER_REJECTED`
    when it never will, of type `AMOUNT_MISMATCH` when it charged another amount, which is its detail.
    """
    raise NotImplementedError


@activity.defn
async def look_up_payment(command: CollectPayment) -> Settled:
    """Asks the provider what became of a payment, by its key, and settles the answer. Raises as above."""
    raise NotImplementedError


@activity.defn
async def withdraw_payment(command: CollectPayment) -> Settled:
    """Tells the provider that nobody waits for a payment any more, and settles it if it had succeeded."""
    raise NotImplementedError


@activity.defn
async def settle_payment(command: SettlePayment) -> Settled:
    """Applies one stored payment report, once: payment, invoice, period, ledger, subscription and timeline.

    Also settles what comes after the end: the money is recorded, and a refund opened.
    """
    raise NotImplementedError


@activity.defn
async def record_subscription(command: RecordSubscription) -> RecordedSubscription:
    """Persists a decided change, with the invoice it gives up and the revenue it closes.

    A second call with the same change writes nothing and says that it is written.
    """
    raise NotImplementedError


@activity.defn
async def redeem_gift_card(command: RedeemGiftCard) -> None:
    """Makes a gift card the user's; the state stays as it is. A second call changes nothing more.

    Raises a refusal as `open_subscription` does.
    """
    raise NotImplementedError


@activity.defn
async def load_subscription(command: LoadSubscription) -> SubscriptionState:
    """The state as the database holds it."""
    raise NotImplementedError


@activity.defn
async def open_refund(command: OpenRefund) -> int:
    """Opens a refund within what is left of its payment, in one transaction; returns its id.

    A second call returns the first one's. Raises a refusal as `open_subscription` does.
    """
    raise NotImplementedError


@activity.defn
async def refund_invoice(command: RefundInvoice) -> int | None:
    """Gives balance and gift cards their part back and opens the refund of the card's, in one transaction.

    Returns the id of that refund, which is still to be sent; `None` when the card gets nothing. A second call
    returns the first one's. Raises a refusal as `open_subscription` does.
    """
    raise NotImplementedError


@activity.defn
async def send_refund(command: SendRefund) -> RefundStatus:
    """Gives an opened refund back through its provider and settles the answer. Again, it is the same refund.

    One that the provider refuses is settled as failed. Raises while the provider gives no answer.
    """
    raise NotImplementedError


@activity.defn
async def look_up_refund(command: SendRefund) -> RefundStatus:
    """Asks the provider what became of a refund, by its key, and settles the answer. Raises as above.

    One that the provider has never heard of is sent again, under the same key.
    """
    raise NotImplementedError


@activity.defn
async def mark_refund_unknown(command: SendRefund) -> RefundStatus:
    """No answer came. One that is settled stays so."""
    raise NotImplementedError
