"""What the Temporal UI shows of a subscription at a glance: a short Markdown table."""

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
