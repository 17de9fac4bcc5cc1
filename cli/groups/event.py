"""`italiano event`: what has gone out."""

from typing import Annotated

import typer

from cli.options import LARGEST_ID, AsJson, Limit, OfSubscription

group = typer.Typer(help="The events that were published.", no_args_is_help=True)


@group.command("list")
def event_list(
    *,
    subscription_id: OfSubscription = None,
    after_id: Annotated[
        int | None, typer.Option("--after", min=1, max=LARGEST_ID, help="Only those after this event.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the events that were published, the oldest first."""
    from cli.event import list_events  # noqa: PLC0415 - see cli/main.py

    list_events(subscription_id, after_id=after_id, limit=limit, as_json=as_json)
