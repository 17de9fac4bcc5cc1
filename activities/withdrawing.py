"""Gives back what was paid for a subscription, when its user withdraws from it."""

from datetime import datetime
from functools import partial

from activities.contracts import Cause
from activities.correcting import return_to_purse
from activities.opened_refunds import open_refund_of
from db.database import Connection
from db.queries import purses, refundable
from db.queries.refundable import RefundableInvoice
from domain.correction import CreditNoteReason, Paid, part_of_each
from domain.refund import RefundReason, WithdrawalRule, withdrawal_cents
from domain.subscription import SubscriptionState


async def refund_all(
    connection: Connection, state: SubscriptionState, rule: WithdrawalRule, cause: Cause, at: datetime
) -> None:
    """Each tender gets back by the rule what it paid; what paid for nothing goes back as far as it is there.

    While the paid time is as long as it was paid for. Nothing that follows it may wait for others: see
    `issue_credit_note`.
    """
    await purses.load_purse(connection, state.user_id, state.plan.currency, at, lock=True)
    back = {
        invoice: _part(invoice, rule, at)
        for invoice in await refundable.list_invoices(connection, state.subscription_id)
    }
    to_cards = {invoice.payment_id: part.card_cents for invoice, part in back.items()}
    for payment_id in await refundable.list_payments(connection, state.subscription_id):
        payment = await refundable.load_payment(connection, payment_id)
        amount_cents = to_cards.get(payment_id, 0) + payment.unapplied_left_cents
        if amount_cents:
            await open_refund_of(
                connection,
                state,
                payment,
                amount_cents,
                unapplied_cents=payment.unapplied_left_cents,
                key=f"payment:{payment_id}:withdrawal",
                reason=RefundReason.WITHDRAWAL,
                cause=cause,
                at=at,
            )
    for invoice, part in back.items():
        await return_to_purse(
            connection,
            invoice,
            part.tenders,
            at,
            key=f"invoice:{invoice.invoice_id}:withdrawal",
            reason=CreditNoteReason.WITHDRAWAL,
        )


def _part(invoice: RefundableInvoice, rule: WithdrawalRule, at: datetime) -> Paid:
    return part_of_each(invoice.left, partial(withdrawal_cents, rule, paid_for=invoice.period, at=at))
