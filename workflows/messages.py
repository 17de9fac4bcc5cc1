"""What may be sent to a subscription: updates are commands, signals are facts, queries ask."""

from dataclasses import dataclass
from datetime import datetime

from activities.contracts import Cause, OpenRefund, RefundInvoice, StartAnswer, StartOrder
from domain.changing import When
from domain.explanation import Explanation
from domain.plan import PlanTerms
from domain.plan_choice import Quote
from domain.subscription import SubscriptionState


@dataclass(frozen=True)
class SubscriptionLife:
    """The argument of a run: what was ordered and, from the second run on, what came of it."""

    order: StartOrder
    state: SubscriptionState | None = None
    answer: StartAnswer | None = None


@dataclass(frozen=True)
class CancelCommand:
    """`command_id` is the same when the same request comes again.

    `user_id`, here and in the others: whose it was when it was sent. Not of who has handed it on meanwhile.
    """

    command_id: str
    at_period_end: bool
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class PlainCommand:
    """One that needs nothing but to be said: uncancel, unfreeze, withdraw, unpark."""

    command_id: str
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class FreezeCommand:
    """Without `until` for as long as the allowance lasts."""

    command_id: str
    until: datetime | None
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class PayCommand:
    """Pays the open invoice now: with this method, else with the stored one, else a person pays."""

    command_id: str
    invoice_id: int
    method_id: int | None
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class SetPaymentMethodCommand:
    """What renewals are charged to from now on; `None` when a person is to pay."""

    command_id: str
    method_id: int | None
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class RedeemGiftCommand:
    """`code_hash` is what is stored of the card's code, in hexadecimal."""

    command_id: str
    code_hash: str
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class ChangePlanCommand:
    """Without `when` as usual: up now, down at the period's end. With a quote it costs what was quoted."""

    command_id: str
    plan_code: str
    when: When | None
    quote: Quote | None
    cause: Cause
    user_id: int | None = None


@dataclass(frozen=True)
class TransferCommand:
    """Its owner hands it on to this member."""

    command_id: str
    from_user_id: int
    to_user_id: int
    cause: Cause


@dataclass(frozen=True)
class SchedulePriceCommand:
    """Its plan at another price, from the next renewal on."""

    command_id: str
    price: PlanTerms
    cause: Cause


@dataclass(frozen=True)
class PaymentReported:
    """A report lies in the inbox under this id."""

    report_id: int


@dataclass(frozen=True)
class LatePaymentLife:
    """The argument of a run: a report of a subscription that has ended.

    `at` is when that was seen, in the subscription's own time.
    """

    report_id: int
    at: datetime


@dataclass(frozen=True)
class RefundLife:
    """The argument of a refund's run: the id of one that has its row, or an order to open one.

    An order about a whole `invoice` may leave nothing for a provider to give back.

    `at` is when it was asked for, in the subscription's own time.
    """

    at: datetime
    refund_id: int | None = None
    order: OpenRefund | None = None
    invoice: RefundInvoice | None = None


@dataclass(frozen=True)
class Description:
    """What a workflow says of itself when it is asked. `explanation` is missing until it is open.

    `is_busy`: a command or a step is being carried out. `unread_report_ids` are delivered, not yet settled.
    """

    explanation: Explanation | None
    is_busy: bool
    unread_report_ids: tuple[int, ...]
    run_began_at: datetime


def workflow_id(user_id: int, idempotency_key: str) -> str:
    """The Idempotency-Key is the workflow id, scoped by user."""
    return f"{user_id}:{idempotency_key}"
