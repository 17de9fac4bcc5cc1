"""What a page of the console sends: read as a form, known to come from there, and carried out once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from api.auth.staff import check_role
from api.command_request import CommandRequest, subject_of
from api.console.csrf import FIELD, check_origin, check_token
from api.console.session import ConsoleSession, CurrentSession
from api.context import ContextDep
from api.idempotency import check_key
from api.problems import Problem

MOST_FIELDS = 50
KEY = "key"
LONGEST_WAIT_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.2

Body = TypeVar("Body", bound=BaseModel)
Act = Callable[[CommandRequest], Awaitable[JSONResponse]]


@dataclass(frozen=True)
class PostedForm:
    """A form of an administrator. `asked` is the request as the API's own routes take it."""

    session: ConsoleSession
    fields: Mapping[str, str]
    asked: CommandRequest

    def text(self, name: str) -> str | None:
        """What was filled in; `None` for nothing but blanks."""
        return self.fields.get(name, "").strip() or None

    def read(self, kind: type[Body], **values: Any) -> Body:
        """The API's own body out of these values, without those that are `None`.

        Raises `RequestValidationError`, as a route does.
        """
        return read_body(kind, {name: value for name, value in values.items() if value is not None})

    async def carry_out(self, act: Act) -> JSONResponse:
        """A double click is one request that comes twice: the second waits for the answer of the first."""
        give_up_at = _seconds() + LONGEST_WAIT_SECONDS
        while True:
            try:
                return await act(self.asked)
            except Problem as problem:
                if problem.code != "idempotency_in_progress" or _seconds() > give_up_at:
                    raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def read_fields(request: Request) -> dict[str, str]:
    """Raises a 400 `Problem` for what is no form, or says something twice."""
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise _no_form() from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _no_form()
    return fields


def read_body(kind: type[Body], values: Mapping[str, Any]) -> Body:
    """Raises `RequestValidationError`, as a route does."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


async def _posted_by_admin(request: Request, session: CurrentSession, context: ContextDep) -> PostedForm:
    posted = await _posted(request, session, context)
    check_role(session.user, to_write=True)
    return PostedForm(
        session,
        posted,
        CommandRequest(
            request.url.path, session.user, check_key(posted.get(KEY, "")), context, subject_of(request)
        ),
    )


async def _posted(request: Request, session: CurrentSession, context: ContextDep) -> dict[str, str]:
    check_origin(request)
    fields = await read_fields(request)
    check_token(context.settings, session.claims.token_id, fields.get(FIELD, ""))
    return fields


PostedFields = Annotated[dict[str, str], Depends(_posted)]
"""A form of whoever is signed in, that comes from a page of that session. Raises a 403 `Problem`."""

PostedFormDep = Annotated[PostedForm, Depends(_posted_by_admin)]
"""The same, and lets only those in who may write."""


def _no_form() -> Problem:
    return Problem(400, "invalid_form", "The form could not be read.")


def _seconds() -> float:
    return asyncio.get_running_loop().time()
