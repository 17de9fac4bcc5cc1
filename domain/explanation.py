"""Why a subscription is as it is, and what happens to it next: told from its state alone.

Whoever holds the state tells the same story: the running workflow, or the row when that is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.collecting import Attempt
from domain.due import Step, next_step
from domain.dunning import DunningCase
from domain.plan import PlanTerms
from domain.subscription import UNPAID_START_LIVES, Status, SubscriptionState

WORDS: Mapping[Step, str] = {
    Step.EXPIRE: "it is given up and its invoice voided, unless it is paid before",
    Step.OPEN_RENEWAL: "the invoice of the next period is opened, for a person to pay before the boundary",
    Step.RENEW: "the next period is billed and its payment method charged",
    Step.COLLECT: "the payment method is charged",
    Step.CHARGE_METHOD: "the payment method is charged for the invoice that was opened ahead",
    Step.LOOK_UP_PAYMENT: "the provider is asked what became of the payment",
    Step.WITHDRAW_PAYMENT: "the provider is told that nobody waits for the payment any more",
    Step.BEGIN_PAID_PERIOD: "the period that was paid ahead begins",
    Step.FALL_DUE: "it falls past due, unless its invoice is paid before",
    Step.RETRY_PAYMENT: "the payment method is charged again",
    Step.REMIND_UNPAID: "the payer is reminded",
    Step.CANCEL_UNCOLLECTED: "it is canceled and its invoice written off, unless it is paid before",
    Step.LEAVE_UNPAID: "it becomes unpaid, unless its invoice is paid before",
    Step.UNFREEZE: "it is unfrozen, and its paid time goes on",
    Step.END_PERIOD: "the period ends, and the subscription with it",
}


@dataclass(frozen=True)
class RulesUsed:
    """What the dates were reckoned with. The dunning policy is there while an invoice is open under it."""

    unpaid_start_hours: int
    grace_days: int
    dunning_policy_version: int | None
    dunning_retry_days: tuple[int, ...] | None


@dataclass(frozen=True)
class Explanation:
    """`plan` are the terms pinned at the start. Dates only, no durations: whoever reads has a clock."""

    status: Status
    why: str
    next_action: Step | None
    next_action_at: datetime | None
    what_next: str
    version: int
    open_invoice_id: int | None
    parked_reason: str | None
    attempt: Attempt | None
    dunning: DunningCase | None
    recent_commands: tuple[str, ...]
    plan: PlanTerms
    rules: RulesUsed


def explain(state: SubscriptionState) -> Explanation:
    upcoming = next_step(state)
    return Explanation(
        status=state.status,
        why=_why(state),
        next_action=upcoming.step if upcoming else None,
        next_action_at=upcoming.at if upcoming else None,
        what_next=_what_next(state),
        version=state.version,
        open_invoice_id=None if state.open_invoice is None else state.open_invoice.invoice_id,
        parked_reason=state.parked_reason,
        attempt=state.attempt,
        dunning=state.dunning,
        recent_commands=state.recent_commands,
        plan=state.plan,
        rules=_rules(state),
    )


def _rules(state: SubscriptionState) -> RulesUsed:
    policy = state.open_invoice.policy if state.open_invoice else None
    return RulesUsed(
        unpaid_start_hours=UNPAID_START_LIVES // timedelta(hours=1),
        grace_days=state.plan.grace_days,
        dunning_policy_version=policy.version if policy else None,
        dunning_retry_days=policy.retry_days if policy else None,
    )


def in_words(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _why(state: SubscriptionState) -> str:
    parked = (
        "" if state.parked_reason is None else f" Parked ({state.parked_reason}): an operator has to look."
    )
    return _why_status(state) + parked


def _why_status(state: SubscriptionState) -> str:  # noqa: PLR0911 - one for each status
    paid_until = in_words(state.paid_until)
    match state.status:
        case Status.INCOMPLETE:
            return f"Started on {in_words(state.started_at)}; its first invoice is not paid yet."
        case Status.TRIALING | Status.ACTIVE if state.cancel_at_period_end and state.canceled_at is not None:
            return (
                f"Runs until {paid_until}; canceled on {in_words(state.canceled_at)}, for the period's end."
            )
        case Status.TRIALING:
            return f"On trial until {paid_until}."
        case Status.ACTIVE:
            return f"Paid until {paid_until}."
        case Status.PAST_DUE:
            return _why_past_due(state)
        case Status.FROZEN:
            return f"Frozen on {in_words(state.freeze.since)}." if state.freeze else "Frozen."
        case Status.UNPAID:
            return f"Paid until {paid_until}; the renewal was never paid, and nothing more is billed."
        case Status.INCOMPLETE_EXPIRED | Status.CANCELED:
            return _why_ended(state)


def _why_past_due(state: SubscriptionState) -> str:
    case = state.dunning_case
    days = f"{case.retries_made} of {len(case.policy.retry_days)} dunning days are behind it"
    hard = "; its payment method was declined for good" if case.waits_for_new_method else ""
    return (
        f"Paid until {in_words(state.paid_until)}; not paid since {in_words(case.opened_at)}, {days}{hard}."
    )


def _why_ended(state: SubscriptionState) -> str:
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
    if state.canceled_at is not None:
        return f"Ended with its period on {ended}, as was asked for on {in_words(state.canceled_at)}."
    return f"Ended with the period that was paid for, on {ended}."


def _what_next(state: SubscriptionState) -> str:
    upcoming = next_step(state)
    if state.parked_reason is not None:
        return "Nothing until it is unparked."
    if upcoming is None:
        return "Nothing: it has ended." if state.has_ended else "Nothing until its invoice is paid."
    return f"On {in_words(upcoming.at)} {WORDS[upcoming.step]}."
