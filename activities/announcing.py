"""What is said ahead: the coming renewal and what it will cost, missing payments, prices that move."""

from datetime import datetime

from db.database import Connection
from db.queries import outbox, purses
from db.queries.invoices import Asked
from domain.events import payment_reminder, price_change_notice, renewal_upcoming
from domain.lifecycle import Change, Event
from domain.reminder import next_reminder
from domain.subscription import SubscriptionState


async def announce(
    connection: Connection, before: SubscriptionState, change: Change, asked: Asked | None, at: datetime
) -> None:
    """What a change brings to be said. `asked` is what is asked for with the invoice that it names."""
    after = change.state
    if next_reminder(after) != next_reminder(before):
        await announce_renewal(connection, after, at)
    elif (before.open_invoice is None) != (after.open_invoice is None):
        await announce_with_purse(connection, after, at)
    if change.event is Event.PAYMENT_REMINDED and asked is not None:
        event = payment_reminder(after, asked.number, asked.amount_cents, asked.currency, at)
        await outbox.append_event(connection, event)
    if change.event is Event.PRICE_CHANGE_SCHEDULED:
        await outbox.append_event(connection, price_change_notice(after, change.details, at))


async def announce_renewal(connection: Connection, state: SubscriptionState, at: datetime) -> None:
    """As it is by now, or not at all when none is coming."""
    reminder = next_reminder(state)
    if reminder is None:
        await outbox.drop_announcement(connection, state.subscription_id, at)
        return
    currency = reminder.invoice.currency
    purse = await purses.load_purse(connection, state.user_id, currency, reminder.renews_at)
    await outbox.announce_renewal(connection, renewal_upcoming(state, reminder, purse), at)


async def announce_with_purse(connection: Connection, state: SubscriptionState, at: datetime) -> None:
    """Something came into the purse, or left it: what is announced and not due yet costs more, or less."""
    reminder = next_reminder(state)
    if reminder is not None and reminder.due_at > at:
        await announce_renewal(connection, state, at)
