"""Gives a paid invoice back to what it was paid with: card first, then balance, then gift cards.

What gift cards and balance get is there at once, with its credit note. The card's part is a refund, which is
sent next, and has its credit note once it has succeeded.
"""

from temporalio import activity

from activities.contracts import RefundInvoice
from activities.correcting import find_way_back, return_to_purse
from activities.opened_refunds import open_refund_of
from activities.refusal import refusal_error
from activities.telling import tell
from db.database import Connection, Database
from db.queries import credit_notes, refundable, refunds, subscriptions
from db.queries.refundable import RefundableInvoice
from domain.correction import CreditNoteReason, given_back
from domain.lifecycle import Change, Event
from domain.refund import RefundReason, amount_to_refund
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from domain.tenders import Tenders
from ops.tracing import bind_to_logs


class RefundInvoiceActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def refund_invoice(self, command: RefundInvoice) -> int | None:
        try:
            async with self._database.transaction() as connection:
                return await _give_back(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused


async def _give_back(connection: Connection, command: RefundInvoice) -> int | None:
    """The subscription's lock makes refunds of one invoice follow one another."""
    subscription_id = await refundable.find_subscription_of(connection, command.invoice_id)
    bind_to_logs(subscription_id=subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, subscription_id)
    opened = await refunds.find_by_key(connection, command.key)
    if opened is not None or await credit_notes.find_note(connection, command.key) is not None:
        return opened
    invoice = await refundable.load_invoice(connection, command.invoice_id)
    amount_cents = amount_to_refund(
        command.amount_cents, invoice.left.total_cents, RefusalCode.REFUND_EXCEEDS_INVOICE
    )
    part = given_back(invoice.left, amount_cents)
    refund_id = await _to_card(connection, state, invoice, part.card_cents, command)
    back = await find_way_back(connection, invoice, part.tenders, command.at)
    if part.tenders.total_cents:
        change = Change(state, Event.REFUNDED, details=_told(invoice, back.received))
        await tell(connection, change, command.cause, command.at, change.details)
    await return_to_purse(
        connection, state, invoice, back, command.at, key=command.key, reason=CreditNoteReason.STAFF
    )
    return refund_id


async def _to_card(
    connection: Connection,
    state: SubscriptionState,
    invoice: RefundableInvoice,
    cents: int,
    command: RefundInvoice,
) -> int | None:
    """A surplus of its payment is not the invoice's, and stays where it is."""
    if invoice.payment_id is None or not cents:
        return None
    payment = await refundable.load_payment(connection, invoice.payment_id)
    return await open_refund_of(
        connection,
        state,
        payment,
        cents,
        unapplied_cents=0,
        key=command.key,
        reason=RefundReason.STAFF,
        cause=command.cause,
        at=command.at,
    )


def _told(invoice: RefundableInvoice, received: Tenders) -> dict[str, int | str]:
    """What is done at once; the card's part has begun, and is told of by its refund."""
    return {
        "invoice_id": invoice.invoice_id,
        "currency": invoice.currency,
        "gift_cents": received.gift_cents,
        "balance_cents": received.balance_cents,
        "amount_cents": received.total_cents,
    }
