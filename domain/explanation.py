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
from domain.why import in_words, why

WORDS: Mapping[Step, str] = {
    Step.EXPIRE: "it is given up and its invoice voided, unless it is paid before",
    Step.OPEN_RENEWAL: "the invoice of the next period is opened, for a person to pay before the period ends",
    Step.RENEW: "the next period is billed, and the payment method charged",
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
    Step.DROP_CHANGE: "the change of plan is given up, unless it is paid before",
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
        why=why(state),
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


def _what_next(state: SubscriptionState) -> str:
    upcoming = next_step(state)
    if state.parked_reason is not None:
        return "Nothing until it is unparked."
    if upcoming is None and state.has_ended:
        return "Nothing: it has ended."
    if upcoming is None:
        return "Nothing until its invoice is paid, or another payment method is set."
    return f"On {in_words(upcoming.at)} {WORDS[upcoming.step]}{_dunning_day(state, upcoming.step)}."


def _dunning_day(state: SubscriptionState, step: Step) -> str:
    if state.dunning is None or step not in {Step.RETRY_PAYMENT, Step.REMIND_UNPAID}:
        return ""
    return f", on dunning day {state.dunning.retries_made + 1} of {len(state.dunning.policy.retry_days)}"
