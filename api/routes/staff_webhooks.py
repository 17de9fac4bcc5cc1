"""The webhook inbox, for staff: what came, what became of it, and having it judged again."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, key_parameter
from api.paging import encode_cursor
from api.problems import problem_responses
from api.schemas.base import RowId
from api.schemas.searches import WebhookSearch
from api.schemas.webhooks import ReplayOrderBody, WebhookBody, WebhookPage, WholeWebhookBody
from api.staff_webhooks import read_webhook, replay_webhook, responses_of
from db.database import Connection
from db.queries import inbox_views
from upkeep.replay_report import ReplayOrder, ReplayRefusal

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/admin/webhooks", tags=["Staff"])

AWAY = (503, "database_unavailable")


@router.get("", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_webhooks(
    asked: Annotated[WebhookSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> WebhookPage:
    """Every payment report that was accepted, the newest first."""
    page = asked.page
    async with context.database.read() as connection:
        found = await inbox_views.list_reports(
            connection, asked.only, before_id=page.after_id, limit=page.limit + 1
        )
    shown = found[: page.limit]
    return WebhookPage(
        items=[WebhookBody.model_validate(report) for report in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


@router.get(
    "/{webhook_id}",
    responses=problem_responses(*STAFF_REFUSALS, *responses_of(ReplayRefusal.NOT_FOUND), AWAY),
)
async def read_webhook_as_staff(
    webhook_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> WholeWebhookBody:
    """One report with what was signed, and who had it judged again."""
    async with context.database.read() as connection:
        return await read_webhook(connection, webhook_id)


@router.post(
    "/{webhook_id}/replay",
    response_model=WebhookBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS, *KEY_REFUSALS, (409, "idempotency_in_progress"), *responses_of(*ReplayRefusal), AWAY
    ),
)
async def replay(webhook_id: RowId, body: ReplayOrderBody, asked: StaffRequestDep) -> JSONResponse:
    """Has a report judged again that was parked or ignored, or waits for its next delivery: at once."""
    order = ReplayOrder(webhook_id, f"user:{asked.user.id}", body.reason)

    async def write(connection: Connection) -> WebhookBody:
        return await replay_webhook(connection, order)

    answer = await asked.once_written(body, write)
    log.warning("payment_report_replayed", report_id=webhook_id, actor=order.actor)
    asked.context.relay.wake()
    return answer
