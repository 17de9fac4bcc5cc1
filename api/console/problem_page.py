"""A refusal or a fault as a page: in words, with its code and the id of the request, and no stack."""

import structlog
from fastapi import Request
from starlette.responses import HTMLResponse

from api.console.pages import page
from api.console.way_back import page_before
from api.problems import Problem, title_of


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    answer = page(
        request,
        "problem.html",
        status=problem.status,
        problem=problem,
        title=title_of(problem.status),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        page_before=page_before(request),
    )
    retry_after = (problem.headers or {}).get("Retry-After")
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    return answer
