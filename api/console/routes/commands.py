"""The forms of a subscription: each is what the API's own route does for staff, carried out once."""

from collections.abc import Awaitable, Callable

from fastapi.responses import JSONResponse
from starlette.responses import RedirectResponse

from api.command_request import CommandRequest
from api.console.forms import PostedForm, PostedFormDep
from api.console.pages import HOME, go_to
from api.console.route import pages_router
from api.idempotency import ACCEPTED
from api.routes import staff_commands, staff_unpark
from api.schemas.base import ReasonBody, RowId
from api.schemas.staff import UnparkBody
from api.schemas.staff_commands import StaffCancelBody, StaffChangePlanBody, StaffFreezeBody

router = pages_router()

PATH = "/subscriptions/{subscription_id}"
NOW = "now"


@router.post(f"{PATH}/cancel")
async def cancel(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """At the period's end, unless it says now."""
    at_period_end = posted.text("when") != NOW
    body = posted.read(StaffCancelBody, reason=posted.text("reason"), at_period_end=at_period_end)
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_commands.cancel_for_user(subscription_id, body, asked)
    )


@router.post(f"{PATH}/uncancel")
async def uncancel(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = _reason(posted)
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_commands.uncancel_for_user(subscription_id, body, asked)
    )


@router.post(f"{PATH}/freeze")
async def freeze(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """Until the beginning of a day, in UTC; without one for as long as the allowance lasts."""
    day = posted.text("until")
    until = f"{day}T00:00:00Z" if day else None
    body = posted.read(StaffFreezeBody, reason=posted.text("reason"), until=until)
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_commands.freeze_for_user(subscription_id, body, asked)
    )


@router.post(f"{PATH}/unfreeze")
async def unfreeze(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = _reason(posted)
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_commands.unfreeze_for_user(subscription_id, body, asked)
    )


@router.post(f"{PATH}/withdraw")
async def withdraw(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = _reason(posted)
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_commands.withdraw_for_user(subscription_id, body, asked)
    )


@router.post(f"{PATH}/change-plan")
async def change_plan(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """As it was previewed: the quote fixes the amounts."""
    chosen = {name: posted.text(name) for name in ("plan_code", "when", "quote", "reason")}
    body = posted.read(StaffChangePlanBody, **chosen)
    return await _carry_out(
        subscription_id,
        posted,
        lambda asked: staff_commands.change_plan_for_user(subscription_id, body, asked),
    )


@router.post(f"{PATH}/retry-payment")
async def retry_payment(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = _reason(posted)
    return await _carry_out(
        subscription_id,
        posted,
        lambda asked: staff_commands.retry_payment_for_user(subscription_id, body, asked),
    )


@router.post(f"{PATH}/unpark")
async def unpark(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = posted.read(UnparkBody, reason=posted.text("reason"))
    return await _carry_out(
        subscription_id, posted, lambda asked: staff_unpark.unpark(subscription_id, body, asked)
    )


def _reason(posted: PostedForm) -> ReasonBody:
    return posted.read(ReasonBody, reason=posted.text("reason"))


async def _carry_out(
    subscription_id: int, posted: PostedForm, act: Callable[[CommandRequest], Awaitable[JSONResponse]]
) -> RedirectResponse:
    """And back to the subscription, which says what was done."""
    answer = await posted.carry_out(act)
    done = posted.asked.path.rpartition("/")[2]
    if answer.status_code == ACCEPTED:
        done += "-waits"
    return go_to(f"{HOME}/subscriptions/{subscription_id}?done={done}")
