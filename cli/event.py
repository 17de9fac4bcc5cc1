"""`italiano event list`: what was published, whether or not anybody is told of it."""

from dataclasses import asdict

from cli.asking import ask_books
from cli.terminal import print_json, print_rows
from db.database import Connection
from db.queries.event_views import PublishedEvent, list_published


def list_events(subscription_id: int | None, *, after_id: int | None, limit: int, as_json: bool) -> None:
    """The oldest first."""

    async def ask(connection: Connection) -> list[PublishedEvent]:
        return await list_published(
            connection, after_id=after_id, limit=limit, subscription_id=subscription_id
        )

    found = ask_books(ask)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    print_rows(
        ("id", "sub", "no.", "event", "at (its time)"),
        [(each.id, each.subscription_id, each.sequence, each.event, each.timestamp) for each in found],
    )
