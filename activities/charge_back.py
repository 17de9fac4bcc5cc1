"""Books a chargeback: what the bank took of a payment, once, and that billing stops until staff decide."""

from dataclasses import replace

import structlog

from activities.recording import write_change
from activities.settlement import Settlement, tell_of
from db.queries import disputes, ledger, payment_reports
from db.queries.payment_reports import StoredReport
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
    of_its_payer = replace(settlement.state, user_id=settlement.billed.user_id)
    await tell_of(settlement, of_its_payer, Event.CHARGED_BACK, amount_cents)
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
    dispute_id = await disputes.insert_dispute(
        connection,
        payment_id=billed.payment_id,
        report_id=report.report_id,
        amount_cents=amount_cents,
        currency=currency,
        at=at,
    )
    movement = movements.charged_back(dispute_id, currency, amount_cents)
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    return amount_cents
