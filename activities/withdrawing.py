"""Gives back what was paid for a subscription, when its user withdraws from it."""

from collections.abc import Mapping
from datetime import datetime

from activities.contracts import Cause
from activities.correcting import return_to_purse
from activities.opened_refunds import open_refund_of
from db.database import Connection
from db.queries import purses, refundable
from db.queries.paid_time import load_paid_time
from db.queries.refundable import RefundableInvoice
from domain.changing import unused_cents
from domain.correction import CreditNoteReason, Paid, spread
from domain.refund import RefundReason, WithdrawalRule
from domain.subscription import SubscriptionState


async def refund_all(
    connection: Connection,
    before: SubscriptionState,
    after: SubscriptionState,
    *,
    rule: WithdrawalRule,
    cause: Cause,
    at: datetime,
) -> None:
    """Each tender gets back by the rule what it paid; what paid for nothing goes back as far as it is there.

    While the paid time is as long as it was paid for. Nothing that follows it may wait for others: see
    `issue_credit_note`.
    """
    await purses.load_purse(connection, before.user_id, before.plan.currency, at, lock=True)
    back = await _parts(connection, before, rule, at)
    to_cards = {invoice.payment_id: part.card_cents for invoice, part in back.items()}
    for payment_id in await refundable.list_payments(connection, before.subscription_id):
        payment = await refundable.load_payment(connection, payment_id)
        amount_cents = to_cards.get(payment_id, 0) + payment.unapplied_left_cents
        if amount_cents:
            await open_refund_of(
                connection,
                after,
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


async def _parts(
    connection: Connection, before: SubscriptionState, rule: WithdrawalRule, at: datetime
) -> Mapping[RefundableInvoice, Paid]:
    """What goes back of each invoice, the newest one first."""
    newest_first = (await refundable.list_invoices(connection, before.subscription_id))[::-1]
    if rule is WithdrawalRule.FULL:
        return {invoice: invoice.left for invoice in newest_first}
    ahead = [invoice for invoice in newest_first if _is_ahead(invoice, before)]
    begun = [invoice for invoice in newest_first if invoice not in ahead]
    unused = await _unused_cents(connection, before, at)
    parts = zip(begun, spread(unused, [invoice.left for invoice in begun]), strict=True)
    return {invoice: invoice.left for invoice in ahead} | dict(parts)


def _is_ahead(invoice: RefundableInvoice, before: SubscriptionState) -> bool:
    return invoice.period is not None and invoice.period.start >= before.period.end


async def _unused_cents(connection: Connection, before: SubscriptionState, at: datetime) -> int:
    """As a change of plan would credit it. It is no more than the newest invoices have left,
    so those of time that is over give nothing.

    Frozen, nothing was used since.
    """
    used_until = before.freeze.since if before.freeze else at
    paid = await load_paid_time(connection, before.subscription_id, used_until)
    return unused_cents(before, used_until, paid.cents, paid.given_back_cents)
