"""What no real provider has: switches for faults, and how much is still on its way. An outage spares them."""

from fastapi import APIRouter, Depends, Response

from sandbox_psp import deliveries, switches
from sandbox_psp.bodies import OutageBody, PendingBody, TokenBody, WebhooksBody
from sandbox_psp.context import ContextDep, require_key
from sandbox_psp.problems import RefusalError
from sandbox_psp.switches import WebhookSwitches
from sandbox_psp.tokens import behavior_of

router = APIRouter(prefix="/v1", dependencies=[Depends(require_key)])

DONE = 204


@router.post("/control/outage", status_code=DONE)
async def switch_outage(body: OutageBody, context: ContextDep) -> Response:
    """Down for everybody: every answer is a 503. Reports are still sent, they leave by another door."""
    switches.switch_outage(context.book, on=body.on)
    return Response(status_code=DONE)


@router.post("/control/webhooks", status_code=DONE)
async def switch_webhooks(body: WebhooksBody, context: ContextDep) -> Response:
    switches.switch_webhooks(context.book, WebhookSwitches(**body.model_dump()))
    return Response(status_code=DONE)


@router.post("/control/tokens/{token}", status_code=DONE)
async def change_token(token: str, body: TokenBody, context: ContextDep) -> Response:
    """From its next charge on the token behaves like another one; like itself to undo it."""
    if behavior_of(token) is None or behavior_of(body.behaves_like) is None:
        raise RefusalError(404, "payment_method_not_found", "There is no such payment method.")
    switches.change_token(context.book, token, body.behaves_like)
    return Response(status_code=DONE)


@router.get("/deliveries/pending")
async def count_pending(context: ContextDep, subscription_id: int | None = None) -> PendingBody:
    """Reports that are still to be delivered, and charges whose customer will answer unasked."""
    return PendingBody(count=deliveries.count_pending(context.book, subscription_id))
