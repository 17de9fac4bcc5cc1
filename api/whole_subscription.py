"""A subscription whole, as the books have it: what staff need before they do anything to it."""

from api.schemas.gift_cards import DueInvoiceBody
from api.schemas.staff_found import (
    FoundInvoiceBody,
    FoundPaymentBody,
    FoundUserBody,
    SubscriptionLinksBody,
    WholeSubscriptionBody,
)
from api.schemas.subscriptions import SubscriptionBody
from api.subscription_commands import no_such_subscription
from db.database import Connection
from db.queries import invoice_views, subscription_search, subscription_views, user_search
from db.queries.invoice_search import InvoiceFilter, search_invoices
from db.queries.payment_search import PaymentFilter, search_payments

MOST_SHOWN = 20


async def show_whole(connection: Connection, subscription_id: int) -> WholeSubscriptionBody:
    """Raises a 404 `Problem`."""
    found = await subscription_search.find_subscription(connection, subscription_id)
    if found is None:
        raise no_such_subscription()
    view = await subscription_views.find_of_user(connection, found.user_id, subscription_id)
    if view is None:
        raise no_such_subscription()
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
        subscription=SubscriptionBody.of(view),
        parked_reason=found.parked_reason,
        created_at=found.created_at,
        open_invoice=due and DueInvoiceBody.model_validate(due),
        invoices=[FoundInvoiceBody.model_validate(invoice) for invoice in invoices],
        payments=[FoundPaymentBody.model_validate(payment) for payment in payments],
        links=SubscriptionLinksBody(timeline=f"{path}/timeline", explain=f"{path}/explain"),
    )
