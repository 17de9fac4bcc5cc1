"""A provider's verified report about a payment: stored, answered, and delivered to the workflow after."""

from dataclasses import replace

import structlog
from structlog.contextvars import bind_contextvars

from api.context import Context
from api.problems import Problem
from api.schemas.payments import AcceptedBody
from db.queries import payment_reports
from db.queries.payment_reports import IncomingReport, ReportedPayment, ReportStatus
from domain.payment import Verdict, judge
from ops import spans
from ops.spans import Past
from ops.tracing import REPORT, current_trace_id, stored_as
from payments.provider_report import ProviderReport, ReportRefusedError

WEBHOOK_REFUSALS = (
    (400, "invalid_json"),
    (401, "signature_missing"),
    (401, "signature_invalid"),
    (401, "signature_expired"),
    (413, "body_too_large"),
    (422, "invalid_payload"),
    (503, "database_unavailable"),
)
"""What every webhook can be answered."""

log = structlog.get_logger(__name__)


def refused_signature(refused: ReportRefusedError) -> Problem:
    return Problem(401, refused.code, refused.detail)


def refused_body(refused: ReportRefusedError) -> Problem:
    """Of a body whose signature holds."""
    return Problem(400 if refused.code == "invalid_json" else 422, refused.code, refused.detail)


async def receive(context: Context, report: ProviderReport, raw_body: bytes) -> AcceptedBody:
    """What was answered is never lost. What names no payment of ours is kept too, for staff to look at.

    `raw_body` is what is kept of it.
    """
    incoming = _incoming(report, raw_body)
    async with context.database.transaction() as connection:
        payment = await payment_reports.share_lock_payment(connection, report.payment_id, report.provider)
        status = _status_of(report, payment)
        applied_at = payment.settled_at if payment and status is ReportStatus.APPLIED else None
        report_id = await payment_reports.store_report(connection, incoming, status, applied_at)
    if report_id is not None:
        _mark_stored(report_id)
    if payment is not None:
        bind_contextvars(subscription_id=payment.subscription_id)
    log.info("payment_reported", report_id=report_id, payment_id=report.payment_id, status=report.fact.status)
    if payment is None:
        return AcceptedBody(ignored=True)
    if report_id is None:
        return AcceptedBody(duplicate=True)
    if status is ReportStatus.RECEIVED:
        context.relay.wake()
    return AcceptedBody()


def _mark_stored(report_id: int) -> None:
    """Whoever delivers the report goes on from here."""
    request = spans.current()
    if request is not None:
        own = replace(stored_as(REPORT, report_id, request.trace_id), is_sampled=request.is_sampled)
        spans.past(Past("store report", "producer", own=own, parent=request), report_id=report_id)


def _incoming(report: ProviderReport, raw_body: bytes) -> IncomingReport:
    return IncomingReport(
        provider=report.provider,
        event_id=report.event_id,
        payment_id=report.payment_id,
        fact=report.fact,
        decline_code=report.decline_code,
        occurred_at=report.occurred_at,
        raw_body=raw_body,
        trace_id=current_trace_id(),
    )


def _status_of(report: ProviderReport, payment: ReportedPayment | None) -> ReportStatus:
    """What says nothing new, such as the report of a charge that was answered at once, wakes nobody."""
    if payment is None:
        return ReportStatus.IGNORED
    is_known = judge(payment.terms, report.fact) is Verdict.NOTHING_NEW
    return ReportStatus.APPLIED if is_known else ReportStatus.RECEIVED
