"""A command that a user or staff send by HTTP: who, under which key, and why; carried out once per key."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from activities.contracts import Cause
from api.auth.current_user import CurrentUser, SignedInUser
from api.auth.staff import CurrentStaff
from api.context import Context, ContextDep
from api.idempotency import KEY_REFUSALS, Accepted, OptionalKey, Reveal, as_kept, request_hash
from api.refusals import responses_of
from api.schemas.base import RowId
from db.database import Connection
from db.queries import notes
from db.queries.idempotency import Subject
from domain.refusals import RefusalCode
from ops.tracing import current_trace_id

ASKED_FOR = "asked for"
AWAY = ((503, "database_unavailable"), (503, "workflow_engine_unavailable"), (503, "workflow_interrupted"))
COMMAND_REFUSALS = (
    *KEY_REFUSALS,
    (409, "idempotency_in_progress"),
    *responses_of(RefusalCode.SUBSCRIPTION_HANDED_ON),
    *AWAY,
)
"""For `problem_responses` of every route that sends a command."""

SUBJECTS = {
    "user_id": "user",
    "subscription_id": "subscription",
    "invoice_id": "invoice",
    "payment_id": "payment",
    "webhook_id": "webhook",
}
"""What is somebody's, by the name that it has in the paths of staff."""

_ROW_ID: TypeAdapter[int] = TypeAdapter(RowId)


@dataclass(frozen=True)
class CommandRequest:
    path: str
    user: SignedInUser
    key: str | None
    context: Context
    subject: Subject | None = None

    async def once(
        self,
        body: BaseModel | None,
        act: Callable[[str], Awaitable[BaseModel | Accepted]],
        *,
        status_code: int = 200,
    ) -> JSONResponse:
        """`act` gets the id of the command to send: the same whenever the same request comes again."""
        content_hash = request_hash("POST", self.path, body)
        return await self.context.answers.once(
            self.user.id, self.key, content_hash, act, status_code=status_code, subject=self.subject
        )

    async def once_written(
        self,
        body: BaseModel | None,
        write: Callable[[Connection], Awaitable[BaseModel]],
        *,
        status_code: int = 200,
        reveal: Reveal = as_kept,
    ) -> JSONResponse:
        """`write` gets the transaction that also keeps the answer, of which `reveal` makes what is told."""
        content_hash = request_hash("POST", self.path, body)
        return await self.context.answers.once_written(
            self.user.id,
            self.key,
            content_hash,
            write,
            status_code=status_code,
            reveal=reveal,
            subject=self.subject,
        )

    async def cause(self, reason: str | None = None, *, about: int | None = None) -> Cause:
        """What a person writes stays in the database: a workflow's history gets its id.

        `about` is the user whom it is about: without one, whoever writes it.
        """
        if reason is None:
            return cause_of(self.user)
        about = self.user.id if about is None else about
        async with self.context.database.transaction() as connection:
            return cause_of(self.user, await notes.insert_note(connection, self.user.id, reason, about=about))


def cause_of(user: SignedInUser, note_id: int | None = None) -> Cause:
    return Cause(actor=f"user:{user.id}", reason=ASKED_FOR, trace_id=current_trace_id(), note_id=note_id)


async def _command_request(
    request: Request, user: CurrentUser, key: OptionalKey, context: ContextDep
) -> CommandRequest:
    return CommandRequest(request.url.path, user, key, context)


async def _staff_request(
    request: Request, staff: CurrentStaff, key: OptionalKey, context: ContextDep
) -> CommandRequest:
    return CommandRequest(request.url.path, staff, key, context, subject_of(request))


def subject_of(request: Request) -> Subject | None:
    """What the path names, if it is about a customer. What is no id is refused by the route."""
    for name, value in request.path_params.items():
        if name in SUBJECTS:
            with suppress(ValidationError):
                return Subject(SUBJECTS[name], str(_ROW_ID.validate_python(value)))
    return None


CommandRequestDep = Annotated[CommandRequest, Depends(_command_request)]
StaffRequestDep = Annotated[CommandRequest, Depends(_staff_request)]
"""The same, and lets only those in who may write."""
