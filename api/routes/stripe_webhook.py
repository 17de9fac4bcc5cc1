"""Stripe's webhook: verified on raw bytes by Stripe's rules, then received as every other report."""

import time
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request

from api.context import Context, ContextDep
from api.count_webhooks import WebhookDep
from api.problems import RETRY_SOON, Problem, problem_responses
from api.receive_report import WEBHOOK_REFUSALS, receive, refused_body, refused_signature
from api.schemas.payments import AcceptedBody
from payments import stripe_webhook
from payments.provider import OutcomeUnknownError, ProviderRejectedError, ProviderUnavailableError
from payments.provider_report import ProviderReport, ReportRefusedError
from payments.providers import UnknownProviderError
from payments.stripe_objects import NAME as STRIPE
from payments.stripe_webhook import StripeEvent

router = APIRouter(tags=["Payments"])
log = structlog.get_logger(__name__)

NO_ANSWER = (ProviderUnavailableError, OutcomeUnknownError, ProviderRejectedError)

DESCRIBED: dict[str, Any] = {
    "parameters": [
        {
            "name": "Stripe-Signature",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "pattern": "^[a-z0-9]+=[^,]+(,[a-z0-9]+=[^,]+)*$"},
            "description": "`t=<unix seconds>,v1=<hex HMAC-SHA256 of {t}.{raw body}>` from these 5 minutes.",
        },
    ],
    "requestBody": {
        "required": True,
        "description": "An event of Stripe's API. What says nothing of a payment of ours is ignored.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["id", "type", "created", "livemode", "data"],
                    "properties": {
                        "id": {"type": "string"},
                        "type": {"type": "string"},
                        "created": {"type": "integer"},
                        "livemode": {"type": "boolean"},
                        "data": {"type": "object", "required": ["object"]},
                    },
                },
                "example": {
                    "id": "evt_1",
                    "type": "charge.refunded",
                    "created": 1767225600,
                    "livemode": False,
                    "data": {"object": {}},
                },
            }
        },
    },
}
"""The raw bytes are read by hand, so FastAPI sees neither headers nor body."""


async def _verified_body(request: Request, context: ContextDep) -> bytes:
    """The raw bytes, once their signature holds. Nothing is parsed before."""
    body = await request.body()
    try:
        stripe_webhook.verify(
            context.settings.stripe_webhook_secrets,
            body,
            request.headers.getlist("Stripe-Signature"),
            now=time.time(),
        )
    except ReportRefusedError as refused:
        raise refused_signature(refused) from refused
    return body


@router.post(
    "/payments/webhook/stripe",
    openapi_extra=DESCRIBED,
    response_model_exclude_none=True,
    responses=problem_responses(*WEBHOOK_REFUSALS, (503, "payment_provider_unavailable")),
)
async def receive_stripe_event(
    webhook: WebhookDep, body: Annotated[bytes, Depends(_verified_body)], context: ContextDep
) -> AcceptedBody:
    """Takes an event of Stripe's. What was answered with 200, and is of a payment of ours, is never lost."""
    webhook.provider = STRIPE
    event = _parse(body, context)
    report = await _report_in(event, context)
    if report is None:
        log.info("stripe_event_ignored", event_id=event.event_id, event_type=event.type)
        return webhook.answered(AcceptedBody(ignored=True))
    return webhook.answered(await receive(context, report, stripe_webhook.without_personal_data(body)))


def _parse(body: bytes, context: Context) -> StripeEvent:
    try:
        event = stripe_webhook.parse(body)
    except ReportRefusedError as refused:
        raise refused_body(refused) from refused
    if event.is_live is not context.settings.stripe_is_live:
        mode = "live" if event.is_live else "test"
        raise Problem(422, "invalid_payload", f"Events of {mode} mode are not accepted here.")
    return event


async def _report_in(event: StripeEvent, context: Context) -> ProviderReport | None:
    """`None` for what says nothing of a payment that the product has asked for."""
    said = event.said
    if said is None:
        return None
    payment_id = said.payment_id
    if said.intent_id is not None:
        payment_id = await _ask_whose_it_is(said.intent_id, context)
    return None if payment_id is None else event.report_of(payment_id, said)


async def _ask_whose_it_is(intent_id: str, context: Context) -> int | None:
    """A dispute names no payment of ours. When Stripe does not answer, it sends the event again."""
    try:
        return await context.providers.find_payment_of_intent(intent_id)
    except (*NO_ANSWER, UnknownProviderError) as error:
        log.warning("stripe_intent_not_found", intent_id=intent_id, error=str(error))
        raise Problem(
            503, "payment_provider_unavailable", "Stripe did not tell of the payment.", headers=RETRY_SOON
        ) from error
