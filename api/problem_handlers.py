"""The one place that turns an exception into a problem."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.allowed_methods import allowed_methods
from api.auth.current_user import refused_token
from api.problems import RETRY_SOON, Problem, ProblemResponse, title_of
from api.workflow_updates import interrupted
from db import database
from ops import temporal_errors
from upkeep.arrival import WorkflowBehindError

MOST_ERRORS_LISTED = 20
LONGEST_FIELD_NAME = 100

DATABASE_UNAVAILABLE = "database_unavailable"
ENGINE_UNAVAILABLE = "workflow_engine_unavailable"
INTERNAL_ERROR = "internal_error"

FRAMEWORK_REFUSALS = {
    # FastAPI's only 400 of its own: a body that it could not read as JSON.
    400: ("invalid_json", "The body is not valid JSON."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer to this method; see the Allow header."),
    408: ("request_timeout", "The body took too long to arrive."),
    413: ("body_too_large", "The body is larger than 64 KiB."),
    415: ("unsupported_media_type", "Send JSON, with Content-Type: application/json."),
}

log = structlog.get_logger(__name__)


def install_problem_handlers(app: FastAPI) -> None:
    for kind in (Problem, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(405, _answer_another_method)


async def _answer(_request: Request, error: Exception) -> ProblemResponse:
    return ProblemResponse(problem_from(error))


async def _answer_another_method(request: Request, error: Exception) -> ProblemResponse:
    answer = await _answer(request, error)
    if "Allow" in answer.headers:
        answer.headers["Allow"] = allowed_methods(request)
    return answer


def problem_from(error: Exception) -> Problem:
    """What the client is told. Whatever is not foreseen is logged here and told as nothing but a 500."""
    match error:
        case Problem():
            return error
        case HTTPException():
            return _framework_problem(error)
        case RequestValidationError():
            return _validation_problem(error.errors())
        case WorkflowBehindError():
            return interrupted()
    if database.is_of_erased_user(error):  # with a token from before
        return refused_token("token_invalid")
    return _outage_problem(error) or _internal_problem(error)


def code_of(error: Exception) -> str:
    """The code that the client is told, without a word in the log."""
    match error:
        case Problem():
            return error.code
        case HTTPException():
            return _framework_problem(error).code
    if database.is_unavailable(error):
        return DATABASE_UNAVAILABLE
    return ENGINE_UNAVAILABLE if temporal_errors.is_unavailable(error) else INTERNAL_ERROR


def _framework_problem(error: HTTPException) -> Problem:
    title = title_of(error.status_code)
    code, detail = FRAMEWORK_REFUSALS.get(
        error.status_code, (re.sub(r"[^a-z]+", "_", title.lower()), f"{title}.")
    )
    return Problem(error.status_code, code, detail, headers=error.headers)


def _validation_problem(errors: Sequence[Mapping[str, Any]]) -> Problem:
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem(400, *FRAMEWORK_REFUSALS[400])
    return Problem(
        422,
        "validation_failed",
        "The request has fields that are missing, unknown or not valid.",
        errors=[
            {"field": _field_of(error["loc"]), "message": _message_of(error)}
            for error in errors[:MOST_ERRORS_LISTED]
        ],
    )


def _field_of(location: Sequence[str | int]) -> str:
    """`plan_code`, `lines.0.amount`; the part of the request (`body`) when all of it is meant."""
    inside = location[1:] or location
    return ".".join(str(part) for part in inside)[:LONGEST_FIELD_NAME]


def _message_of(error: Mapping[str, Any]) -> str:
    if "reason" in error.get("ctx", {}):
        return "must be a valid e-mail address"  # the library's own reason quotes the address
    return str(error["msg"]).removeprefix("Value error, ")


def _outage_problem(error: Exception) -> Problem | None:
    if database.is_unavailable(error):
        code, detail = DATABASE_UNAVAILABLE, "The database cannot be reached. Repeat the same request."
    elif temporal_errors.is_unavailable(error):
        code, detail = (
            ENGINE_UNAVAILABLE,
            "The workflow engine did not answer in time. Repeat the same request with the same key.",
        )
    else:
        return None
    log.warning("outage", code=code, error=type(error).__name__, cause=str(error.__cause__ or error))
    return Problem(503, code, detail, headers=RETRY_SOON)


def _internal_problem(error: Exception) -> Problem:
    log.error("unexpected_error", exc_info=error)
    return Problem(500, INTERNAL_ERROR, "Something went wrong on our side. Quote the request_id to us.")
