"""The payment webhook: verified on raw bytes, stored, answered; delivered to the workflow after."""

import time
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from structlog.contextvars import bind_contextvars

from api.context import Context, ContextDep
from api.problems import Problem, problem_responses
from api.schemas.payments import AcceptedBody
from db.queries import payment_reports
from db.queries.payment_reports import IncomingReport, ReportedPayment, ReportStatus
from domain.payment import Verdict, judge
from ops.tracing import current_trace_id
from payments import signed_webhook
from payments.provider_report import ProviderReport, ReportRefusedError

router = APIRouter(tags=["Payments"])
log = structlog.get_logger(__name__)

DESCRIBED: dict[str, Any] = {
    "parameters": [
        {
            "name": "X-Signature",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
            "description": "`sha256=` and the hex HMAC-SHA256 of the raw body, or of `{timestamp}.{body}`.",
        },
        {
            "name": "X-Timestamp",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
            "description": "Unix seconds. When sent, it is signed too and has to be within 5 minutes of now.",
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": signed_webhook.Payload.model_json_schema(),
                "example": {"payment_id": 1, "status": "SUCCEEDED", "provider": "mock"},
            }
        },
    },
}
"""The raw bytes are read by hand, so FastAPI sees neither headers nor body."""


async def _verified_body(request: Request, context: ContextDep) -> bytes:
    """The raw bytes, once their signature holds. Nothing is parsed before."""
    body = await request.body()
    try:
        signed_webhook.verify(
            context.settings.webhook_secrets,
            body,
            signatures=request.headers.getlist("X-Signature"),
            timestamps=request.headers.getlist("X-Timestamp"),
            now=time.time(),
        )
    except ReportRefusedError as refused:
        raise Problem(401, refused.code, refused.detail) from refused
    return body


@router.post(
    "/payments/webhook",
    openapi_extra=DESCRIBED,
    response_model_exclude_none=True,
    responses=problem_responses(
        (400, "invalid_json"),
        (401, "signature_missing"),
        (401, "signature_invalid"),
        (401, "signature_expired"),
        (413, "body_too_large"),
        (422, "invalid_payload"),
        (422, "unsupported_status"),
        (503, "database_unavailable"),
    ),
)
async def receive_payment_report(
    body: Annotated[bytes, Depends(_verified_body)], context: ContextDep
) -> AcceptedBody:
    """Takes a provider's report about a payment. What was answered with 200 is never lost."""
    report = _parse(body, context)
    incoming = IncomingReport(
        provider=report.provider,
        event_id=report.event_id,
        payment_id=report.payment_id,
        fact=report.fact,
        decline_code=report.decline_code,
        occurred_at=report.occurred_at,
        raw_body=body,
        trace_id=current_trace_id(),
    )
    async with context.database.transaction() as connection:
        payment = await payment_reports.share_lock_payment(connection, report.payment_id, report.provider)
        status = _status_of(report, payment)
        applied_at = payment.settled_at if payment and status is ReportStatus.APPLIED else None
        report_id = await payment_reports.store_report(connection, incoming, status, applied_at)
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


def _status_of(report: ProviderReport, payment: ReportedPayment | None) -> ReportStatus:
    """What says nothing new, such as the report of a charge that was answered at once, wakes nobody."""
    if payment is None:
        return ReportStatus.IGNORED
    is_known = judge(payment.terms, report.fact) is Verdict.NOTHING_NEW
    return ReportStatus.APPLIED if is_known else ReportStatus.RECEIVED


def _parse(body: bytes, context: Context) -> ProviderReport:
    try:
        report = signed_webhook.parse(body)
    except ReportRefusedError as refused:
        raise Problem(
            400 if refused.code == "invalid_json" else 422, refused.code, refused.detail
        ) from refused
    if context.settings.is_production:
        raise Problem(422, "invalid_payload", f"{report.provider} is not accepted in production.")
    return report
