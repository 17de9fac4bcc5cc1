"""Books a chargeback: what the bank took of a payment, once, and that billing stops until staff decide."""

import structlog

from activities.recording import write_change
from activities.settlement import Settlement, tell_of
from db.queries import disputes, ledger, payment_reports, purses, refundable
from db.queries.payment_reports import StoredReport
from db.queries.purses import Bill
from db.queries.refundable import RefundablePayment
from domain import ledger as movements
from domain.chargeback import disputed_cents, stop_billing
from domain.lifecycle import Event
from domain.payment import ReportedStatus
from domain.subscription import SubscriptionState

log = structlog.get_logger(__name__)


async def charge_back(settlement: Settlement, report: StoredReport) -> SubscriptionState:
    """Told again, whatever it is told with, it changes nothing more."""
    if await payment_reports.was_told(
        settlement.connection, report.payment_id, ReportedStatus.CHARGEBACK, but=report.report_id
    ):
        return settlement.state
    amount_cents = await _book(settlement, report)
    await disputes.flag_user(settlement.connection, settlement.billed.user_id, settlement.at)
    log.error("payment_charged_back", payment_id=report.payment_id, amount_cents=amount_cents)
    await tell_of(settlement, settlement.state, Event.CHARGED_BACK, amount_cents)
    change = stop_billing(settlement.state)
    if change is None:
        return settlement.state
    details = {"payment_id": report.payment_id}
    await write_change(
        settlement.connection, settlement.state, change, settlement.cause, settlement.at, details=details
    )
    return change.state


async def _book(settlement: Settlement, report: StoredReport) -> int:
    """Returns what was taken: nothing when all of the payment had gone back before."""
    connection, billed, at = settlement.connection, settlement.billed, settlement.at
    left = await disputes.find_left(connection, billed.payment_id)
    amount_cents = disputed_cents(report.fact.amount_cents, left)
    if not amount_cents:
        return 0
    currency = billed.payment.currency
    await purses.lock_balance(connection, billed.user_id, currency)
    before = await refundable.load_payment(connection, billed.payment_id)
    dispute_id = await disputes.insert_dispute(
        connection,
        payment_id=billed.payment_id,
        report_id=report.report_id,
        amount_cents=amount_cents,
        currency=currency,
        at=at,
    )
    from_balance_cents = await _take_surplus(settlement, before, dispute_id)
    movement = movements.charged_back(
        dispute_id, currency, amount_cents, from_balance_cents=from_balance_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    return amount_cents


async def _take_surplus(settlement: Settlement, before: RefundablePayment, dispute_id: int) -> int:
    """Money that paid for nothing, and has been charged back, is not spent on an invoice any more."""
    connection, billed = settlement.connection, settlement.billed
    after = await refundable.load_payment(connection, billed.payment_id)
    taken_cents = before.unapplied_left_cents - after.unapplied_left_cents
    if not taken_cents or not before.is_surplus_in_balance:
        return 0
    bill = Bill(billed.invoice_id, billed.user_id, billed.payment.currency)
    key = f"dispute:{dispute_id}:surplus"
    await purses.move_balance(connection, bill, -taken_cents, settlement.at, key=key)
    return taken_cents
