"""`italiano event`: what was published, what became of it at each endpoint, and having it sent once more."""

from collections.abc import Sequence

import typer

from api import webhook_endpoints
from api.schemas.webhook_endpoints import (
    MOST_EVENTS_NAMED,
    EventBody,
    EventDeliveryBody,
    ReplayBody,
    ReplayedBody,
    WholeEventBody,
)
from api.staff_events import body_of, read_event
from api.staff_hand import OperatorHand
from cli.asking import ask_books, checked_reason, operator
from cli.terminal import cell, print_fields, print_json, print_rows
from db.database import Connection
from db.queries.event_views import list_published


def list_events(subscription_id: int | None, *, after_id: int | None, limit: int, as_json: bool) -> None:
    """The oldest first."""

    async def ask(connection: Connection) -> list[EventBody]:
        found = await list_published(
            connection, after_id=after_id, limit=limit, subscription_id=subscription_id
        )
        return [body_of(event) for event in found]

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "sub", "no.", "event", "at (its time)"),
        [(each.id, each.subscription_id, each.sequence, each.event, each.timestamp) for each in found],
    )


def show_event(event_id: int, *, as_json: bool) -> None:
    async def ask(connection: Connection) -> WholeEventBody:
        return await read_event(connection, event_id)

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    print_fields(**found.model_dump(exclude={"data", "deliveries"}))
    for name, value in found.data.items():
        print(f"  {cell(name)}: {cell(value)}")
    for delivery in found.deliveries:
        print(f"endpoint {delivery.endpoint_id} at {cell(delivery.url)}: {_became(delivery)}")
    if not found.deliveries:
        print("no endpoint was told of it")


def replay_events(event_ids: Sequence[int], endpoint_id: int, reason: str, *, as_json: bool) -> None:
    """Under the ids that they had. A dispatcher starts each within a second or so."""
    named = sorted(set(event_ids))
    if len(named) > MOST_EVENTS_NAMED:
        raise typer.BadParameter(f"at most {MOST_EVENTS_NAMED} events at once")
    hand = OperatorHand(operator(), checked_reason(reason))

    async def ask(connection: Connection) -> ReplayedBody:
        return await webhook_endpoints.replay(connection, endpoint_id, ReplayBody(event_ids=named), hand)

    replayed = ask_books(ask)
    if as_json:
        print_json(replayed)
        return
    print(f"{replayed.event_count} of {len(named)} are sent to endpoint {endpoint_id} again")
    if replayed.event_count < len(named):
        print("the others are on their way to it already, or go only to endpoints that name them")


def _became(delivery: EventDeliveryBody) -> str:
    said = delivery.last_error if delivery.last_status_code is None else delivery.last_status_code
    return f"{delivery.status}, {delivery.attempts} attempts, last answer {cell(said)}"
