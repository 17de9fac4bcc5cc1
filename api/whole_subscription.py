"""A subscription whole, as the books have it: what staff need before they do anything to it."""

from api.find_subscription import find_subscription, no_such_subscription
from api.schemas.family import SeatsBody
from api.schemas.gift_cards import DueInvoiceBody
from api.schemas.staff_found import (
    FoundInvoiceBody,
    FoundPaymentBody,
    FoundUserBody,
    SeatedMemberBody,
    SubscriptionLinksBody,
    WholeSubscriptionBody,
)
from api.schemas.subscriptions import SubscriptionBody
from db.database import Connection
from db.queries import family_members, invoice_views, subscription_search, user_search
from db.queries.invoice_search import InvoiceFilter, search_invoices
from db.queries.payment_search import PaymentFilter, search_payments
from domain.family import seats_to_give

MOST_SHOWN = 20


async def show_whole(connection: Connection, subscription_id: int) -> WholeSubscriptionBody:
    """Raises a 404 `Problem`."""
    view, state = await find_subscription(connection, subscription_id)
    found = await subscription_search.find_subscription(connection, subscription_id)
    if found is None:
        raise no_such_subscription()
    members = await family_members.list_seated(connection, subscription_id)
    due = await invoice_views.find_due(connection, subscription_id)
    invoices = await search_invoices(
        connection, InvoiceFilter(subscription_id=subscription_id), before_id=None, limit=MOST_SHOWN
    )
    payments = await search_payments(
        connection, PaymentFilter(subscription_id=subscription_id), before_id=None, limit=MOST_SHOWN
    )
    path = f"/admin/subscriptions/{subscription_id}"
    return WholeSubscriptionBody(
        user=FoundUserBody.model_validate(await user_search.find_user(connection, found.user_id)),
        seats=SeatsBody(taken=len(members) + 1, total=seats_to_give(state)),
        members=[SeatedMemberBody.model_validate(member) for member in members],
        subscription=SubscriptionBody.of(view),
        parked_reason=found.parked_reason,
        created_at=found.created_at,
        open_invoice=due and DueInvoiceBody.model_validate(due),
        invoices=[FoundInvoiceBody.model_validate(invoice) for invoice in invoices],
        payments=[FoundPaymentBody.model_validate(payment) for payment in payments],
        links=SubscriptionLinksBody(timeline=f"{path}/timeline", explain=f"{path}/explain"),
    )
