"""How a subscription ends: never paid, canceled, withdrawn from, or at the end of what was paid for.

A charge that is with its provider can't be taken back: it stands, and the end waits for what becomes of it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.parking import reason_left
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState

WITHDRAWAL_DAYS = 14


def expire(state: SubscriptionState, at: datetime) -> Change:
    """An unpaid start is given up: too old, or superseded by a new start of the same user."""
    return end(state, next_status(state.status, Action.EXPIRE), Event.EXPIRED, at)


def cancel(state: SubscriptionState, *, at_period_end: bool, at: datetime) -> Change | None:
    """Cancels now or at the period's end; `None` when it is already so (twice is once).

    What is not paid for is canceled at once, whatever was asked: it has no period to run to its end.
    """
    action = Action.CANCEL_AT_PERIOD_END if at_period_end else Action.CANCEL_NOW
    status = next_status(state.status, action)
    if state.has_ended or (at_period_end and state.cancel_at_period_end):
        return None
    if status is Status.CANCELED:
        return end(replace(state, canceled_at=state.canceled_at or at), status, Event.CANCELED, at)
    scheduled = replace(state, cancel_at_period_end=True, canceled_at=at)
    if state.open_invoice is None or state.is_charging:
        return Change(next_version(scheduled), Event.CANCEL_SCHEDULED)
    return without_open_invoice(scheduled, Event.CANCEL_SCHEDULED)


def uncancel(state: SubscriptionState) -> Change:
    """Takes a scheduled cancellation back. Raises `Refused` when none is scheduled."""
    next_status(state.status, Action.UNCANCEL)
    if not state.cancel_at_period_end:
        raise Refused(RefusalCode.NOT_CANCELING, "no cancellation is scheduled")
    kept = replace(state, cancel_at_period_end=False, canceled_at=None)
    return Change(next_version(kept), Event.CANCEL_WITHDRAWN)


def withdraw(state: SubscriptionState, at: datetime) -> Change:
    """The right of withdrawal: within 14 days of the first start, with the money back.

    Source: Directive 2011/83/EU, articles 9 and 13; the day of the start does not count, and the last day
    counts to its end (Regulation 1182/71, article 3). Raises `Refused` later, while a charge is under way, or
    when it was handed on: whoever has it now did not buy it.
    """
    status = next_status(state.status, Action.WITHDRAW)
    if state.transferred_at is not None:
        raise Refused(RefusalCode.WITHDRAWAL_AFTER_TRANSFER, "the subscription was bought by somebody else")
    if at >= withdrawal_ends_at(state):
        raise Refused(RefusalCode.WITHDRAWAL_PERIOD_OVER, "the 14 days since the start are over")
    if state.is_charging:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a charge is under way; ask again when it is settled")
    withdrawn = replace(state, canceled_at=state.canceled_at or at)
    return replace(end(withdrawn, status, Event.WITHDRAWN, at), refunds_all=True)


def withdrawal_ends_at(state: SubscriptionState) -> datetime:
    midnight = state.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=WITHDRAWAL_DAYS + 1)


def end_period(state: SubscriptionState) -> Change:
    """All paid time is over. It ends at its nominal end, however late we are."""
    status = next_status(state.status, Action.END_PERIOD)
    return end(state, status, Event.ENDED, state.paid_until)


def give_up(state: SubscriptionState, at: datetime) -> Change:
    """Dunning is over without success: canceled, its invoice uncollectible."""
    status = next_status(state.status, Action.CANCEL_UNCOLLECTED)
    ended = end(state, status, Event.UNCOLLECTED, at)
    return replace(ended, voids_invoice_id=None, writes_off_invoice_id=ended.voids_invoice_id)


def end(state: SubscriptionState, status: Status, event: Event, at: datetime) -> Change:
    """What is under way stays open until it is known; everything else stops."""
    ended = replace(
        state,
        status=status,
        ended_at=at,
        cancel_at_period_end=False,
        dunning=None,
        freeze=None,
        paid_ahead=None,
        parked_reason=None,
        scheduled_plan=None,
        moved_price=None,
    )
    if state.open_invoice is None or state.is_charging:
        return Change(next_version(ended), event)
    return without_open_invoice(ended, event)


def without_open_invoice(state: SubscriptionState, event: Event) -> Change:
    """Voids it; a provider that still waits for the customer has to be told. No operator looks at it."""
    invoice = state.unpaid_invoice
    closed = replace(state, open_invoice=None, parked_reason=reason_left(state))
    if invoice.attempt is not None and invoice.attempt.is_at_provider:
        closed = replace(closed, withdrawing_payment_id=invoice.attempt.payment_id)
    return Change(
        next_version(closed),
        event,
        voids_invoice_id=invoice.invoice_id,
        details={"invoice_id": invoice.invoice_id},
    )
