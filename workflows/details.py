"""What the Temporal UI shows of a subscription: a short table at a glance, and what each timer waits for."""

from domain.due import NextStep, Step
from domain.explanation import explain, in_words
from domain.subscription import SubscriptionState


def details_table(state: SubscriptionState) -> str:
    told = explain(state)
    price = f"{told.plan.price_cents / 100:.2f} {told.plan.currency}"
    rows = {
        "status": f"**{told.status}**. {told.why}",
        "plan": f"{told.plan.code}, {price} a period ({told.plan.period_iso})",
        "period": f"{in_words(state.period.start)} to {in_words(state.period.end)}",
        "next": told.what_next,
        "open invoice": "none" if told.open_invoice_id is None else str(told.open_invoice_id),
        "timeline": f"`GET /admin/subscriptions/{state.subscription_id}/timeline`",
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join(lines)


def step_summary(state: SubscriptionState, upcoming: NextStep) -> str:
    """Such as "renew 2027-01-31" or "retry_payment 2 of 4 2027-02-14"."""
    title = str(upcoming.step)
    if state.dunning is not None and upcoming.step in {Step.RETRY_PAYMENT, Step.REMIND_UNPAID}:
        title = f"{title} {state.dunning.retries_made + 1} of {len(state.dunning.policy.retry_days)}"
    return f"{title} {upcoming.at:%Y-%m-%d}"
