"""What goes out: which events there are, and what each carries, so that an e-mail can be written from it.

Ids, dates and amounts: who the customer is stays in the database. docs/events.md is the list for its readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Period
from domain.correction import CreditNoteReason, Paid
from domain.due import Step, next_step, pay_by
from domain.instant import rfc3339
from domain.invoice import BillingReason, Invoice
from domain.payment import Decline
from domain.reminder import Reminder
from domain.subscription import SubscriptionState
from domain.tenders import Purse, tendered

Details = Mapping[str, int | str | None]

RETRIES = frozenset({Step.RETRY_PAYMENT, Step.COLLECT, Step.CHARGE_METHOD})
"""What asks for the money once more, without anybody doing anything."""


class EventName(StrEnum):
    """What happened to the subscription itself is told by `domain/life_events.py`."""

    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_ACTIVATED = "subscription.activated"
    SUBSCRIPTION_RENEWED = "subscription.renewed"
    SUBSCRIPTION_PAST_DUE = "subscription.past_due"
    SUBSCRIPTION_RECOVERED = "subscription.recovered"
    SUBSCRIPTION_UNPAID = "subscription.unpaid"
    SUBSCRIPTION_REACTIVATED = "subscription.reactivated"
    SUBSCRIPTION_FROZEN = "subscription.frozen"
    SUBSCRIPTION_UNFROZEN = "subscription.unfrozen"
    SUBSCRIPTION_CANCEL_SCHEDULED = "subscription.cancel_scheduled"
    SUBSCRIPTION_UNCANCELED = "subscription.uncanceled"
    SUBSCRIPTION_CANCELED = "subscription.canceled"
    SUBSCRIPTION_EXPIRED = "subscription.expired"
    PLAN_CHANGE_SCHEDULED = "subscription.plan_change_scheduled"
    PLAN_CHANGE_TAKEN_BACK = "subscription.plan_change_taken_back"
    PLAN_CHANGED = "subscription.plan_changed"
    RENEWAL_UPCOMING = "renewal.upcoming"
    PAYMENT_REMINDER = "invoice.payment_reminder"
    PRICE_CHANGE_NOTICE = "subscription.price_change_notice"
    INVOICE_FINALIZED = "invoice.finalized"
    INVOICE_PAID = "invoice.paid"
    INVOICE_VOIDED = "invoice.voided"
    INVOICE_UNCOLLECTIBLE = "invoice.uncollectible"
    PAYMENT_FAILED = "invoice.payment_failed"
    PAYMENT_ACTION_REQUIRED = "invoice.payment_action_required"
    PAYMENT_CHARGED_BACK = "payment.charged_back"
    REFUND_SUCCEEDED = "refund.succeeded"
    REFUND_FAILED = "refund.failed"
    CREDIT_NOTE_ISSUED = "credit_note.issued"
    PASSWORD_RESET_REQUESTED = "user.password_reset_requested"  # noqa: S105 - the name of an event
    USER_ERASED = "user.erased"


NAMED_ONLY = frozenset({EventName.PASSWORD_RESET_REQUESTED})
"""Go to endpoints that name them, not to those that take all: what they carry opens an account."""

OF_USERS = frozenset({EventName.PASSWORD_RESET_REQUESTED, EventName.USER_ERASED})
"""Belong to no subscription, so that no number puts them in an order."""


@dataclass(frozen=True)
class OutgoingEvent:
    """`key` names what it is about, so that it goes out once. One that tells of a fact is due at once.

    What only the database knows, the number of a paper, joins the details when they are written. What
    happens to an account belongs to no subscription.
    """

    subscription_id: int | None
    name: EventName
    key: str
    due_at: datetime
    details: Details


@dataclass(frozen=True)
class BilledInvoice:
    """An invoice as its events tell of it."""

    invoice_id: int
    billing_reason: BillingReason
    period: Period
    currency: str
    total_cents: int
    gift_cents: int
    balance_cents: int

    @classmethod
    def of(cls, invoice_id: int, content: Invoice) -> Self:
        return cls(
            invoice_id,
            content.billing_reason,
            content.period,
            content.currency,
            content.total_cents,
            content.tenders.gift_cents,
            content.tenders.balance_cents,
        )


@dataclass(frozen=True)
class FailedPayment:
    """One that was declined, and why."""

    payment_id: int
    invoice_id: int
    provider: str
    currency: str
    amount_cents: int
    reason: Decline


@dataclass(frozen=True)
class CorrectedInvoice:
    """An invoice as its credit notes tell of it."""

    invoice_id: int
    number: str | None
    subscription_id: int
    user_id: int
    period: Period
    currency: str


def invoice_finalized(state: SubscriptionState, billed: BilledInvoice, at: datetime) -> OutgoingEvent:
    """`state` waits for its payment."""
    until = pay_by(state)
    details = {"pay_by": None if until is None else rfc3339(until)}
    return _of_invoice(state, billed, at, EventName.INVOICE_FINALIZED, details)


def invoice_paid(
    state: SubscriptionState,
    billed: BilledInvoice,
    at: datetime,
    *,
    payment_id: int | None = None,
    provider: str | None = None,
) -> OutgoingEvent:
    """`state` still waits for it. Without a payment when nothing was left to be charged."""
    details = {"payment_id": payment_id, "provider": provider}
    return _of_invoice(state, billed, at, EventName.INVOICE_PAID, details)


def invoice_voided(state: SubscriptionState, billed: BilledInvoice, at: datetime) -> OutgoingEvent:
    """`state` still waits for it."""
    return _of_invoice(state, billed, at, EventName.INVOICE_VOIDED, {})


def invoice_uncollectible(state: SubscriptionState, billed: BilledInvoice, at: datetime) -> OutgoingEvent:
    """`state` still waits for it."""
    return _of_invoice(state, billed, at, EventName.INVOICE_UNCOLLECTIBLE, {})


def payment_failed(
    before: SubscriptionState, after: SubscriptionState, failed: FailedPayment, at: datetime
) -> OutgoingEvent:
    """Both are the same when it was an attempt that nobody waited for any more."""
    is_waited_for = before.open_invoice is not None and before.open_invoice.invoice_id == failed.invoice_id
    retry = next_step(after)
    will_retry = retry is not None and retry.step in RETRIES and after.open_invoice is not None
    details: Details = {
        "invoice_id": failed.invoice_id,
        "payment_id": failed.payment_id,
        "user_id": before.user_id,
        "plan_code": before.billed_plan.code if is_waited_for else before.plan.code,
        "provider": failed.provider,
        "currency": failed.currency,
        "amount_cents": failed.amount_cents,
        "decline_code": failed.reason.code,
        "decline_kind": failed.reason.kind,
        "next_attempt_at": rfc3339(retry.at) if retry is not None and will_retry else None,
    }
    name = EventName.PAYMENT_FAILED
    return OutgoingEvent(before.subscription_id, name, f"{name}:{failed.payment_id}", at, details)


def credit_note_issued(
    invoice: CorrectedInvoice, key: str, reason: CreditNoteReason, back: Paid, at: datetime
) -> OutgoingEvent:
    """`key` is the one under which the note is issued once."""
    details: Details = {
        "invoice_id": invoice.invoice_id,
        "invoice_number": invoice.number,
        "user_id": invoice.user_id,
        "reason": reason,
        "period_start": rfc3339(invoice.period.start),
        "period_end": rfc3339(invoice.period.end),
        "currency": invoice.currency,
        "total_cents": back.total_cents,
        "card_cents": back.card_cents,
        "gift_cents": back.tenders.gift_cents,
        "balance_cents": back.tenders.balance_cents,
    }
    name = EventName.CREDIT_NOTE_ISSUED
    return OutgoingEvent(invoice.subscription_id, name, f"{name}:{key}", at, details)


def renewal_upcoming(state: SubscriptionState, reminder: Reminder, purse: Purse) -> OutgoingEvent:
    """What it will cost if nothing changes; `purse` is what can be taken out of it then."""
    expected = reminder.invoice
    tenders = tendered(purse, expected.total_cents)
    details: Details = {
        "user_id": state.user_id,
        "plan_code": reminder.plan_code,
        "renews_at": rfc3339(reminder.renews_at),
        "currency": expected.currency,
        "total_cents": expected.total_cents,
        "gift_cents": tenders.gift_cents,
        "balance_cents": tenders.balance_cents,
        "amount_due_cents": expected.total_cents - tenders.total_cents,
    }
    return _announcement(state, EventName.RENEWAL_UPCOMING, reminder.due_at, details)


def payment_reminder(
    state: SubscriptionState, number: str | None, amount_due_cents: int, currency: str, at: datetime
) -> OutgoingEvent:
    details: Details = {
        "invoice_id": state.unpaid_invoice.invoice_id,
        "number": number,
        "user_id": state.user_id,
        "plan_code": state.billed_plan.code,
        "currency": currency,
        "amount_due_cents": amount_due_cents,
    }
    return _announcement(state, EventName.PAYMENT_REMINDER, at, details)


def price_change_notice(state: SubscriptionState, change: Details, at: datetime) -> OutgoingEvent:
    return _announcement(state, EventName.PRICE_CHANGE_NOTICE, at, {"user_id": state.user_id, **change})


def user_erased(user_id: int, at: datetime) -> OutgoingEvent:
    name = EventName.USER_ERASED
    return OutgoingEvent(None, name, f"{name}:{user_id}", at, {"user_id": user_id})


def _of_invoice(
    state: SubscriptionState, billed: BilledInvoice, at: datetime, name: EventName, more: Details
) -> OutgoingEvent:
    details: Details = {
        "invoice_id": billed.invoice_id,
        "user_id": state.user_id,
        "plan_code": state.billed_plan.code,
        "billing_reason": billed.billing_reason,
        "period_start": rfc3339(billed.period.start),
        "period_end": rfc3339(billed.period.end),
        "currency": billed.currency,
        "total_cents": billed.total_cents,
        "gift_cents": billed.gift_cents,
        "balance_cents": billed.balance_cents,
        "amount_due_cents": billed.total_cents - billed.gift_cents - billed.balance_cents,
        **more,
    }
    return OutgoingEvent(state.subscription_id, name, f"{name}:{billed.invoice_id}", at, details)


def _announcement(
    state: SubscriptionState, name: EventName, due_at: datetime, details: Details
) -> OutgoingEvent:
    """Once at an instant: said again, it is the same."""
    key = f"{name}:{state.subscription_id}:{due_at:%Y%m%dT%H%M%S%f}"
    return OutgoingEvent(state.subscription_id, name, key, due_at, details)
