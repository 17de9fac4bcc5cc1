"""Why a subscription is as it is, and what happens to it next: told from its state alone.

Whoever holds the state tells the same story: the running workflow, or the row when that is gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.due import Step, next_step
from domain.plan import PlanTerms
from domain.subscription import UNPAID_START_LIVES, Status, SubscriptionState


@dataclass(frozen=True)
class RulesUsed:
    """The constants that the dates were reckoned with."""

    unpaid_start_hours: int


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
        open_invoice_id=state.open_invoice_id,
        recent_commands=state.recent_commands,
        plan=state.plan,
        rules=RulesUsed(unpaid_start_hours=UNPAID_START_LIVES // timedelta(hours=1)),
    )


def in_words(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _why(state: SubscriptionState) -> str:
    match state.status:
        case Status.INCOMPLETE:
            return f"Started on {in_words(state.started_at)}; its first invoice is not paid yet."
        case Status.ACTIVE if state.cancel_at_period_end and state.canceled_at is not None:
            return (
                f"Paid until {in_words(state.period.end)}; canceled on {in_words(state.canceled_at)},"
                " for the period's end."
            )
        case Status.ACTIVE:
            return f"Paid until {in_words(state.period.end)}."
        case Status.INCOMPLETE_EXPIRED | Status.CANCELED:
            return _why_ended(state)


def _why_ended(state: SubscriptionState) -> str:
    if state.ended_at is None:
        raise ValueError(f"subscription {state.subscription_id} is {state.status} without an end")
    ended = in_words(state.ended_at)
    if state.status is Status.INCOMPLETE_EXPIRED and state.ended_at < state.expires_at:
        return f"Given up on {ended}, unpaid: a new start of the same user took its place."
    if state.status is Status.INCOMPLETE_EXPIRED:
        return f"Given up on {ended}: its first invoice had not been paid in time."
    if state.ended_at < state.period.end:
        return f"Canceled on {ended}, before its period was over."
    if state.canceled_at is not None:
        return f"Ended with its period on {ended}, as was asked for on {in_words(state.canceled_at)}."
    return f"Ended with the period that was paid for, on {ended}."


def _what_next(state: SubscriptionState) -> str:
    upcoming = next_step(state)
    if upcoming is None:
        return "Nothing: it has ended."
    at = in_words(upcoming.at)
    match upcoming.step:
        case Step.EXPIRE:
            return f"On {at} it is given up and its invoice voided, unless it is paid before."
        case Step.END_PERIOD:
            return f"On {at} the period ends, and the subscription with it."
