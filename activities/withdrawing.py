"""Gives back what was paid for a subscription, when its user withdraws from it."""

from collections.abc import Mapping
from datetime import datetime

from activities.balance_credit import return_to_gift_cards
from activities.contracts import Cause
from activities.correcting import find_way_back, return_to_purse
from activities.opened_refunds import open_refund_of
from db.database import Connection
from db.queries import purses, refundable
from db.queries.paid_time import load_paid_time
from db.queries.plan_credits import CreditedInvoice, list_credited
from db.queries.purses import Bill
from db.queries.refundable import RefundableInvoice
from domain.changing import unused_cents
from domain.correction import CreditNoteReason, Paid, given_back, spread
from domain.refund import RefundReason, WithdrawalRule
from domain.subscription import SubscriptionState
from domain.tenders import Purse, unexpired


async def refund_all(
    connection: Connection,
    before: SubscriptionState,
    after: SubscriptionState,
    *,
    rule: WithdrawalRule,
    cause: Cause,
    at: datetime,
) -> None:
    """Each tender gets back by the rule what it paid. What paid for nothing goes back as far as it is there.

    So does what changes of plan have credited, to what had paid for it: last, when the balance has back what
    it had paid. While the paid time is as long as it was paid for. Nothing that follows it may wait for
    others: see `issue_credit_note`.
    """
    purse = await purses.load_purse(connection, before.user_id, before.plan.currency, at, lock=True)
    back = await _parts(connection, before, rule, at)
    credited = await list_credited(connection, before.subscription_id)
    for invoice, part in back.items():
        await return_to_purse(
            connection,
            after,
            invoice,
            await find_way_back(connection, invoice, part.tenders, at),
            at,
            key=f"invoice:{invoice.invoice_id}:withdrawal",
            reason=CreditNoteReason.WITHDRAWAL,
        )
    balance_cents = purse.balance_cents + sum(part.tenders.balance_cents for part in back.values())
    unapplied = await _surpluses(connection, before.subscription_id, balance_cents)
    credits_back = _out_of_balance(credited, balance_cents - sum(unapplied.values()))
    to_cards = {invoice.payment_id: part.card_cents for invoice, part in back.items()}
    for credit, part in credits_back.items():
        await _return_gifts(connection, before, credit, part, at)
        if credit.payment_id is not None:
            unapplied[credit.payment_id] += part.card_cents
    for payment_id, unapplied_cents in unapplied.items():
        amount_cents = to_cards.get(payment_id, 0) + unapplied_cents
        if amount_cents:
            await open_refund_of(
                connection,
                after,
                await refundable.load_payment(connection, payment_id),
                amount_cents,
                unapplied_cents=unapplied_cents,
                key=f"payment:{payment_id}:withdrawal",
                reason=RefundReason.WITHDRAWAL,
                cause=cause,
                at=at,
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
    """As a change of plan would credit it: no more than is left of the invoices that paid for it, the newest.

    Frozen, nothing was used since.
    """
    used_until = before.freeze.since if before.freeze else at
    paid = await load_paid_time(connection, before.subscription_id, used_until)
    return unused_cents(before, used_until, paid.cents, paid.given_back_cents)


async def _surpluses(connection: Connection, subscription_id: int, balance_cents: int) -> dict[int, int]:
    """What paid for nothing and is still in the balance, by payment: of each one, it may be nothing."""
    surpluses = {}
    for payment_id in await refundable.list_payments(connection, subscription_id):
        payment = await refundable.load_payment(connection, payment_id)
        surpluses[payment_id] = min(payment.unapplied_left_cents, balance_cents)
        balance_cents -= surpluses[payment_id]
    return surpluses


def _out_of_balance(credited: list[CreditedInvoice], balance_cents: int) -> Mapping[CreditedInvoice, Paid]:
    """By what had paid for it.

    What the balance itself had paid of one stays where it is: it is there for the earlier ones, which had
    put it there.
    """
    parts = {}
    for credit in credited:
        parts[credit] = given_back(credit.paid, balance_cents)
        balance_cents -= parts[credit].total_cents - parts[credit].tenders.balance_cents
    return parts


async def _return_gifts(
    connection: Connection, before: SubscriptionState, credit: CreditedInvoice, part: Paid, at: datetime
) -> None:
    """A card that has expired gets nothing of it: in the balance it can be spent."""
    expiries = await purses.list_expiries(connection, before.user_id)
    gifts = unexpired(Purse(part.tenders.gifts), expiries, at).gifts
    bill = Bill(credit.invoice_id, before.user_id, before.plan.currency)
    await return_to_gift_cards(connection, before.subscription_id, bill, gifts, at)
