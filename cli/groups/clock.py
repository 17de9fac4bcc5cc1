"""`italiano clock`: the time of one subscription."""

from typing import Annotated

import typer

from cli.options import AsJson, SubscriptionId

group = typer.Typer(
    help="Turn the clock of one subscription; its neighbors stay in today.", no_args_is_help=True
)


@group.command("advance")
def clock_advance(
    subscription_id: Annotated[int, typer.Argument(min=1, help="The subscription's id.")],
    length: Annotated[str, typer.Argument(help="31d, 12h, or an ISO 8601 duration such as P31D.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Let its time pass, due date by due date, and tell what happened and what still waits."""
    from cli.clock import advance_clock  # noqa: PLC0415 - see cli/main.py

    advance_clock(subscription_id, length, as_json=as_json)


@group.command("show")
def clock_show(subscription_id: SubscriptionId, *, as_json: AsJson = False) -> None:
    """Tell what time it is for this subscription, and what waits for which date."""
    from cli.clock_shown import show_clock  # noqa: PLC0415 - see cli/main.py

    show_clock(subscription_id, as_json=as_json)
