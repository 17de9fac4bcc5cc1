"""Another plan: what it would cost, and the change."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.change_plan import WantedPlan
from api.command_request import COMMAND_REFUSALS, CommandRequestDep
from api.context import ContextDep
from api.idempotency import Accepted, key_parameter
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.plan_changes import (
    ChangedPlanBody,
    ChangePlanBody,
    ChangePlanPreviewBody,
    PlanChangePreviewBody,
)
from db.queries.invoice_views import PaymentView
from db.queries.subscription_views import SubscriptionView
from domain.payment import PaymentStatus
from domain.refusals import RefusalCode

router = APIRouter(prefix="/subscriptions/{subscription_id}/change-plan", tags=["Subscriptions"])

CHANGE_REFUSALS = responses_of(
    RefusalCode.PLAN_NOT_FOUND,
    RefusalCode.PLAN_UNCHANGED,
    RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
    RefusalCode.PAYMENT_IN_PROGRESS,
    RefusalCode.RENEWAL_ALREADY_PAID,
    RefusalCode.CURRENCY_MISMATCH,
)
CHANGE_PLAN_REFUSALS = (
    *CHANGE_REFUSALS,
    (402, "payment_failed"),
    (422, "quote_invalid"),
    *responses_of(
        RefusalCode.QUOTE_OUTDATED, RefusalCode.PLAN_CHANGE_REPLACED, RefusalCode.PLAN_CHANGE_VOIDED
    ),
)
WAITING: dict[int | str, dict[str, Any]] = {
    202: {"model": ChangedPlanBody, "description": "The change waits for its payment."}
}


@router.post(
    "/preview",
    responses=problem_responses(*TOKEN_REFUSALS, NOT_FOUND, *CHANGE_REFUSALS, (503, "database_unavailable")),
)
async def preview_plan_change(
    subscription_id: RowId, user: CurrentUser, context: ContextDep, body: ChangePlanPreviewBody
) -> PlanChangePreviewBody:
    """What a change would bill. Writes nothing; `quote` holds for 15 minutes, for a change as of `at`."""
    wanted = WantedPlan(body.plan_code, body.when)
    foreseen, quote = await context.changer.preview(user.id, subscription_id, wanted, body.at)
    return PlanChangePreviewBody.of(foreseen, quote)


@router.post(
    "",
    response_model=ChangedPlanBody,
    openapi_extra=key_parameter(required=False),
    responses=WAITING
    | problem_responses(
        *TOKEN_REFUSALS,
        *COMMAND_REFUSALS,
        NOT_FOUND,
        *CHANGE_PLAN_REFUSALS,
    ),
)
async def change_plan(subscription_id: RowId, asked: CommandRequestDep, body: ChangePlanBody) -> JSONResponse:
    """Up now, down at the period's end; the plan that it is on takes an earlier choice back.

    A change now is paid first: 202 while its payment waits for its payer (`action_url`, or the manual
    provider) or takes its provider long, 402 when it was declined. Then nothing has changed, and neither has
    it with 409 `plan_change_replaced`, when a later choice of plan took its place before it was paid, or
    `plan_change_voided`, when the subscription was canceled or frozen before.
    """

    async def act(command_id: str) -> ChangedPlanBody | Accepted:
        wanted = WantedPlan(body.plan_code, body.when, body.quote)
        view, payment = await asked.context.changer.change(
            asked.user.id, subscription_id, wanted, command_id, await asked.cause()
        )
        return changed_or_waiting(view, payment)

    return await asked.once(body, act)


def changed_or_waiting(view: SubscriptionView, payment: PaymentView | None) -> ChangedPlanBody | Accepted:
    answer = ChangedPlanBody.after(view, payment)
    is_done = payment is None or payment.status == PaymentStatus.SUCCEEDED
    return answer if is_done else Accepted(answer)
