"""Opens refunds, with what they take out of the customer's balance: shared by all who give money back."""

from datetime import datetime

from activities.announcing import announce_with_purse
from activities.contracts import Cause
from activities.telling import tell
from db.database import Connection
from db.queries import ledger, purses, refunds
from db.queries.purses import Bill
from db.queries.refundable import RefundablePayment
from db.queries.refunds import RefundOrder
from domain import ledger as movements
from domain.lifecycle import Change, Event
from domain.refund import RefundReason
from domain.subscription import SubscriptionState


async def begin_refund(
    connection: Connection, state: SubscriptionState, order: RefundOrder, cause: Cause, at: datetime
) -> int | None:
    """Opens a refund and tells of it. Returns its id, or `None` when it was opened before."""
    refund_id = await refunds.insert_refund(connection, order, at)
    if refund_id is not None:
        details: dict[str, int | str] = {
            "refund_id": refund_id,
            "payment_id": order.payment_id,
            "amount_cents": order.amount_cents,
            "currency": order.currency,
        }
        await tell(connection, Change(state, Event.REFUND_OPENED), cause, at, details)
    return refund_id


async def open_refund_of(
    connection: Connection,
    state: SubscriptionState,
    payment: RefundablePayment,
    amount_cents: int,
    *,
    unapplied_cents: int,
    key: str,
    reason: RefundReason,
    cause: Cause,
    at: datetime,
) -> int:
    """`unapplied_cents` of it paid for nothing: the customer cannot spend that any more, from now on.

    With the subscription's row locked, and `payment` read since. Returns the refund's id.
    """
    order = RefundOrder(
        payment_id=payment.payment_id,
        key=key,
        reason=reason,
        amount_cents=amount_cents,
        unapplied_cents=unapplied_cents,
        currency=payment.currency,
        actor=cause.actor,
        trace_id=cause.trace_id,
        note_id=cause.note_id,
    )
    refund_id = await begin_refund(connection, state, order, cause, at)
    if refund_id is None:
        raise LookupError(f"the refund {key} is there and cannot be seen")
    if unapplied_cents and payment.is_surplus_in_balance:
        bill = Bill(payment.invoice_id, payment.user_id, payment.currency)
        await purses.move_balance(connection, bill, -unapplied_cents, at, key=f"refund:{refund_id}:opened")
        await announce_with_purse(connection, state, at)
        movement = movements.refund_opened(refund_id, payment.currency, unapplied_cents)
        await ledger.post_movement(connection, payment.subscription_id, movement, at)
    return refund_id


async def take_back_refused(
    connection: Connection, state: SubscriptionState, refund: refunds.Refunding, at: datetime
) -> None:
    """Its provider does not give it back: what it took out of the balance is there again."""
    if not refund.from_balance_cents:
        return
    bill = Bill(refund.invoice_id, refund.user_id, refund.currency)
    key = f"refund:{refund.refund_id}:refused"
    await purses.move_balance(connection, bill, refund.from_balance_cents, at, key=key)
    await announce_with_purse(connection, state, at)
    movement = movements.refund_refused(refund.refund_id, refund.currency, refund.from_balance_cents)
    await ledger.post_movement(connection, refund.subscription_id, movement, at)
