"""Applies one payment report, once: what it does to payment, invoice, period, ledger and subscription."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from temporalio import activity

from activities.contracts import SettlePayment
from db.database import Connection, Database
from db.queries import invoices, ledger, payment_reports, payments, subscriptions, timeline
from db.queries.payment_reports import ReportStatus, StoredReport
from db.queries.payments import Billed
from domain import ledger as movements
from domain import lifecycle
from domain.invoice import InvoiceStatus
from domain.lifecycle import Event
from domain.payment import Verdict, judge
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs

UNEXPLAINED_DECLINE = "declined"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Settlement:
    """One report and what it is about, all of it locked."""

    connection: Connection
    report: StoredReport
    billed: Billed
    state: SubscriptionState
    at: datetime


class SettlePaymentActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def settle_payment(self, command: SettlePayment) -> SubscriptionState:
        async with self._database.transaction() as connection:
            return await _settle(connection, command)


async def _settle(connection: Connection, command: SettlePayment) -> SubscriptionState:
    """Locks in the order of every writer: subscription, then payment; then reads the report again."""
    report = await payment_reports.load_report(connection, command.report_id)
    subscription_id = await payments.find_subscription_of(connection, report.payment_id)
    bind_to_logs(subscription_id=subscription_id, trace_id=report.trace_id)
    state = await subscriptions.lock_state(connection, subscription_id)
    billed = await payments.lock_payment(connection, report.payment_id)
    report = await payment_reports.load_report(connection, command.report_id)
    if report.status is not ReportStatus.RECEIVED:
        return state
    return await _apply(Settlement(connection, report, billed, state, command.at))


async def _apply(settlement: Settlement) -> SubscriptionState:
    verdict = judge(settlement.billed.payment, settlement.report.fact)
    report_id, connection = settlement.report.report_id, settlement.connection
    if verdict is Verdict.MISMATCH:
        log.error("payment_report_parked", report_id=report_id, reason=verdict)
        await payment_reports.park(connection, report_id, verdict)
        await _tell(settlement, Event.PAYMENT_PARKED, settlement.state)
        return settlement.state
    await payment_reports.mark_applied(connection, report_id, settlement.at)
    match verdict:
        case Verdict.PAID:
            return await _receive_money(settlement)
        case Verdict.DECLINED:
            await payments.mark_failed(
                connection,
                settlement.billed.payment_id,
                settlement.report.decline_code or UNEXPLAINED_DECLINE,
                settlement.at,
            )
            await _tell(settlement, Event.PAYMENT_DECLINED, settlement.state)
    return settlement.state


async def _receive_money(settlement: Settlement) -> SubscriptionState:
    """Pays the invoice and activates; when it is void by now, the money is owed to the customer."""
    connection, billed, at = settlement.connection, settlement.billed, settlement.at
    received_cents = settlement.report.fact.amount_cents or billed.payment.amount_cents
    is_owed = billed.invoice_status is InvoiceStatus.OPEN
    owed_cents = billed.payment.amount_cents if is_owed else 0
    await payments.mark_succeeded(connection, billed.payment_id, received_cents, at)
    movement = movements.payment_received(
        billed.payment_id, billed.payment.currency, received_cents, owed_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    if not is_owed:
        await _tell(settlement, Event.LATE_PAYMENT_RECEIVED, settlement.state, received_cents)
        return settlement.state
    await invoices.mark_paid(connection, billed.invoice_id, billed.payment_id, at)
    await subscriptions.insert_paid_period(
        connection, billed.subscription_id, billed.invoice_id, billed.period
    )
    change = lifecycle.activate(settlement.state)
    await subscriptions.write_state(connection, change.state)
    await _tell(settlement, change.event, change.state, received_cents)
    if received_cents > owed_cents:
        await _tell(settlement, Event.PAYMENT_OVERPAID, change.state, received_cents - owed_cents)
    return change.state


async def _tell(
    settlement: Settlement, event: Event, state: SubscriptionState, amount_cents: int | None = None
) -> None:
    report, billed = settlement.report, settlement.billed
    asked_cents = billed.payment.amount_cents
    await timeline.append_entry(
        settlement.connection,
        subscription_id=billed.subscription_id,
        version=state.version,
        event=event,
        actor=f"provider:{report.provider}",
        cause=f"payment report {report.report_id}",
        trace_id=report.trace_id,
        at=settlement.at,
        details={
            "invoice_id": billed.invoice_id,
            "payment_id": billed.payment_id,
            "amount_cents": asked_cents if amount_cents is None else amount_cents,
            "currency": billed.payment.currency,
        },
    )
