"""The commands of `italiano sub` that change something. Each needs a reason."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer

from cli.options import LARGEST_ID, AsJson, Reason, SubscriptionId, Yes

PLAIN = {
    "uncancel": "Take back a cancellation that waits for the period's end.",
    "unfreeze": "Let a frozen subscription go on now.",
    "unpark": "Let a parked subscription go on, once a person has looked.",
}
"""What needs nothing but to be said."""


def add_to(group: typer.Typer) -> None:
    for name, does in PLAIN.items():
        group.command(name, help=does)(_saying(name))
    group.command("start")(sub_start)
    group.command("cancel")(sub_cancel)
    group.command("freeze")(sub_freeze)
    group.command("change-plan")(sub_change_plan)
    group.command("retry-payment")(sub_retry_payment)
    group.command("refund")(sub_refund)


def _saying(name: str) -> Callable[..., None]:
    def say(subscription_id: SubscriptionId, *, reason: Reason, as_json: AsJson = False) -> None:
        from cli.sub.commands import order  # noqa: PLC0415 - see cli/main.py

        order(reason, lambda behalf, key: getattr(behalf, name)(subscription_id, key), as_json=as_json)

    return say


def sub_start(
    user_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The user's id.")],
    plan: Annotated[str, typer.Argument(help="The plan's code.")],
    *,
    reason: Reason,
    card: Annotated[
        str | None, typer.Option(help="A provider and its token, `sandbox:tok_ok`; else a person pays.")
    ] = None,
    promo: Annotated[str | None, typer.Option(help="A promo code.")] = None,
    gift: Annotated[str | None, typer.Option(help="A code of a gift card.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start a subscription for a user, as they could themselves."""
    from api.start_on_behalf import StartForUser  # noqa: PLC0415 - see cli/main.py
    from cli.sub.start import parse_card, start  # noqa: PLC0415 - see cli/main.py

    method = None if card is None else parse_card(card)
    wanted = StartForUser(plan, promo and promo.strip().upper(), gift, method)
    start(user_id, wanted, reason, as_json=as_json)


def sub_cancel(
    subscription_id: SubscriptionId,
    *,
    reason: Reason,
    now: Annotated[bool, typer.Option("--now", help="At once instead of at the period's end.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Cancel it at the end of what is paid for, or at once. No money goes back."""
    from cli.sub.commands import cancel  # noqa: PLC0415 - see cli/main.py

    cancel(subscription_id, reason, now=now, is_confirmed=yes, as_json=as_json)


def sub_freeze(
    subscription_id: SubscriptionId,
    *,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="A date or an instant of its own time; else while the allowance lasts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stop access and billing; what is paid for moves later by as long."""
    from cli.sub.commands import freeze  # noqa: PLC0415 - see cli/main.py

    freeze(subscription_id, reason, until=until, as_json=as_json)


def sub_change_plan(
    subscription_id: SubscriptionId,
    plan: Annotated[str, typer.Argument(help="The code of the plan that it changes to.")],
    *,
    reason: Reason,
    when: Annotated[
        Literal["usual", "now", "period-end"],
        typer.Option(help="As usual: up now, down at the period's end."),
    ] = "usual",
    as_json: AsJson = False,
) -> None:
    """Change its plan. What is due for it is charged to the stored payment method."""
    from cli.sub.commands import change_plan  # noqa: PLC0415 - see cli/main.py

    change_plan(subscription_id, plan, reason, when=when, as_json=as_json)


def sub_retry_payment(subscription_id: SubscriptionId, *, reason: Reason, as_json: AsJson = False) -> None:
    """Charge its open invoice to the stored payment method now."""
    from cli.sub.commands import retry_payment  # noqa: PLC0415 - see cli/main.py

    retry_payment(subscription_id, reason, as_json=as_json)


def sub_refund(
    subscription_id: SubscriptionId,
    amount: Annotated[str, typer.Argument(help="How much, `12.50`, or `all` that is left.")],
    *,
    reason: Reason,
    payment_id: Annotated[
        int | None, typer.Option("--payment", min=1, max=LARGEST_ID, help="Which payment goes back.")
    ] = None,
    invoice_id: Annotated[
        int | None, typer.Option("--invoice", min=1, max=LARGEST_ID, help="Which invoice, as it was paid.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give back money of one payment, or of one invoice: that to card, balance and gift cards."""
    from cli.sub.refund import refund  # noqa: PLC0415 - see cli/main.py

    refund(
        subscription_id,
        amount,
        reason,
        payment_id=payment_id,
        invoice_id=invoice_id,
        is_confirmed=yes,
        as_json=as_json,
    )
