"""What an unpaid start has taken out of its user's purse: a new start gives it back first."""

from db.database import Connection
from db.queries import purses, subscriptions
from domain.subscription import Status
from domain.tenders import NO_TENDERS, Tenders


async def held_by_unpaid_start(connection: Connection, user_id: int, currency: str) -> Tenders:
    live = await subscriptions.find_live(connection, user_id)
    if live is None or live[1] is not Status.INCOMPLETE:
        return NO_TENDERS
    unpaid = await subscriptions.load_current_state(connection, live[0])
    if unpaid.open_invoice is None or unpaid.plan.currency != currency:
        return NO_TENDERS
    return await purses.load_tenders(connection, unpaid.open_invoice.invoice_id)
