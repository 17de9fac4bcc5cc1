"""In and out of the console."""

from pathlib import Path

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from api.console.csrf import check_origin
from api.console.forms import PostedFields, read_body, read_fields
from api.console.pages import HEADERS, HOME, go_to, page
from api.console.route import pages_router
from api.console.session import CurrentSession, delete_cookie, find_session, set_cookie, sign_in, sign_out
from api.console.way_back import LOGIN, local
from api.context import ContextDep
from api.problem_handlers import problem_from
from api.problems import Problem
from api.rate_limits import client_address
from api.schemas.auth import LoginBody

router = pages_router()

_STYLE = Path(__file__).parent.with_name("console.css").read_text()


@router.get("/console.css")
async def read_style() -> Response:
    """All that a page loads."""
    return Response(_STYLE, media_type="text/css", headers=HEADERS)


@router.get("/login")
async def show_login(request: Request, context: ContextDep) -> Response:
    """Who is signed in already is led on."""
    back = local(request.query_params.get("next", HOME))
    if await find_session(request, context) is not None:
        return go_to(back)
    return _login_page(request, back)


@router.post("/login")
async def log_in(request: Request, context: ContextDep) -> Response:
    """With the limits and the words of every login; a student is told that this is not for them."""
    check_origin(request)
    fields = await read_fields(request)
    back, email = local(fields.get("next", HOME)), fields.get("email", "").strip()
    try:
        body = read_body(LoginBody, {"email": email, "password": fields.get("password", "")})
        token = await sign_in(context, body.email, body.password, client_address(request))
    except (Problem, RequestValidationError) as error:
        return _login_page(request, back, email=email, problem=problem_from(error))
    answer = go_to(back)
    set_cookie(answer, context.settings, token)
    return answer


@router.post("/logout")
async def log_out(session: CurrentSession, posted: PostedFields, context: ContextDep) -> RedirectResponse:  # noqa: ARG001 - lets nobody else's form in
    """Ends the session, not only its cookie."""
    await sign_out(context, session.claims)
    answer = go_to(LOGIN)
    delete_cookie(answer, context.settings)
    return answer


def _login_page(
    request: Request, back: str, *, email: str = "", problem: Problem | None = None
) -> HTMLResponse:
    status = problem.status if problem else 200
    answer = page(request, "login.html", status=status, back=back, email=email, problem=problem)
    retry_after = ((problem and problem.headers) or {}).get("Retry-After")
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    return answer
