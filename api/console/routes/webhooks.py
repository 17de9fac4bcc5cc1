"""The webhook inbox: what came, what became of it, and having it judged again."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from api.console.forms import PostedFormDep, read_body
from api.console.pages import HOME, go_to, page
from api.console.route import pages_router
from api.console.session import CurrentSession
from api.context import ContextDep
from api.problem_handlers import problem_from
from api.problems import Problem
from api.routes import staff_webhooks
from api.schemas.base import RowId
from api.schemas.searches import WebhookSearch
from api.schemas.webhooks import ReplayOrderBody
from db.queries.payment_reports import ReportStatus

router = pages_router()


@router.get("/webhooks")
async def search(request: Request, session: CurrentSession, context: ContextDep) -> HTMLResponse:
    """The newest first."""
    asked = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    found, problem = None, None
    try:
        search = read_body(WebhookSearch, asked)
        found = await staff_webhooks.list_webhooks(search, session.user, context)
    except (Problem, RequestValidationError) as error:
        problem = problem_from(error)
    return page(
        request,
        "webhooks.html",
        status=problem.status if problem else 200,
        asked=asked,
        found=found,
        problem=problem,
        statuses=list(ReportStatus),
    )


@router.get("/webhooks/{webhook_id}")
async def show(
    request: Request, webhook_id: RowId, session: CurrentSession, context: ContextDep
) -> HTMLResponse:
    """What was signed, as text, and who had it judged again."""
    webhook = await staff_webhooks.read_webhook_as_staff(webhook_id, session.user, context)
    return page(request, "webhook.html", webhook=webhook)


@router.post("/webhooks/{webhook_id}/replay")
async def replay(webhook_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    body = posted.read(ReplayOrderBody, reason=posted.text("reason"))
    await posted.carry_out(lambda asked: staff_webhooks.replay(webhook_id, body, asked))
    return go_to(f"{HOME}/webhooks/{webhook_id}?done=replay")
