"""An attempt whose outcome is not known yet: sent, waiting for its payer, or without an answer.

A cancellation that came while it was under way gives it up as soon as it is known that nothing was charged.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.collecting import Attempt, AttemptStage
from domain.ending import without_open_invoice
from domain.lifecycle import Change, Event, next_version
from domain.parking import park
from domain.subscription import SubscriptionState


def charging(state: SubscriptionState, payment_id: int, at: datetime) -> SubscriptionState | None:
    """The attempt goes to its provider now: from here on it can't be taken back.

    Unchanged when it was sent before and cut off; `None` when it is not to be charged any more, or not while
    it is parked for a chargeback.
    """
    attempt = _attempt(state, payment_id)
    if attempt is None or not attempt.is_to_be_charged:
        return None
    if attempt.stage is AttemptStage.CHARGING:
        return state
    if state.stays_parked_for is not None:
        return None
    return next_version(state.with_attempt(attempt.going_on(AttemptStage.CHARGING, at)))


def pending(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider waits for the customer to confirm. `None` when that is known: see `still_pending`."""
    attempt = _attempt(state, payment_id)
    if attempt is None:
        return None
    if state.wants_no_payment:
        waiting = state.with_attempt(attempt.at_stage(AttemptStage.PENDING, at))
        return without_open_invoice(waiting, Event.PAYMENT_GIVEN_UP)
    if attempt.stage is not AttemptStage.PENDING:
        waiting = state.with_attempt(attempt.at_stage(AttemptStage.PENDING, at))
        return Change(next_version(waiting), Event.PAYMENT_PENDING)
    return park(state, "payment_pending") if attempt.is_at_last_look_up else None


def still_pending(state: SubscriptionState, payment_id: int) -> SubscriptionState | None:
    """It was asked for again and waits as before: counted, and nothing to tell of. `None` when there is."""
    attempt = _attempt(state, payment_id)
    if attempt is None or attempt.stage is not AttemptStage.PENDING:
        return None
    if state.wants_no_payment or attempt.is_at_last_look_up:
        return None
    return next_version(state.with_attempt(attempt.looked_up))


def never_arrived(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider has never heard of it: it is due again, under the same key."""
    attempt = _attempt(state, payment_id)
    if attempt is None:
        return None
    due_again = state.with_attempt(attempt.looked_up.going_on(AttemptStage.DUE, at))
    if state.wants_no_payment:
        return without_open_invoice(due_again, Event.PAYMENT_GIVEN_UP)
    return Change(next_version(due_again), Event.PAYMENT_RETRIED)


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
        sent = state.with_attempt(attempt.going_on(AttemptStage.UNKNOWN, at))
        return replace(_unanswered(sent, attempt), unknown_payment_id=payment_id)
    return _unanswered(state.with_attempt(attempt.looked_up), attempt)


def rejected(state: SubscriptionState, payment_id: int, at: datetime) -> Change | None:
    """The provider will never do it, and a person has to look.

    A charge that it refuses was not made; an answer that it refuses says nothing of the charge. A change of
    plan that was not charged for is given up: nothing else waits for it.
    """
    if state.withdrawing_payment_id == payment_id:
        return Change(withdrawn_at_provider(state), Event.PAYMENT_UNKNOWN)
    attempt = _attempt(state, payment_id)
    if attempt is None or state.parked_reason is not None:
        return None
    if not attempt.is_to_be_charged:
        return park(state, "provider_rejected")
    not_sent = state.with_attempt(attempt.at_stage(AttemptStage.DUE, at))
    if state.wants_no_payment:
        return without_open_invoice(not_sent, Event.PAYMENT_GIVEN_UP)
    if state.is_changing_plan:
        return without_open_invoice(not_sent, Event.PLAN_CHANGE_DECLINED)
    return park(not_sent, "provider_rejected")


def mismatched(
    state: SubscriptionState, payment_id: int, at: datetime, received: Mapping[str, int | str]
) -> Change | None:
    """Another amount was charged than was asked for: money has moved, so nothing is given up for it.

    `received` is what the provider says of it, for whoever has to look.
    """
    if state.withdrawing_payment_id == payment_id:
        return Change(withdrawn_at_provider(state), Event.PAYMENT_UNKNOWN)
    attempt = _attempt(state, payment_id)
    if attempt is None or state.parked_reason is not None:
        return None
    charged = state.with_attempt(attempt.at_stage(AttemptStage.UNKNOWN, at))
    parked = park(charged, "amount_mismatch")
    about = {"invoice_id": state.unpaid_invoice.invoice_id, "payment_id": payment_id}
    return replace(parked, unknown_payment_id=payment_id, details={**parked.details, **about, **received})


def withdrawn_at_provider(state: SubscriptionState) -> SubscriptionState:
    """The provider knows that nobody waits for the payment any more."""
    return next_version(replace(state, withdrawing_payment_id=None))


def payment_to_ask_for(state: SubscriptionState) -> tuple[int, bool]:
    """The payment that its provider has to be asked about, and whether this is the last time."""
    if state.withdrawing_payment_id is not None:
        return state.withdrawing_payment_id, False
    if state.attempt is None:
        raise ValueError(f"subscription {state.subscription_id} has no payment under way")
    return state.attempt.payment_id, state.attempt.is_at_last_look_up


def _unanswered(state: SubscriptionState, attempt: Attempt) -> Change:
    if attempt.is_at_last_look_up:
        return park(state, "payment_unknown")
    return Change(next_version(state), Event.PAYMENT_UNKNOWN)


def _attempt(state: SubscriptionState, payment_id: int) -> Attempt | None:
    """The attempt under way, when it is this payment."""
    attempt = state.attempt
    return attempt if attempt is not None and attempt.payment_id == payment_id else None
