"""`italiano sub`: one subscription. What changes it is in `sub_writes`."""

from typing import Annotated, Literal

import typer

from cli.groups import sub_writes
from cli.options import AsJson, Limit, OfUser, SubscriptionId

group = typer.Typer(help="Look at subscriptions, and act for their users.", no_args_is_help=True)

SubscriptionStatus = Literal[
    "incomplete", "incomplete_expired", "trialing", "active", "past_due", "frozen", "unpaid", "canceled"
]


@group.command("list")
def sub_list(
    *,
    status: Annotated[SubscriptionStatus | None, typer.Option(help="Only in this status.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only of this plan.")] = None,
    user_id: OfUser = None,
    email: Annotated[str | None, typer.Option(help="Only of the user of this address.")] = None,
    parked: Annotated[
        bool | None, typer.Option("--parked/--not-parked", help="Only what waits for an operator.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List subscriptions, the newest first."""
    from cli.sub.reads import list_subscriptions  # noqa: PLC0415 - see cli/main.py
    from db.queries.subscription_search import SubscriptionFilter  # noqa: PLC0415 - see cli/main.py
    from domain.subscription import Status  # noqa: PLC0415 - see cli/main.py

    only = SubscriptionFilter(
        status=status and Status(status), plan_code=plan, user_id=user_id, email=email, parked=parked
    )
    list_subscriptions(only, limit=limit, as_json=as_json)


@group.command("show")
def sub_show(subscription_id: SubscriptionId, *, as_json: AsJson = False) -> None:
    """Tell why it is as it is, and what happens next and when."""
    from cli.sub.reads import show_subscription  # noqa: PLC0415 - see cli/main.py

    show_subscription(subscription_id, as_json=as_json)


@group.command("timeline")
def sub_timeline(subscription_id: SubscriptionId, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Tell what happened to it: the newest entries, in the order in which they happened."""
    from cli.sub.reads import show_timeline  # noqa: PLC0415 - see cli/main.py

    show_timeline(subscription_id, limit=limit, as_json=as_json)


sub_writes.add_to(group)
