"""What should have happened by now: each question returns what waits for longer than an outage lasts.

As in `book_invariants`, and in the subscription's own time where that is what its steps are taken by.
"""

from collections.abc import Sequence

from db.database import Connection
from db.queries.offenders import Offender, ask_offenders


async def a_report_waits_to_be_applied(connection: Connection) -> Sequence[Offender]:
    """For ten minutes; while all is well it takes a second."""
    return await ask_offenders(
        connection,
        "SELECT id AS report_id, payment_id, reported_status, received_at, deliveries FROM webhook_inbox"
        " WHERE status = 'received' AND received_at < clock_timestamp() - interval '10 minutes'",
    )


async def a_due_step_was_not_taken(connection: Connection) -> Sequence[Offender]:
    """Its timer is lost, its workflow stuck, or no worker was there for a quarter of an hour."""
    return await ask_offenders(
        connection,
        "SELECT id AS subscription_id, status, next_action, next_action_at FROM subscriptions"
        " WHERE next_action_at < clock_timestamp() + clock_offset - interval '15 minutes'",
    )


async def a_payment_is_left_open(connection: Connection) -> Sequence[Offender]:
    """Of what is charged to a stored method: nobody knows after a day, or its payer never confirms.

    A provider that gives no answer is asked for 17 hours, a payer is waited for three days.
    """
    return await ask_offenders(
        connection,
        "SELECT p.id AS payment_id, i.subscription_id, p.status, p.created_at FROM payments p"
        " JOIN invoices i ON i.id = p.invoice_id JOIN subscriptions s ON s.id = i.subscription_id"
        " WHERE p.payment_method_id IS NOT NULL AND p.status IN ('created', 'pending', 'unknown')"
        " AND p.created_at < clock_timestamp() + s.clock_offset"
        "  - CASE p.status WHEN 'pending' THEN interval '5 days' ELSE interval '1 day' END",
    )


async def a_refund_is_left_open(connection: Connection) -> Sequence[Offender]:
    """A provider that gives no answer is asked for 17 hours."""
    return await ask_offenders(
        connection,
        "SELECT id AS refund_id, payment_id, status, recorded_at FROM refunds"
        " WHERE status IN ('created', 'unknown') AND recorded_at < clock_timestamp() - interval '1 day'",
    )


OVERDUE = (
    a_report_waits_to_be_applied,
    a_due_step_was_not_taken,
    a_payment_is_left_open,
    a_refund_is_left_open,
)
