"""What does not agree, as reconciliation saw it last."""

from fastapi import Request
from starlette.responses import HTMLResponse

from api.console.pages import page
from api.console.route import pages_router
from api.console.session import CurrentSession
from api.context import ContextDep
from api.paging import PageRequestDep
from api.routes.reconciliation import read_reconciliation

router = pages_router()


@router.get("/findings")
async def show(
    request: Request, session: CurrentSession, context: ContextDep, asked: PageRequestDep
) -> HTMLResponse:
    """What is open, the oldest first."""
    found = await read_reconciliation(session.user, context, asked)
    return page(request, "findings.html", found=found)
