"""Applies one payment report from the inbox, once, and those of its payment in the order they came in."""

from dataclasses import replace

import structlog
from temporalio import activity

from activities.charge_back import charge_back
from activities.contracts import Cause, Settled, SettlePayment
from activities.settlement import decline, lock_settlement, receive_money, settled, tell_of
from db.database import Connection, Database, is_unavailable
from db.queries import disputes, payment_reports, payments, report_deliveries
from db.queries.payment_reports import ReportStatus
from db.queries.payments import Billed
from domain.invoice import InvoiceStatus
from domain.lifecycle import Event
from domain.payment import Decline, PaymentFact, ReportedStatus, Verdict, judge
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs

log = structlog.get_logger(__name__)


class SettlePaymentActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def settle_payment(self, command: SettlePayment) -> Settled:
        """What came before it for the same payment takes effect first, whoever was told of that."""
        while True:
            outcome = await self._try(command)
            if isinstance(outcome, Settled):
                return outcome
            for report_id in outcome:
                await self.settle_payment(replace(command, report_id=report_id))

    async def _try(self, command: SettlePayment) -> Settled | tuple[int, ...]:
        try:
            async with self._database.transaction() as connection:
                return await _settle(connection, command)
        except Exception as error:
            if not is_unavailable(error):
                await self._note_failure(command.report_id, error)
            raise

    async def _note_failure(self, report_id: int, error: Exception) -> None:
        """It is delivered again all the same, but not for ever."""
        async with self._database.transaction() as connection:
            await report_deliveries.note_failure(connection, report_id, type(error).__name__)


async def _settle(connection: Connection, command: SettlePayment) -> Settled | tuple[int, ...]:
    """Reads the report once more under the lock: somebody else may have applied it.

    Returns what has to be settled before it, if anything.
    """
    report = await payment_reports.load_report(connection, command.report_id)
    cause = Cause(f"provider:{report.provider}", f"payment report {report.report_id}", report.trace_id)
    subscription_id = await payments.find_subscription_of(connection, report.payment_id)
    if report.fact.status is ReportedStatus.CHARGEBACK:
        await disputes.lock_user_of(connection, report.payment_id)
    settlement = await lock_settlement(connection, subscription_id, report.payment_id, cause, command.at)
    bind_to_logs(subscription_id=settlement.state.subscription_id, trace_id=report.trace_id)
    report = await payment_reports.load_report(connection, command.report_id)
    if report.status is not ReportStatus.RECEIVED:
        return await settled(settlement, settlement.state)
    if report.earlier_unread:
        return report.earlier_unread
    verdict = judge(settlement.billed.payment, report.fact)
    if _waits(settlement.billed, verdict, report.fact):
        log.error("payment_report_parked", report_id=report.report_id, reason=verdict)
        await payment_reports.park(connection, report.report_id, verdict)
        await tell_of(settlement, settlement.state, Event.PAYMENT_PARKED, more=report.fact.received)
        return Settled(settlement.state)
    await payment_reports.mark_applied(connection, report.report_id, command.at)
    state: SubscriptionState = settlement.state
    match verdict:
        case Verdict.PAID | Verdict.MISMATCH:
            asked_cents = settlement.billed.payment.amount_cents
            state = await receive_money(settlement, report.fact.amount_cents or asked_cents)
        case Verdict.DECLINED:
            state = await decline(settlement, Decline.of(report.decline_code))
        case Verdict.CHARGED_BACK:
            state = await charge_back(settlement, report)
    return await settled(settlement, state)


def _waits(billed: Billed, verdict: Verdict, fact: PaymentFact) -> bool:
    """For a person who has to look or, when it reverses what is not paid, for the payment's success."""
    return verdict is Verdict.TOO_EARLY or (verdict is Verdict.MISMATCH and not _goes_back(billed, fact))


def _goes_back(billed: Billed, fact: PaymentFact) -> bool:
    """Whether it is money for an invoice that was given up: whatever the amount, nobody has to look."""
    was_given_up = billed.invoice_status in {InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE}
    return was_given_up and fact.currency in {None, billed.payment.currency} and fact.amount_cents != 0
