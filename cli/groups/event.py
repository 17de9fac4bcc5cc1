"""`italiano event`: what has gone out."""

from typing import Annotated

import typer

from cli.options import LARGEST_ID, AsJson, Limit, OfSubscription, Reason

group = typer.Typer(
    help="Events for other systems: what was published, and what became of it.", no_args_is_help=True
)

AnEvent = typer.Argument(min=1, max=LARGEST_ID, metavar="EVENT_ID", help="The event's id, from the list.")


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


@group.command("show")
def event_show(event_id: Annotated[int, AnEvent], *, as_json: AsJson = False) -> None:
    """Show one with what it carries, and what became of it at each endpoint."""
    from cli.event import show_event  # noqa: PLC0415 - see cli/main.py

    show_event(event_id, as_json=as_json)


@group.command("replay")
def event_replay(
    event_ids: Annotated[list[int], AnEvent],
    *,
    endpoint_id: Annotated[
        int, typer.Option("--endpoint", min=1, max=LARGEST_ID, help="The id of the endpoint it goes to.")
    ],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Send these once more to one endpoint, also what it does not take by itself. They keep their ids."""
    from cli.event import replay_events  # noqa: PLC0415 - see cli/main.py

    replay_events(event_ids, endpoint_id, reason, as_json=as_json)
