"""Subscriptions: looked for, one whole, its timeline, what another plan would cost. Nothing is written."""

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import HTMLResponse

from api.console.forms import read_body
from api.console.pages import page
from api.console.route import pages_router
from api.console.session import ConsoleSession, CurrentSession
from api.console.shown_subscription import show_subscription, tell_story
from api.context import Context, ContextDep
from api.find_subscription import find_subscription
from api.paging import PageRequestDep, cut
from api.problem_handlers import problem_from
from api.problems import Problem
from api.routes.staff_commands import preview_plan_change_for_user
from api.routes.staff_subscriptions import search_subscriptions_as_staff
from api.schemas.base import RowId
from api.schemas.plan_changes import ChangePlanPreviewBody
from api.schemas.searches import SubscriptionSearch
from db.queries import catalogue, timeline
from domain.subscription import Status
from upkeep.own_time import own_now

router = pages_router()


@router.get("/subscriptions")
async def search(request: Request, session: CurrentSession, context: ContextDep) -> HTMLResponse:
    """What is not filled in is not asked for. A filter that makes no sense is told beside the form."""
    asked = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    found, problem = None, None
    try:
        search = read_body(SubscriptionSearch, asked)
        found = await search_subscriptions_as_staff(search, session.user, context)
    except (Problem, RequestValidationError) as error:
        problem = problem_from(error)
    async with context.database.read() as connection:
        plans = await catalogue.list_plans_on_sale(connection)
    return page(
        request,
        "subscriptions.html",
        status=problem.status if problem else 200,
        asked=asked,
        found=found,
        problem=problem,
        plans=plans,
        statuses=list(Status),
    )


@router.get("/subscriptions/{subscription_id}")
async def show(
    request: Request, subscription_id: RowId, session: CurrentSession, context: ContextDep
) -> HTMLResponse:
    """What support needs to answer a customer, and an administrator to act."""
    shown = await show_subscription(context, subscription_id)
    return page(
        request,
        "subscription.html",
        shown=shown,
        story=await tell_story(context, shown),
        tools=_tools(session, context),
    )


@router.get("/subscriptions/{subscription_id}/timeline")
async def show_timeline(
    request: Request,
    subscription_id: RowId,
    session: CurrentSession,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    asked: PageRequestDep,
) -> HTMLResponse:
    """All that ever happened to it, the newest first."""
    async with context.database.read() as connection:
        view, _ = await find_subscription(connection, subscription_id)
        found = await timeline.list_newest(
            connection, subscription_id, before_id=asked.after_id, limit=asked.limit + 1
        )
    entries, cursor = cut(found, asked, lambda entry: entry.id)
    return page(
        request,
        "timeline.html",
        subscription_id=subscription_id,
        entries=entries,
        next_cursor=cursor,
        now=own_now(view.clock_offset),
    )


@router.get("/subscriptions/{subscription_id}/change-plan")
async def preview_plan_change(
    request: Request, subscription_id: RowId, session: CurrentSession, context: ContextDep
) -> HTMLResponse:
    """What it would bill; for an administrator with the form that does it, for exactly these amounts."""
    asked = {name: request.query_params.get(name) or None for name in ("plan_code", "when")}
    body = read_body(ChangePlanPreviewBody, {name: value for name, value in asked.items() if value})
    preview = await preview_plan_change_for_user(subscription_id, body, session.user, context)
    async with context.database.read() as connection:
        view, _ = await find_subscription(connection, subscription_id)
    return page(
        request, "plan_change.html", view=view, body=body, preview=preview, now=own_now(view.clock_offset)
    )


def _tools(session: ConsoleSession, context: Context) -> dict[str, Any]:
    """What only a system that charges nobody has: its forms are there where their routes are."""
    return {
        "clock": session.may_write and context.settings.virtual_clock,
        "card": session.may_write and bool(context.settings.psp_url),
    }
