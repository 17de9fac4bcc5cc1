"""What no real provider has: switches for faults, a bank at hand, how much is on its way.

An outage spares them.
"""

from fastapi import APIRouter, Depends, Response

from sandbox_psp import charges, deliveries, switches
from sandbox_psp.bodies import ChargebackBody, ChargeBody, OutageBody, PendingBody, TokenBody, WebhooksBody
from sandbox_psp.chargebacks import ChargebackRefusedError, charge_back
from sandbox_psp.clock import now
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


@router.post("/control/charges/{reference}/charge-back", status_code=201)
async def charge_back_charge(reference: str, body: ChargebackBody, context: ContextDep) -> ChargeBody:
    """What a payer's bank does: it takes the money back, and the product is told."""
    charge = charges.find_by_reference(context.book, reference)
    if charge is None:
        raise RefusalError(404, "charge_not_found", "There is no such charge.")
    try:
        taken = charge_back(context.book, charge, body.amount_cents, now())
    except ChargebackRefusedError:
        raise RefusalError(
            409,
            "not_chargeable_back",
            "It did not succeed, was charged back before, or has not so much left.",
        ) from None
    context.wake()
    return ChargeBody.of(taken, context.settings.own_url)


@router.get("/deliveries/pending")
async def count_pending(context: ContextDep, subscription_id: int | None = None) -> PendingBody:
    """Reports that are still to be delivered, and charges whose customer will answer unasked."""
    return PendingBody(count=deliveries.count_pending(context.book, subscription_id))
