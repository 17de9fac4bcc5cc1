"""The Idempotency-Key: how it may look, how two requests under one key are told apart, and the answer kept.

Starts keep their answer with the subscription (api/start_subscription.py); every other POST keeps it here.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.problems import RETRY_SOON, Problem
from api.refusals import problem_of
from db.database import Database
from db.queries import idempotency
from domain.refusals import RefusalCode, Refused

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}

KEY_REFUSALS = ((400, "idempotency_key_invalid"), (422, "idempotency_key_reused"))
"""For `problem_responses` of every route that takes a key."""

_WELL_FORMED = re.compile(r"[\x20-\x7e]{1,200}", re.ASCII)


async def _optional_key(request: Request) -> str | None:
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1 or _WELL_FORMED.fullmatch(values[0]) is None:
        raise Problem(400, "idempotency_key_invalid", f"{HEADER} is 1 to 200 printable ASCII characters.")
    return values[0]


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
    """The same for two requests that ask for the same thing, however their JSON is written."""
    content = body.model_dump(mode="json") if body is not None else None
    canonical = json.dumps([method, path, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def command_id(user_id: int, key: str | None) -> str:
    """Names the command that a request sends: the same whenever its key comes again."""
    return uuid4().hex if key is None else hashlib.sha256(f"{user_id}:{key}".encode()).hexdigest()[:32]


class AnswerKeeper:
    """Carries out a request once per key, and gives the same answer to whoever repeats it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(
        self, user_id: int, key: str | None, request_hash: str, act: Callable[[], Awaitable[BaseModel]]
    ) -> JSONResponse:
        """Raises `Problem` when the key belongs to another request or its first is still running.

        What `act` raises is raised on, and leaves the key free.
        """
        if key is None:
            return JSONResponse((await act()).model_dump(mode="json"))
        async with self._database.transaction() as connection:
            if await idempotency.is_key_of_a_start(connection, user_id, key):
                raise problem_of(KEY_REUSED)
            is_ours = await idempotency.claim_key(connection, user_id, key, request_hash)
        if not is_ours:
            return await self._answer_again(user_id, key, request_hash)
        try:
            answer = (await act()).model_dump(mode="json")
        except Exception:
            async with self._database.transaction() as connection:
                await idempotency.release_key(connection, user_id, key)
            raise
        async with self._database.transaction() as connection:
            await idempotency.store_answer(connection, user_id, key, 200, answer)
        return JSONResponse(answer)

    async def _answer_again(self, user_id: int, key: str, request_hash: str) -> JSONResponse:
        async with self._database.read() as connection:
            kept = await idempotency.find_answer(connection, user_id, key)
        if kept is not None and kept.request_hash != request_hash:
            raise problem_of(KEY_REUSED)
        if kept is None or kept.answer is None or kept.status_code is None:
            raise Problem(
                409, "idempotency_in_progress", "The first request is still running.", headers=RETRY_SOON
            )
        return JSONResponse(kept.answer, kept.status_code, headers=REPLAYED)
