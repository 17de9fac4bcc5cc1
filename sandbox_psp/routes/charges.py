"""Payment methods and charges."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from sandbox_psp import charges
from sandbox_psp.bodies import ChargeBody, ChargeOrderBody, ChargesBody, MethodBody, OutcomeBody
from sandbox_psp.charge import Charge, ChargeRequest
from sandbox_psp.charges import Listed
from sandbox_psp.clock import now
from sandbox_psp.context import Context, ContextDep, IdempotencyKey, refuse_in_outage, require_key
from sandbox_psp.problems import AnswerLostError, RefusalError
from sandbox_psp.switches import Card, card_of, loses_request
from sandbox_psp.tokens import Fault

router = APIRouter(prefix="/v1", dependencies=[Depends(require_key), Depends(refuse_in_outage)])

Cursor = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=1_000)]


@router.get("/payment-methods/{token}")
async def get_payment_method(token: str, context: ContextDep) -> MethodBody:
    card = card_of(context.book, token)
    if card is None:
        raise RefusalError(404, "payment_method_not_found", "There is no such payment method.")
    look = card.behavior
    return MethodBody(
        token=token, brand="visa", last4=look.last4, expiry_month=12, expiry_year=look.expiry_year
    )


@router.post("/charges", status_code=201)
async def create_charge(order: ChargeOrderBody, key: IdempotencyKey, context: ContextDep) -> ChargeBody:
    card = _card(context, order.method_token)
    request = ChargeRequest(key=key, **order.model_dump())
    charge = charges.find_by_key(context.book, key)
    if charge is None:
        charge = _make_charge(context, request, card)
        if card.behavior.fault is Fault.ANSWER_LOST:
            raise AnswerLostError
    elif not request.made(charge):
        raise RefusalError(422, "idempotency_key_reused", "Another charge was made under this key.")
    if card.behavior.fault is Fault.SLOW:
        await asyncio.sleep(context.settings.slow_seconds)
    return _body(context, charge)


@router.get("/charges")
async def list_charges(
    context: ContextDep,
    *,
    cursor: Cursor = 0,
    limit: Limit = 100,
    subscription_id: int | None = None,
    created_from: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
) -> ChargesBody:
    listed = Listed(
        subscription_id,
        None if created_from is None else created_from.timestamp(),
        None if created_before is None else created_before.timestamp(),
    )
    page = charges.list_charges(context.book, listed, after_id=cursor, limit=limit)
    return ChargesBody(
        charges=[_body(context, charge) for charge in page],
        next_cursor=str(page[-1].id) if len(page) == limit else None,
    )


@router.get("/charges/by-key/{key}")
async def get_charge(key: str, context: ContextDep) -> ChargeBody:
    return _body(context, _charge(context, key))


@router.post("/charges/by-key/{key}/cancel")
async def cancel_charge(key: str, context: ContextDep) -> ChargeBody:
    """Withdraws a pending charge; one that is settled stays as it is."""
    return _body(context, charges.cancel(context.book, _charge(context, key), now()))


@router.post("/charges/{reference}/complete-action")
async def complete_action(reference: str, body: OutcomeBody, context: ContextDep) -> ChargeBody:
    """What the customer does on the page of the `action_url`."""
    charge = charges.find_by_reference(context.book, reference)
    if charge is None:
        raise RefusalError(404, "charge_not_found", "There is no such charge.")
    if charge.status != "pending":
        raise RefusalError(409, "charge_not_pending", f"The charge is {charge.status}.")
    completed = charges.complete_action(context.book, charge, body.outcome, now())
    context.wake()
    return _body(context, completed)


def _make_charge(context: Context, request: ChargeRequest, card: Card) -> Charge:
    if card.behavior.fault is Fault.DOWN:
        raise RefusalError(503, "unavailable", "The provider is down for this card.")
    if card.behavior.fault is Fault.REQUEST_LOST and loses_request(context.book, request.key):
        raise AnswerLostError
    made = charges.make_charge(context.book, request, card, now(), context.settings.action_seconds)
    context.wake()
    return made


def _card(context: Context, token: str) -> Card:
    card = card_of(context.book, token)
    if card is None:
        raise RefusalError(422, "payment_method_not_found", "There is no such payment method.")
    return card


def _charge(context: Context, key: str) -> Charge:
    charge = charges.find_by_key(context.book, key)
    if charge is None:
        raise RefusalError(404, "charge_not_found", "No charge was made under this key.")
    return charge


def _body(context: Context, charge: Charge) -> ChargeBody:
    return ChargeBody.of(charge, context.settings.own_url)
