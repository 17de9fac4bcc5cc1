"""What staff find: subscriptions, accounts, invoices, payments, and what staff did."""

from typing import Self

from api.schemas.base import ResponseBody, UtcInstant
from api.schemas.family import MemberBody, SeatsBody
from api.schemas.gift_cards import DueInvoiceBody, PurseBody
from api.schemas.subscriptions import AccessBody, SubscriptionBody, access_now
from db.queries.subscription_search import FoundSubscription
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus
from domain.staff_action import StaffAction
from domain.subscription import Status


class FoundSubscriptionBody(ResponseBody):
    """`next_action_at` is by the subscription's own clock. `parked_reason`: it was stopped for a person."""

    subscription_id: int
    user_id: int
    email: str
    plan_code: str
    status: Status
    current_period_start: UtcInstant
    current_period_end: UtcInstant
    cancel_at_period_end: bool
    next_action: str | None
    next_action_at: UtcInstant | None
    parked_reason: str | None
    created_at: UtcInstant
    ended_at: UtcInstant | None
    access: AccessBody

    @classmethod
    def of(cls, found: FoundSubscription) -> Self:
        return cls(
            subscription_id=found.subscription_id,
            user_id=found.user_id,
            email=found.email,
            plan_code=found.plan_code,
            status=found.status,
            current_period_start=found.current_period_start,
            current_period_end=found.current_period_end,
            cancel_at_period_end=found.cancel_at_period_end,
            next_action=found.next_action,
            next_action_at=found.next_action_at,
            parked_reason=found.parked_reason,
            created_at=found.created_at,
            ended_at=found.ended_at,
            access=AccessBody.of(access_now(found.access_terms, found.clock_offset)),
        )


class FoundSubscriptionPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[FoundSubscriptionBody]
    next_cursor: str | None


class FoundUserBody(ResponseBody):
    """`flagged_at`: a payment of theirs was charged back. `disabled_at`: they can't log in."""

    id: int
    email: str
    role: str
    locale: str
    created_at: UtcInstant
    flagged_at: UtcInstant | None
    disabled_at: UtcInstant | None


class FoundUserPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[FoundUserBody]
    next_cursor: str | None


class WholeUserBody(FoundUserBody):
    """With the newest subscriptions, and what the next invoices are paid from before anything is charged."""

    subscriptions: list[FoundSubscriptionBody]
    purse: PurseBody


class FoundInvoiceBody(ResponseBody):
    """`amount_due_cents` is what is left to be charged after promo, gift cards and balance."""

    id: int
    number: str | None
    user_id: int
    subscription_id: int
    billing_reason: str
    status: InvoiceStatus
    currency: str
    total_cents: int
    amount_due_cents: int
    period_start: UtcInstant
    period_end: UtcInstant
    finalized_at: UtcInstant | None
    paid_at: UtcInstant | None


class FoundInvoicePage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[FoundInvoiceBody]
    next_cursor: str | None


class FoundPaymentBody(ResponseBody):
    """One attempt. `dunning_attempt` counts the automatic ones; `reference` is the provider's own id."""

    id: int
    invoice_id: int
    user_id: int
    subscription_id: int
    provider: str
    status: PaymentStatus
    attempt_no: int
    dunning_attempt: int | None
    amount_cents: int
    received_cents: int | None
    currency: str
    reference: str | None
    failure_code: str | None
    created_at: UtcInstant
    settled_at: UtcInstant | None


class FoundPaymentPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[FoundPaymentBody]
    next_cursor: str | None


class SeatedMemberBody(MemberBody):
    """Somebody with a seat beside the owner's. `disabled_at`: they can't log in."""

    email: str
    disabled_at: UtcInstant | None


class SubscriptionLinksBody(ResponseBody):
    """Where the rest of it is told."""

    timeline: str
    explain: str


class WholeSubscriptionBody(ResponseBody):
    """All that is known of it in the books. `subscription` is what its user sees.

    `members` are in the order in which they joined. `open_invoice` waits for its payment. Invoices and
    payments are the newest ones.
    """

    user: FoundUserBody
    seats: SeatsBody
    members: list[SeatedMemberBody]
    subscription: SubscriptionBody
    parked_reason: str | None
    created_at: UtcInstant
    open_invoice: DueInvoiceBody | None
    invoices: list[FoundInvoiceBody]
    payments: list[FoundPaymentBody]
    links: SubscriptionLinksBody


class StaffActionBody(ResponseBody):
    """`actor` is `user:{id}` or `operator:{name}`. `reason` is null where none was asked for and given."""

    id: int
    actor: str
    action: StaffAction
    subject_kind: str
    subject_id: str
    reason: str | None
    trace_id: str
    recorded_at: UtcInstant


class StaffActionPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[StaffActionBody]
    next_cursor: str | None
