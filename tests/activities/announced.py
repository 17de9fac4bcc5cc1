"""What stands in the outbox, held against the rules, the books and the page that describes it."""

from datetime import datetime
from typing import Any

from db.queries import purses
from domain.events import renewal_upcoming
from domain.reminder import next_reminder
from domain.subscription import SubscriptionState
from tests.activities.customer import Customer
from tests.activities.everything import rows_of
from tests.docs.tables import tables_of

_PAGE = tables_of("events.md")
_OF_THE_SUBSCRIPTION = {row["field"] for row in _PAGE["The subscription"]}
CARRIED = {
    row["event"]: _OF_THE_SUBSCRIPTION
    if row["what it carries"] == "the subscription"
    else set(row["what it carries"].split(", "))
    for row in _PAGE["Events"]
}

# Each fact with the event that it has to have, and nothing else has.
MISSING_OR_WITHOUT_A_FACT = """
    WITH facts AS (
        SELECT 'invoice.finalized' AS event, id, finalized_at AS at FROM invoices
        WHERE finalized_at IS NOT NULL
        UNION ALL SELECT 'invoice.paid', id, paid_at FROM invoices WHERE paid_at IS NOT NULL
        UNION ALL SELECT 'invoice.voided', id, voided_at FROM invoices WHERE voided_at IS NOT NULL
        UNION ALL SELECT 'invoice.uncollectible', id, written_off_at FROM invoices
        WHERE written_off_at IS NOT NULL
        UNION ALL SELECT 'refund.' || status, id, settled_at FROM refunds WHERE settled_at IS NOT NULL
        UNION ALL SELECT 'credit_note.issued', id, issued_at FROM credit_notes),
    told AS (
        SELECT event, due_at AS at, (details->>
            CASE WHEN event = 'credit_note.issued' THEN 'credit_note_id'
            WHEN event LIKE 'refund.%' THEN 'refund_id' ELSE 'invoice_id' END)::bigint AS id
        FROM outbox
        WHERE event IN ('invoice.finalized', 'invoice.paid', 'invoice.voided', 'invoice.uncollectible',
            'credit_note.issued', 'refund.succeeded', 'refund.failed'))
    (SELECT * FROM (SELECT event, id, at FROM facts EXCEPT ALL SELECT event, id, at FROM told) missing)
    UNION ALL (SELECT event, id, at FROM told EXCEPT ALL SELECT event, id, at FROM facts)
"""


async def events_of(customer: Customer, name: str) -> list[dict[str, Any]]:
    """The details of all of this kind, in the order in which they are due."""
    return [row["details"] for row in await rows_of(customer, "outbox") if row["event"] == name]


async def announced(customer: Customer) -> tuple[int, int, int]:
    """What the coming renewal is said to cost, and to be paid from: gift cards, balance, and the rest."""
    *_, details = await events_of(customer, "renewal.upcoming")
    return details["gift_cents"], details["balance_cents"], details["amount_due_cents"]


async def assert_announced_as_it_is(customer: Customer, state: SubscriptionState, at: datetime) -> None:
    """What is announced and not due yet is what would be announced now, or nothing."""
    said = {
        row["key"]: row["details"]
        for row in await rows_of(customer, "outbox")
        if row["event"] == "renewal.upcoming" and row["due_at"] > at
    }
    reminder = next_reminder(state)
    if reminder is None or reminder.due_at <= at:
        assert said == {}
        return
    async with customer.database.read() as connection:
        currency = reminder.invoice.currency
        purse = await purses.load_purse(connection, state.user_id, currency, reminder.renews_at)
    expected = renewal_upcoming(state, reminder, purse)
    assert said == {expected.key: expected.details}
