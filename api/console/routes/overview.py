"""The first page: how it goes, and how it went."""

from fastapi import Request
from starlette.responses import HTMLResponse

from api.console.glance import count_at_a_glance
from api.console.pages import page
from api.console.route import pages_router
from api.console.session import CurrentSession
from api.console.trends import trends_of
from api.context import ContextDep

router = pages_router()


@router.get("")
async def show(
    request: Request,
    session: CurrentSession,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> HTMLResponse:
    async with context.database.read() as connection:
        counts = await count_at_a_glance(connection)
    plots = await trends_of(request).plots(context.database)
    return page(request, "overview.html", counts=counts, plots=plots)
