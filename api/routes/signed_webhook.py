"""The payment webhook of the manual mock and the sandbox: verified on raw bytes, then received."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.context import Context, ContextDep
from api.count_webhooks import WebhookDep
from api.problems import Problem, problem_responses
from api.receive_report import WEBHOOK_REFUSALS, receive, refused_body, refused_signature
from api.schemas.payments import AcceptedBody
from payments import signed_webhook
from payments.provider_report import ProviderReport, ReportRefusedError

router = APIRouter(tags=["Payments"])

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
        raise refused_signature(refused) from refused
    return body


@router.post(
    "/payments/webhook",
    openapi_extra=DESCRIBED,
    response_model_exclude_none=True,
    responses=problem_responses(*WEBHOOK_REFUSALS, (422, "unsupported_status")),
)
async def receive_payment_report(
    webhook: WebhookDep, body: Annotated[bytes, Depends(_verified_body)], context: ContextDep
) -> AcceptedBody:
    """Takes a provider's report about a payment. What was answered with 200 is never lost."""
    report = _parse(body, context)
    webhook.provider = report.provider
    return webhook.answered(await receive(context, report, body))


def _parse(body: bytes, context: Context) -> ProviderReport:
    try:
        report = signed_webhook.parse(body)
    except ReportRefusedError as refused:
        raise refused_body(refused) from refused
    if context.settings.is_production:
        raise Problem(422, "invalid_payload", f"{report.provider} is not accepted in production.")
    return report
