"""What the Temporal UI shows of a subscription: a short table at a glance, and what each timer waits for."""

from temporalio import workflow

from domain.due import NextStep, Step
from domain.explanation import explain
from domain.subscription import SubscriptionState
from domain.why import in_words
from workflows.search_attributes import ShownAttributes, shown_attributes

TITLES = {
    Step.RENEW: "renewal",
    Step.OPEN_RENEWAL: "renewal opened ahead",
    Step.RETRY_PAYMENT: "dunning retry",
    Step.REMIND_UNPAID: "dunning reminder",
}
OF_POLICY = frozenset({Step.RETRY_PAYMENT, Step.REMIND_UNPAID})


class Display:
    """Keeps what is shown of one run true."""

    def __init__(self) -> None:
        self._shown: ShownAttributes = {}

    def show(self, state: SubscriptionState, *, unless_only: frozenset[str] = frozenset()) -> None:
        """One upsert of the search attributes that have changed, if it is more than `unless_only`."""
        workflow.set_current_details(details_table(state))
        shown = shown_attributes(state)
        changed = {key: update for key, update in shown.items() if self._shown.get(key) != update}
        if changed.keys() - unless_only:
            workflow.upsert_search_attributes(list(changed.values()))
            self._shown = shown


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
    """Such as "renewal 2027-01-31" or "dunning retry 2 of 4 2027-02-14"."""
    title = TITLES.get(upcoming.step, upcoming.step.replace("_", " "))
    if state.dunning is not None and upcoming.step in OF_POLICY:
        title = f"{title} {state.dunning.retries_made + 1} of {len(state.dunning.policy.retry_days)}"
    return f"{title} {upcoming.at:%Y-%m-%d}"
