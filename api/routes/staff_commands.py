"""For staff: the commands of a user, carried out for them. The timeline says by whom; staff read why."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, ReadingStaff
from api.change_plan import WantedPlan
from api.code_limits import guessing
from api.command_request import COMMAND_REFUSALS, CommandRequest, StaffRequestDep
from api.context import ContextDep
from api.idempotency import Accepted, key_parameter
from api.on_behalf import OnBehalf
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.invoices import WAITING as PAYMENT_WAITS
from api.routes.invoices import paid_or_waiting
from api.routes.plan_changes import CHANGE_PLAN_REFUSALS, CHANGE_REFUSALS, changed_or_waiting
from api.routes.plan_changes import WAITING as CHANGE_WAITS
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import ReasonBody, RowId
from api.schemas.gift_cards import RedeemedGiftBody
from api.schemas.invoices import InvoicePaymentBody
from api.schemas.plan_changes import ChangedPlanBody, ChangePlanPreviewBody, PlanChangePreviewBody
from api.schemas.staff_commands import (
    StaffCancelBody,
    StaffChangePlanBody,
    StaffFreezeBody,
    StaffRedeemBody,
)
from api.schemas.subscriptions import SubscriptionBody
from db.queries.subscription_views import SubscriptionView
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/subscriptions/{subscription_id}", tags=["Staff"])


def _command(
    *refusals: tuple[int, str],
    body: type = SubscriptionBody,
    also: dict[int | str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What the routes of all commands here say of themselves."""
    return {
        "response_model": body,
        "openapi_extra": key_parameter(required=False),
        "responses": (also or {})
        | problem_responses(*STAFF_REFUSALS, *COMMAND_REFUSALS, NOT_FOUND, *refusals),
    }


@router.post("/cancel", **_command(*responses_of(RefusalCode.SUBSCRIPTION_ENDED)))
async def cancel_for_user(
    subscription_id: RowId, body: StaffCancelBody, asked: StaffRequestDep
) -> JSONResponse:
    """Cancels at the period's end, or now. Twice is once."""
    return await _once(
        asked,
        body,
        lambda behalf, command_id: behalf.cancel(
            subscription_id, command_id, at_period_end=body.at_period_end
        ),
    )


@router.post("/uncancel", **_command(*responses_of(RefusalCode.NOT_CANCELING)))
async def uncancel_for_user(subscription_id: RowId, body: ReasonBody, asked: StaffRequestDep) -> JSONResponse:
    """Takes back a cancellation that waits for the period's end."""
    return await _once(asked, body, lambda behalf, command_id: behalf.uncancel(subscription_id, command_id))


@router.post(
    "/freeze",
    **_command(
        *responses_of(
            RefusalCode.FREEZE_ONLY_FROM_ACTIVE,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
            RefusalCode.FREEZE_UNTIL_IS_PAST,
            RefusalCode.PAYMENT_IN_PROGRESS,
        )
    ),
)
async def freeze_for_user(
    subscription_id: RowId, body: StaffFreezeBody, asked: StaffRequestDep
) -> JSONResponse:
    """Stops access and billing, within the user's allowance of the year."""
    return await _once(
        asked, body, lambda behalf, command_id: behalf.freeze(subscription_id, command_id, until=body.until)
    )


@router.post("/unfreeze", **_command(*responses_of(RefusalCode.NOT_FROZEN)))
async def unfreeze_for_user(subscription_id: RowId, body: ReasonBody, asked: StaffRequestDep) -> JSONResponse:
    """Lets a frozen subscription go on now."""
    return await _once(asked, body, lambda behalf, command_id: behalf.unfreeze(subscription_id, command_id))


@router.post(
    "/withdraw",
    **_command(
        *responses_of(
            RefusalCode.SUBSCRIPTION_ENDED,
            RefusalCode.WITHDRAWAL_PERIOD_OVER,
            RefusalCode.PAYMENT_IN_PROGRESS,
        )
    ),
)
async def withdraw_for_user(subscription_id: RowId, body: ReasonBody, asked: StaffRequestDep) -> JSONResponse:
    """Ends it within 14 days of the first start, with the money back. After them there are refunds."""
    return await _once(asked, body, lambda behalf, command_id: behalf.withdraw(subscription_id, command_id))


@router.post(
    "/change-plan/preview",
    responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, *CHANGE_REFUSALS, (503, "database_unavailable")),
)
async def preview_plan_change_for_user(
    subscription_id: RowId, body: ChangePlanPreviewBody, staff: ReadingStaff, context: ContextDep
) -> PlanChangePreviewBody:
    """What a change would bill. Writes nothing; its `quote` is good for the user's own change, too."""
    wanted = WantedPlan(body.plan_code, body.when)
    behalf = OnBehalf.by_staff(context, staff.id, "")
    return PlanChangePreviewBody.of(*await behalf.preview_plan_change(subscription_id, wanted, body.at))


@router.post("/change-plan", **_command(*CHANGE_PLAN_REFUSALS, body=ChangedPlanBody, also=CHANGE_WAITS))
async def change_plan_for_user(
    subscription_id: RowId, body: StaffChangePlanBody, asked: StaffRequestDep
) -> JSONResponse:
    """Up now, down at the period's end, as for the user: who pays is asked, and 402 when that is declined."""

    async def act(command_id: str) -> ChangedPlanBody | Accepted:
        wanted = WantedPlan(body.plan_code, body.when, body.quote)
        behalf = _behalf(asked, body.reason)
        return changed_or_waiting(*await behalf.change_plan(subscription_id, wanted, command_id))

    return await asked.once(body, act)


@router.post(
    "/redeem",
    **_command(
        *responses_of(
            RefusalCode.SUBSCRIPTION_ENDED,
            RefusalCode.GIFT_CARD_NOT_FOUND,
            RefusalCode.GIFT_CARD_EMPTY,
            RefusalCode.CURRENCY_MISMATCH,
        ),
        (429, "too_many_attempts"),
        body=RedeemedGiftBody,
    ),
)
async def redeem_for_user(
    subscription_id: RowId, body: StaffRedeemBody, request: Request, asked: StaffRequestDep
) -> JSONResponse:
    """Makes a gift card the user's. Wrong codes count against whoever of staff tries them."""

    async def act(command_id: str) -> RedeemedGiftBody:
        behalf = _behalf(asked, body.reason)
        async with guessing(asked.context, asked.user.id, request, gift_code=body.gift_code):
            return RedeemedGiftBody.of(*await behalf.redeem(subscription_id, body.gift_code, command_id))

    return await asked.once(body, act)


@router.post(
    "/retry-payment",
    **_command(
        (402, "payment_failed"),
        *responses_of(RefusalCode.INVOICE_NOT_PAYABLE, RefusalCode.PAYMENT_IN_PROGRESS),
        body=InvoicePaymentBody,
        also=PAYMENT_WAITS,
    ),
)
async def retry_payment_for_user(
    subscription_id: RowId, body: ReasonBody, asked: StaffRequestDep
) -> JSONResponse:
    """Charges the open invoice to the stored method now; this spends none of the automatic retries."""

    async def act(command_id: str) -> InvoicePaymentBody | Accepted:
        return paid_or_waiting(await _behalf(asked, body.reason).retry_payment(subscription_id, command_id))

    return await asked.once(body, act)


async def _once(
    asked: CommandRequest,
    body: ReasonBody | StaffFreezeBody,
    order: Callable[[OnBehalf, str], Awaitable[SubscriptionView]],
) -> JSONResponse:
    """A command that is answered with what the subscription is then."""

    async def act(command_id: str) -> SubscriptionBody:
        return SubscriptionBody.of(await order(_behalf(asked, body.reason), command_id))

    return await asked.once(body, act)


def _behalf(asked: CommandRequest, reason: str) -> OnBehalf:
    return OnBehalf.by_staff(asked.context, asked.user.id, reason)
