"""`italiano dunning list`: who is past due, and when somebody tries again."""

from cli.amounts import shown_cents
from cli.asking import ask_books
from cli.own_time import own_time_fields
from cli.terminal import print_json, print_rows
from db.database import Connection
from db.queries.dunning_views import DunningView, list_past_due


def list_dunning(*, limit: int, as_json: bool) -> None:
    async def ask(connection: Connection) -> list[DunningView]:
        return await list_past_due(connection, limit=limit)

    found = ask_books(ask)
    if as_json:
        print_json([own_time_fields(each) for each in found])
        return
    print_rows(
        ("sub", "user", "invoice", "due", "since", "attempt", "next", "at (its time)"),
        [
            (
                each.subscription_id,
                each.user_id,
                each.invoice_id,
                shown_cents(each.amount_due_cents, each.currency),
                f"{each.past_due_since:%Y-%m-%d}",
                f"{each.attempt_no or 'last'}/{each.attempt_count}",
                "parked" if each.parked_reason else each.next_action,
                each.next_action_at,
            )
            for each in found
        ],
    )
