"""Why a subscription is as it is, in sentences for whoever operates it."""

from datetime import datetime

from domain.collecting import Attempt, AttemptStage
from domain.subscription import Status, SubscriptionState


def in_words(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def why(state: SubscriptionState) -> str:
    sentences = (
        _of_status(state),
        _of_change(state),
        _of_money(state),
        _of_withdrawing(state),
        _of_parking(state),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _of_status(state: SubscriptionState) -> str:  # noqa: PLR0911 - one for each status
    paid_until = in_words(state.paid_until)
    match state.status:
        case Status.INCOMPLETE:
            return f"Started on {in_words(state.started_at)}; its first invoice is not paid yet."
        case Status.TRIALING if state.paid_ahead is not None:
            return f"On trial until {in_words(state.period.end)}; paid until {paid_until}{_ending(state)}."
        case Status.TRIALING:
            return f"On trial until {paid_until}{_ending(state)}."
        case Status.ACTIVE:
            return f"Paid until {paid_until}{_ending(state)}."
        case Status.PAST_DUE:
            return _past_due(state)
        case Status.FROZEN:
            return _frozen(state)
        case Status.UNPAID:
            return f"Paid until {paid_until}; the renewal was never paid, and nothing more is billed."
        case Status.INCOMPLETE_EXPIRED | Status.CANCELED:
            return _ended(state)


def _ending(state: SubscriptionState) -> str:
    if not state.cancel_at_period_end or state.canceled_at is None:
        return ""
    return f"; canceled on {in_words(state.canceled_at)}, for the period's end"


def _past_due(state: SubscriptionState) -> str:
    case = state.dunning_case
    days = f"{case.retries_made} of {len(case.policy.retry_days)} dunning days are behind it"
    hard = "; its payment method was declined for good" if case.waits_for_new_method else ""
    return (
        f"Paid until {in_words(state.paid_until)}; not paid since {in_words(case.opened_at)}, {days}{hard}."
    )


def _frozen(state: SubscriptionState) -> str:
    if state.freeze is None:
        raise ValueError(f"subscription {state.subscription_id} is frozen since no instant")
    spent = ", when its days of the year are spent" if state.freeze.is_open_ended else ""
    until = in_words(state.freeze.until)
    return f"Frozen from {in_words(state.freeze.since)} until {until}{spent}{_ending(state)}."


def _ended(state: SubscriptionState) -> str:  # noqa: PLR0911 - one for each way to end
    if state.ended_at is None:
        raise ValueError(f"subscription {state.subscription_id} is {state.status} without an end")
    ended = in_words(state.ended_at)
    if state.status is Status.INCOMPLETE_EXPIRED and state.ended_at < state.expires_at:
        return f"Given up on {ended}, unpaid: a new start of the same user took its place."
    if state.status is Status.INCOMPLETE_EXPIRED:
        return f"Given up on {ended}: its first invoice had not been paid in time."
    if state.open_invoice is not None:
        return f"Canceled on {ended}, while a charge was under way; what becomes of it is waited for."
    if state.ended_at < state.period.end:
        return f"Canceled on {ended}, before its period was over."
    if state.canceled_at is None and state.ended_at > state.period.end:
        return f"Canceled on {ended}: its renewal had not been paid when dunning was over."
    if state.ended_at > state.period.end:
        return f"Canceled on {ended}, when its paid time was over."
    if state.canceled_at is not None:
        return f"Ended with its period on {ended}, as was asked for on {in_words(state.canceled_at)}."
    return f"Ended with the period that was paid for, on {ended}."


def _of_change(state: SubscriptionState) -> str:
    """Another plan, or another price, that is to come."""
    invoice = state.open_invoice
    if invoice is not None and invoice.changed_at is not None and invoice.switch is not None:
        change = (
            f"The change to {invoice.switch.plan.code} that was asked for on {in_words(invoice.changed_at)}"
        )
        return f"{change} waits for invoice {invoice.invoice_id} to be paid."
    following = state.scheduled_plan or state.moved_price
    if following is None:
        return ""
    if following.code == state.plan.code:
        return f"The next period has version {following.price_version} of its plan's price."
    price = state.coming_price
    otherwise = (
        f", or of version {price.price_version} of {price.code} if that is taken back" if price else ""
    )
    return f"The next period is of {following.code}{otherwise}."


def _of_money(state: SubscriptionState) -> str:
    """What the open invoice waits for."""
    if state.open_invoice is None:
        return ""
    if state.attempt is None:
        return f"Invoice {state.open_invoice.invoice_id} waits for another payment: the last one failed."
    if state.parked_reason == "amount_mismatch":
        return f"Payment {state.attempt.payment_id} was charged, but for another amount than was asked for."
    return _of_attempt(state.attempt)


def _of_attempt(attempt: Attempt) -> str:
    payment, since = f"Payment {attempt.payment_id}", in_words(attempt.since)
    match attempt.stage:
        case AttemptStage.DUE:
            return f"{payment} is to be charged."
        case AttemptStage.CHARGING:
            return f"{payment} has been with its provider since {since}."
        case AttemptStage.PENDING if attempt.method_id is None:
            return f"{payment} waits for a person to pay it."
        case AttemptStage.PENDING:
            return f"{payment} has waited since {since} for the customer to confirm it."
        case AttemptStage.UNKNOWN:
            return f"{payment} has had no answer since {since}; look-ups made: {attempt.look_ups}."


def _of_withdrawing(state: SubscriptionState) -> str:
    if state.withdrawing_payment_id is None:
        return ""
    return f"Payment {state.withdrawing_payment_id} is not needed any more; its provider is still to be told."


def _of_parking(state: SubscriptionState) -> str:
    if state.parked_reason is None:
        return ""
    return f"Parked ({state.parked_reason}): an operator has to look."
