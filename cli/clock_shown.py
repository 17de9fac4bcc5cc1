"""`italiano clock show`: what time it is for one subscription."""

from datetime import UTC, datetime

from api.find_subscription import no_such_subscription
from cli.asking import ask_books
from cli.own_time import ahead_seconds
from cli.terminal import print_fields, print_json
from db.database import Connection
from db.queries.clock import ClockRow, find_row


def show_clock(subscription_id: int, *, as_json: bool) -> None:
    async def ask(connection: Connection) -> ClockRow:
        row = await find_row(connection, subscription_id)
        if row is None:
            raise no_such_subscription()
        return row

    row = ask_books(ask)
    now = datetime.now(UTC)
    if as_json:
        print_json(
            {
                "now": now,
                "own_now": now + row.clock_offset,
                "ahead_seconds": ahead_seconds(row),
                "next_action_at": row.next_action_at,
                "ended_at": row.ended_at,
            }
        )
        return
    print_fields(
        its_time=now + row.clock_offset,
        ahead=str(row.clock_offset) if row.clock_offset else "not at all",
        next_due=row.next_action_at,
        ended=row.ended_at,
    )
