"""The Idempotency-Key: how it may look, how two requests under one key are told apart, and the answer kept.

Starts keep their answer with the subscription (api/start_subscription.py); every other POST keeps it here.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.held_key import HeldKey
from api.problems import RETRY_SOON, Problem
from api.refusals import problem_of
from db.database import Connection, Database
from db.queries import idempotency
from db.queries.idempotency import Claim, Subject
from domain.refusals import RefusalCode, Refused

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
FIRST_SERVER_ERROR = 500
ACCEPTED = 202

KEY_REFUSALS = ((400, "idempotency_key_invalid"), (410, "answer_erased"), (422, "idempotency_key_reused"))
"""For `problem_responses` of every route that takes a key."""

_WELL_FORMED = re.compile(r"[\x20-\x7e]{1,200}", re.ASCII)


def check_key(*values: str) -> str:
    """The one key that was sent. Raises a 400 `Problem`."""
    if len(values) != 1 or _WELL_FORMED.fullmatch(values[0]) is None:
        raise Problem(400, "idempotency_key_invalid", f"{HEADER} is 1 to 200 printable ASCII characters.")
    return values[0]


async def _optional_key(request: Request) -> str | None:
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    return check_key(*values)


async def _required_key(key: Annotated[str | None, Depends(_optional_key)]) -> str:
    if key is None:
        raise Problem(400, "idempotency_key_missing", f"Send a header {HEADER} with this request.")
    return key


OptionalKey = Annotated[str | None, Depends(_optional_key)]
RequiredKey = Annotated[str, Depends(_required_key)]


KEY_REUSED = Refused(RefusalCode.IDEMPOTENCY_KEY_REUSED, "this key was sent with another request before")


def key_parameter(*, required: bool) -> dict[str, Any]:
    """The `openapi_extra=` of every route that takes a key: FastAPI does not see what is read by hand."""
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x20-\x7e]+$"}
    description = "Names the request: repeated under the same key, it happens once. No personal data, please."
    return {
        "parameters": [
            {
                "name": HEADER,
                "in": "header",
                "required": required,
                "schema": schema,
                "description": description,
            }
        ]
    }


def request_hash(method: str, path: str, body: BaseModel | None) -> str:
    """The same for two requests that ask for the same thing, however their JSON is written.

    What is not given does not count: so that a field added later changes nothing for who does not send it.
    """
    content = body.model_dump(mode="json", exclude_none=True) if body is not None else None
    canonical = json.dumps([method, path, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Accepted:
    """An answer 202: what was asked for has begun, and goes on."""

    body: BaseModel


Reveal = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the answer out of what is kept of it: a secret is derived each time, and never stored."""


def as_kept(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


class AnswerKeeper:
    """Carries out a request once per key, and gives the same answer to whoever repeats it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(
        self,
        user_id: int,
        key: str | None,
        request_hash: str,
        act: Callable[[str], Awaitable[BaseModel | Accepted]],
        *,
        status_code: int = 200,
        subject: Subject | None = None,
    ) -> JSONResponse:
        """`act` gets the id of the command to send: the same whenever the same request comes again.

        Raises `Problem` when the key belongs to another request or its first is still running. What `act`
        raises is raised on: a refusal leaves the key free; after an outage it stays with this request, which
        may have been carried out. `subject` is what staff do it to: it may have the answer forgotten.
        """
        if key is None:
            status, content = _told(await act(uuid4().hex), status_code)
            return JSONResponse(content, status)
        claim = Claim(user_id, key, request_hash, subject)
        async with self._database.transaction() as connection:
            if await idempotency.is_key_of_a_start(connection, user_id, key):
                raise problem_of(KEY_REUSED)
            held_until = await idempotency.claim_key(connection, claim)
        if held_until is None:
            return await self._answer_again(claim)
        held = HeldKey(self._database, claim, held_until)
        try:
            async with held.renewed():
                status, content = _told(await act(_command_id(claim)), status_code)
        except Exception as error:
            await held.give_back(was_refused=isinstance(error, Problem) and error.status < FIRST_SERVER_ERROR)
            raise
        return await self._keep(claim, status, content)

    async def once_written(
        self,
        user_id: int,
        key: str | None,
        request_hash: str,
        write: Callable[[Connection], Awaitable[BaseModel]],
        *,
        status_code: int = 200,
        reveal: Reveal = as_kept,
        subject: Subject | None = None,
    ) -> JSONResponse:
        """As `once`, for what is written in one transaction: the answer is kept in the same one.

        Of two at once the second waits for the first. What `write` raises takes everything back.
        """
        if key is None:
            async with self._database.transaction() as connection:
                written = (await write(connection)).model_dump(mode="json")
            return JSONResponse(reveal(written), status_code)
        claim = Claim(user_id, key, request_hash, subject)
        async with self._database.transaction() as connection:
            if await idempotency.is_key_of_a_start(connection, user_id, key):
                raise problem_of(KEY_REUSED)
            if await idempotency.claim_key(connection, claim) is not None:
                answer = (await write(connection)).model_dump(mode="json")
                await idempotency.store_answer(connection, claim, status_code, answer)
                return JSONResponse(reveal(answer), status_code)
        return await self._answer_again(claim, reveal)

    async def has_answer(self, user_id: int, key: str | None) -> bool:
        """Whether a request under the key was carried out: what stood before it then is not asked again."""
        if key is None:
            return False
        async with self._database.read() as connection:
            kept = await idempotency.find_answer(connection, user_id, key)
        return kept is not None and kept.answer is not None

    async def _keep(self, claim: Claim, status: int, content: dict[str, Any]) -> JSONResponse:
        """The first answer, should another request under the key have been quicker."""
        async with self._database.transaction() as connection:
            is_kept = await idempotency.keep_answer(connection, claim, status, content)
        return JSONResponse(content, status) if is_kept else await self._answer_again(claim)

    async def _answer_again(self, claim: Claim, reveal: Reveal = as_kept) -> JSONResponse:
        async with self._database.read() as connection:
            kept = await idempotency.find_answer(connection, claim.user_id, claim.key)
        if kept is not None and kept.request_hash != claim.request_hash:
            raise problem_of(KEY_REUSED)
        if kept is not None and kept.is_forgotten:
            raise Problem(
                410,
                "answer_erased",
                "It may have been carried out; its answer was about somebody erased since.",
            )
        if kept is None or kept.answer is None or kept.status_code is None:
            raise Problem(
                409, "idempotency_in_progress", "The first request is still running.", headers=RETRY_SOON
            )
        return JSONResponse(reveal(kept.answer), kept.status_code, headers=REPLAYED)


def _told(answer: BaseModel | Accepted, status_code: int) -> tuple[int, dict[str, Any]]:
    if isinstance(answer, Accepted):
        return ACCEPTED, answer.body.model_dump(mode="json")
    return status_code, answer.model_dump(mode="json")


def _command_id(claim: Claim) -> str:
    named = json.dumps([claim.user_id, claim.key, claim.request_hash])
    return hashlib.sha256(named.encode()).hexdigest()[:32]
