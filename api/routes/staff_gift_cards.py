"""Gift cards, for staff: issue a batch, whose codes are shown once, and see what became of it."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, key_parameter
from api.issue_gift_cards import issue_gift_cards, with_codes
from api.paging import PageRequestDep, encode_cursor
from api.problems import problem_responses
from api.schemas.gift_cards import (
    GiftCardBatchBody,
    GiftCardBatchPage,
    IssuedBody,
    KeptBatchBody,
    NewGiftCardsBody,
)
from api.staff_hand import Hand
from db.queries import gift_card_batches

router = APIRouter(prefix="/admin/gift-cards", tags=["Staff"])

AWAY = (503, "database_unavailable")


@router.post(
    "",
    status_code=201,
    response_model=IssuedBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS,
        *KEY_REFUSALS,
        (409, "idempotency_in_progress"),
        (422, "expires_at_is_past"),
        AWAY,
    ),
)
async def issue(body: NewGiftCardsBody, asked: StaffRequestDep) -> JSONResponse:
    """Issues gift cards of one amount. Their codes are not stored, and shown in this answer only."""
    codes, hand = asked.context.gift_codes, Hand(asked.user, body.reason)

    def reveal(kept: dict[str, Any]) -> dict[str, Any]:
        return with_codes(codes, KeptBatchBody.model_validate(kept)).model_dump(mode="json")

    return await asked.once_written(
        body,
        lambda connection: issue_gift_cards(connection, codes, body, hand),
        status_code=201,
        reveal=reveal,
    )


@router.get("/batches", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_gift_card_batches(
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> GiftCardBatchPage:
    """Every batch, the oldest first, without its codes."""
    async with context.database.read() as connection:
        found = await gift_card_batches.list_batches(connection, after_id=page.after_id, limit=page.limit + 1)
    shown = found[: page.limit]
    return GiftCardBatchPage(
        items=[GiftCardBatchBody.model_validate(batch) for batch in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )
