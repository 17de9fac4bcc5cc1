"""What becomes of an attempt to collect: paid, declined, waiting for its payer, or without an answer."""

from dataclasses import replace
from datetime import datetime

from domain import renewing
from domain.billing_calendar import Anchor, Period, period
from domain.collecting import Attempt, AttemptStage
from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.payment import DeclineKind
from domain.refusals import RefusalCode, Refused
from domain.subscription import PaidAhead, Status, SubscriptionState


def paid(state: SubscriptionState, payment_id: int, at: datetime) -> Change:
    """The open invoice was paid, not necessarily by the attempt under way: that one is not needed then."""
    change = _paid(state, at)
    attempt = state.attempt
    if attempt is None or attempt.payment_id == payment_id or attempt.is_in_flight:
        return change
    if attempt.is_at_provider:
        return replace(change, state=replace(change.state, withdrawing_payment_id=attempt.payment_id))
    return replace(change, replaced_payment_id=attempt.payment_id)


def _paid(state: SubscriptionState, at: datetime) -> Change:
    """Periods keep their nominal dates, however late the money comes."""
    invoice = state.unpaid_invoice
    settled = replace(state, open_invoice=None, dunning=None, parked_reason=None)
    if state.ended_at is not None:
        return _charge_stood(settled, invoice.period, state.ended_at)
    if state.status is Status.UNPAID:
        return _reactivated(settled, at)
    if state.status in {Status.TRIALING, Status.ACTIVE} and at < state.paid_until:
        status = next_status(state.status, Action.PAY_AHEAD)
        ahead = replace(settled, status=status, paid_ahead=PaidAhead(invoice.index, invoice.period))
        return Change(next_version(ahead), Event.RENEWAL_PAID_AHEAD, pays_for=invoice.period)
    begun = replace(
        settled,
        status=next_status(state.status, Action.PAY),
        period_index=invoice.index,
        period=invoice.period,
    )
    return Change(next_version(begun), _event_of_payment(state.status), pays_for=invoice.period)


def declined(state: SubscriptionState, payment_id: int, kind: DeclineKind, at: datetime) -> Change | None:
    """The attempt under way failed; `None` when it is another one, which changes nothing."""
    attempt = _attempt(state, payment_id)
    if attempt is None:
        return None
    without = replace(state, open_invoice=state.unpaid_invoice.trying(None))
    if state.has_ended:
        invoice_id = state.unpaid_invoice.invoice_id
        closed = replace(without, open_invoice=None)
        return Change(next_version(closed), Event.PAYMENT_DECLINED, voids_invoice_id=invoice_id)
    hard = kind is DeclineKind.HARD and attempt.method_id is not None
    if state.status in {Status.TRIALING, Status.ACTIVE} and at >= state.paid_until:
        return renewing.fall_due(without, at, hard=hard)
    if hard and state.dunning is not None and attempt.method_id == state.payment_method_id:
        without = replace(without, dunning=replace(state.dunning, waits_for_new_method=True))
    return Change(next_version(without), Event.PAYMENT_DECLINED)


def charging(state: SubscriptionState, payment_id: int, at: datetime) -> SubscriptionState | None:
    """The attempt goes to its provider now: from here on it can't be taken back.

    Unchanged when it was sent before and cut off; `None` when it is not to be charged any more.
    """
    attempt = _attempt(state, payment_id)
    if attempt is None or not attempt.is_to_be_charged:
        return None
    if attempt.stage is AttemptStage.CHARGING:
        return state
    return next_version(_at_stage(state, attempt, AttemptStage.CHARGING, at))


def pending(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider waits for the customer to confirm; still so when it was asked again."""
    attempt = _attempt(state, payment_id)
    if attempt is None:
        return None
    if attempt.stage is AttemptStage.PENDING:
        return Change(next_version(_looked_up(state, attempt)), Event.PAYMENT_PENDING)
    return Change(next_version(_at_stage(state, attempt, AttemptStage.PENDING, at)), Event.PAYMENT_PENDING)


def never_arrived(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider has never heard of it: it is due again, under the same key."""
    attempt = _attempt(state, payment_id)
    if attempt is None:
        return None
    return Change(next_version(_at_stage(state, attempt, AttemptStage.DUE, at)), Event.PAYMENT_RETRIED)


def unknown(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """No answer came. It is asked for, ever more rarely; after the last time a person has to look.

    A payment that nobody needs any more is left alone: should it succeed, the money goes back.
    """
    if state.withdrawing_payment_id == payment_id:
        return Change(withdrawn_at_provider(state), Event.PAYMENT_UNKNOWN)
    attempt = _attempt(state, payment_id)
    if attempt is None or attempt.stage is AttemptStage.DUE:
        return None
    if attempt.stage is AttemptStage.CHARGING:
        return Change(
            next_version(_at_stage(state, attempt, AttemptStage.UNKNOWN, at)),
            Event.PAYMENT_UNKNOWN,
            unknown_payment_id=payment_id,
        )
    if attempt.is_at_last_look_up:
        return park(state, "payment_unknown")
    return Change(next_version(_looked_up(state, attempt)), Event.PAYMENT_UNKNOWN)


def rejected(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider will never do it: nothing was charged, and a person has to look."""
    if state.withdrawing_payment_id == payment_id:
        return Change(withdrawn_at_provider(state), Event.PAYMENT_UNKNOWN)
    attempt = _attempt(state, payment_id)
    if attempt is None or state.parked_reason is not None:
        return None
    return park(_at_stage(state, attempt, AttemptStage.DUE, at), "provider_rejected")


def park(state: SubscriptionState, reason: str) -> Change:
    """Billing stops and access stays as paid, until an operator has looked."""
    next_status(state.status, Action.PARK)
    return Change(
        next_version(replace(state, parked_reason=reason)), Event.PARKED, details={"reason": reason}
    )


def unpark(state: SubscriptionState, at: datetime) -> Change:
    """An operator has looked: it goes on where it stopped, and what is unknown is looked up anew."""
    next_status(state.status, Action.UNPARK)
    if state.parked_reason is None:
        raise Refused(RefusalCode.NOT_PARKED, "the subscription is not parked")
    resumed = replace(state, parked_reason=None)
    if state.attempt is not None:
        resumed = _at_stage(resumed, state.attempt, state.attempt.stage, at)
    return Change(next_version(resumed), Event.UNPARKED)


def withdrawn_at_provider(state: SubscriptionState) -> SubscriptionState:
    """The provider knows that nobody waits for the payment any more."""
    return next_version(replace(state, withdrawing_payment_id=None))


def _charge_stood(state: SubscriptionState, billed: Period, ended_at: datetime) -> Change:
    """It ended while the charge was under way: the charge stands, for the time until the end."""
    used = Period(billed.start, ended_at) if billed.start < ended_at else None
    return Change(next_version(state), Event.CHARGE_STOOD, pays_for=used)


def _reactivated(state: SubscriptionState, at: datetime) -> Change:
    """Begins anew: from now, not from the period that was never paid."""
    anchor = Anchor.starting(at)
    begun = replace(
        state,
        status=next_status(state.status, Action.PAY),
        anchor=anchor,
        period_index=0,
        period=period(anchor, state.plan.interval, 0),
    )
    return Change(next_version(begun), Event.REACTIVATED, pays_for=begun.period)


def _event_of_payment(status: Status) -> Event:
    match status:
        case Status.INCOMPLETE:
            return Event.ACTIVATED
        case Status.PAST_DUE:
            return Event.RECOVERED
        case _:
            return Event.RENEWED


def _attempt(state: SubscriptionState, payment_id: int) -> Attempt | None:
    """The attempt under way, when it is this payment."""
    attempt = state.attempt
    return attempt if attempt is not None and attempt.payment_id == payment_id else None


def _at_stage(
    state: SubscriptionState, attempt: Attempt, stage: AttemptStage, at: datetime
) -> SubscriptionState:
    return replace(state, open_invoice=state.unpaid_invoice.trying(attempt.at_stage(stage, at)))


def _looked_up(state: SubscriptionState, attempt: Attempt) -> SubscriptionState:
    counted = replace(attempt, look_ups=attempt.look_ups + 1)
    return replace(state, open_invoice=state.unpaid_invoice.trying(counted))


def payment_to_ask_for(state: SubscriptionState) -> tuple[int, bool]:
    """The payment that its provider has to be asked about, and whether this is the last time."""
    if state.withdrawing_payment_id is not None:
        return state.withdrawing_payment_id, False
    if state.attempt is None:
        raise ValueError(f"subscription {state.subscription_id} has no payment under way")
    return state.attempt.payment_id, state.attempt.is_at_last_look_up
