"""What a provider says of a payment, in the books: whether it was reported, answered, or looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from activities.announcing import announce_with_purse
from activities.contracts import Cause, Settled
from activities.opened_refunds import begin_refund
from activities.recording import write_change
from activities.telling import tell
from db.database import Connection
from db.queries import invoices, ledger, outbox, payment_reports, payments, purses, refunds, subscriptions
from db.queries.payments import Billed
from db.queries.purses import Bill
from db.queries.refunds import RefundOrder
from domain import ledger as movements
from domain import paying
from domain.counted import DECLINES, PAYMENTS, PaymentOutcome, attempt_of, decline_label
from domain.events import FailedPayment, invoice_paid, payment_failed
from domain.invoice import InvoiceStatus
from domain.lifecycle import Change, Event
from domain.payment import Decline, PaymentStatus, Verdict, judge
from domain.refund import RefundReason
from domain.subscription import SubscriptionState
from ops import outcomes


@dataclass(frozen=True)
class Settlement:
    """One payment and the subscription it is for, both locked, and where the news of it comes from.

    `reference` is the provider's own id of the charge, where it has answered with one.
    """

    connection: Connection
    billed: Billed
    state: SubscriptionState
    cause: Cause
    at: datetime
    reference: str | None = None


async def lock_settlement(
    connection: Connection, subscription_id: int, payment_id: int, cause: Cause, at: datetime
) -> Settlement:
    """Locks in the order of every writer: subscription, then payment."""
    state = await subscriptions.lock_state(connection, subscription_id)
    billed = await payments.lock_payment(connection, payment_id)
    return Settlement(connection, billed, state, cause, at)


async def settled(settlement: Settlement, state: SubscriptionState) -> Settled:
    """The outcome, with the refunds that it, or an earlier try of the same, has opened."""
    if not state.has_ended and settlement.billed.invoice_status is InvoiceStatus.OPEN:
        return Settled(state)
    return Settled(state, await refunds.find_unsent(settlement.connection, state.subscription_id))


async def receive_money(settlement: Settlement, received_cents: int) -> SubscriptionState:
    """Pays the invoice and what hangs on it; money that it does not need goes back, or to the balance."""
    connection, billed, at = settlement.connection, settlement.billed, settlement.at
    is_owed = billed.invoice_status is InvoiceStatus.OPEN
    await payments.mark_succeeded(connection, billed.payment_id, received_cents, at, settlement.reference)
    _count(billed, PaymentOutcome.SUCCEEDED)
    await _read_what_is_known_now(settlement, PaymentStatus.SUCCEEDED)
    if not is_owed:
        return await _receive_too_late(settlement, received_cents)
    await _post_received(settlement, received_cents, owed_cents=billed.payment.amount_cents)
    told = invoice_paid(
        settlement.state, billed.invoice, at, payment_id=billed.payment_id, provider=billed.provider
    )
    await invoices.mark_paid(connection, billed.invoice_id, billed.payment_id, at, told)
    change = paying.paid(settlement.state, billed.payment_id, at)
    await write_change(
        connection, settlement.state, change, settlement.cause, at, details=_details(billed, received_cents)
    )
    if received_cents > billed.payment.amount_cents:
        surplus_cents = received_cents - billed.payment.amount_cents
        await tell_of(settlement, change.state, Event.PAYMENT_OVERPAID, surplus_cents)
    return change.state


async def decline(settlement: Settlement, reason: Decline) -> SubscriptionState:
    """The attempt failed: told of in any case; it changes the subscription when it was the one under way."""
    connection, billed, at = settlement.connection, settlement.billed, settlement.at
    await payments.mark_failed(connection, billed.payment_id, reason.code, at, settlement.reference)
    _count(billed, PaymentOutcome.FAILED)
    outcomes.note(DECLINES, provider=billed.provider, code=decline_label(reason.code))
    await _read_what_is_known_now(settlement, PaymentStatus.FAILED)
    change = paying.declined(settlement.state, billed.payment_id, reason.kind, at)
    if change is None or change.event is not Event.PAYMENT_DECLINED:
        await tell_of(settlement, settlement.state, Event.PAYMENT_DECLINED)
    after = settlement.state if change is None else change.state
    failed = FailedPayment(
        billed.payment_id,
        billed.invoice_id,
        billed.provider,
        billed.payment.currency,
        billed.payment.amount_cents,
        reason,
    )
    await outbox.append_event(connection, payment_failed(settlement.state, after, failed, at))
    if change is None:
        return settlement.state
    details = _details(billed, billed.payment.amount_cents)
    await write_change(
        connection, settlement.state, change, settlement.cause, at, details={**details, "code": reason.code}
    )
    return change.state


async def write_if_any(settlement: Settlement, change: Change | None) -> SubscriptionState:
    if change is None:
        return settlement.state
    await write_change(
        settlement.connection,
        settlement.state,
        change,
        settlement.cause,
        settlement.at,
        details=_details(settlement.billed, settlement.billed.payment.amount_cents),
    )
    return change.state


async def tell_of(
    settlement: Settlement,
    state: SubscriptionState,
    event: Event,
    amount_cents: int | None = None,
    more: Mapping[str, int | str] | None = None,
) -> None:
    """An entry of the timeline about the payment, where the state does not change with it."""
    asked_cents = settlement.billed.payment.amount_cents
    details = _details(settlement.billed, asked_cents if amount_cents is None else amount_cents)
    details |= more or {}
    await tell(settlement.connection, Change(state, event), settlement.cause, settlement.at, details)


def _count(billed: Billed, outcome: PaymentOutcome) -> None:
    attempt = attempt_of(billed.attempt_no, billed.dunning_attempt)
    outcomes.note(PAYMENTS, provider=billed.provider, outcome=outcome, attempt=attempt)


async def _read_what_is_known_now(settlement: Settlement, status: PaymentStatus) -> None:
    """Reports that arrived meanwhile and tell the same: the workflow need not be woken for them.

    A chargeback that came before its success is delivered anew.
    """
    connection, known = settlement.connection, replace(settlement.billed.payment, status=status)
    for report in await payment_reports.list_waiting(connection, settlement.billed.payment_id):
        verdict = judge(known, report.fact)
        if verdict is Verdict.NOTHING_NEW:
            await payment_reports.mark_applied(connection, report.report_id, settlement.at)
        elif verdict is Verdict.CHARGED_BACK:
            await payment_reports.receive_again(connection, report.report_id)


async def _receive_too_late(settlement: Settlement, received_cents: int) -> SubscriptionState:
    """A surplus when the invoice was paid otherwise; when it was given up, the money goes back by itself."""
    billed = settlement.billed
    if billed.invoice_status is InvoiceStatus.PAID:
        await _post_received(settlement, received_cents, owed_cents=0)
        await announce_with_purse(settlement.connection, settlement.state, settlement.at)
        await tell_of(settlement, settlement.state, Event.PAID_TWICE, received_cents)
        return settlement.state
    movement = movements.late_payment_received(billed.payment_id, billed.payment.currency, received_cents)
    await ledger.post_movement(settlement.connection, billed.subscription_id, movement, settlement.at)
    await tell_of(settlement, settlement.state, Event.LATE_PAYMENT_RECEIVED, received_cents)
    order = RefundOrder(
        payment_id=billed.payment_id,
        key=f"payment:{billed.payment_id}:late_payment",
        reason=RefundReason.LATE_PAYMENT,
        amount_cents=received_cents,
        unapplied_cents=received_cents,
        currency=billed.payment.currency,
        actor="system",
        trace_id=settlement.cause.trace_id,
    )
    await begin_refund(settlement.connection, settlement.state, order, settlement.cause, settlement.at)
    return settlement.state


async def _post_received(settlement: Settlement, received_cents: int, *, owed_cents: int) -> None:
    """What is more than is owed goes to the customer's balance."""
    connection, billed, at = settlement.connection, settlement.billed, settlement.at
    currency = billed.payment.currency
    movement = movements.payment_received(billed.payment_id, currency, received_cents, owed_cents)
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    if received_cents > owed_cents:
        bill = Bill(billed.invoice_id, billed.user_id, currency)
        key = f"payment:{billed.payment_id}:surplus"
        await purses.move_balance(connection, bill, received_cents - owed_cents, at, key=key)


def _details(billed: Billed, amount_cents: int) -> dict[str, int | str]:
    return {
        "invoice_id": billed.invoice_id,
        "payment_id": billed.payment_id,
        "amount_cents": amount_cents,
        "currency": billed.payment.currency,
    }
