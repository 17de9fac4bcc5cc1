"""Refunds."""

from fastapi import APIRouter, Depends

from sandbox_psp import refunds
from sandbox_psp.bodies import RefundBody, RefundOrderBody, RefundsBody
from sandbox_psp.clock import now
from sandbox_psp.context import Context, ContextDep, IdempotencyKey, refuse_in_outage, require_key
from sandbox_psp.problems import AnswerLostError, RefusalError
from sandbox_psp.refunds import Refund, RefundRefusedError, RefundRequest
from sandbox_psp.routes.charges import Cursor, Limit
from sandbox_psp.switches import card_of
from sandbox_psp.tokens import Fault

router = APIRouter(prefix="/v1/refunds", dependencies=[Depends(require_key), Depends(refuse_in_outage)])


@router.post("", status_code=201)
async def create_refund(order: RefundOrderBody, key: IdempotencyKey, context: ContextDep) -> RefundBody:
    request = RefundRequest(key=key, **order.model_dump())
    refund = refunds.find_by_key(context.book, key)
    if refund is None:
        refund = _make_refund(context, request)
    elif not request.made(refund):
        raise RefusalError(422, "idempotency_key_reused", "Another refund was made under this key.")
    return RefundBody.of(refund)


@router.get("")
async def list_refunds(context: ContextDep, cursor: Cursor = 0, limit: Limit = 100) -> RefundsBody:
    page = refunds.list_refunds(context.book, after_id=cursor, limit=limit)
    return RefundsBody(
        refunds=[RefundBody.of(refund) for refund in page],
        next_cursor=str(page[-1].id) if len(page) == limit else None,
    )


@router.get("/by-key/{key}")
async def get_refund(key: str, context: ContextDep) -> RefundBody:
    refund = refunds.find_by_key(context.book, key)
    if refund is None:
        raise RefusalError(404, "refund_not_found", "No refund was made under this key.")
    return RefundBody.of(refund)


def _make_refund(context: Context, request: RefundRequest) -> Refund:
    try:
        refund = refunds.make_refund(context.book, request, now())
    except RefundRefusedError:
        raise RefusalError(
            422, "not_refundable", "No succeeded charge in this currency has so much left under this key."
        ) from None
    card = card_of(context.book, refund.method_token)
    if card is not None and card.behavior.fault is Fault.REFUND_ANSWER_LOST:
        raise AnswerLostError
    return refund
