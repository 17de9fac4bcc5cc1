"""Guards the reading of a body: only JSON, or a form for the console, at most 64 KiB, within a few seconds.

It acts when a route first reads, so an unknown address stays a 404 whatever was sent to it.
"""

import asyncio
from time import monotonic

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PAGES = "/console/"
"""Below here a browser sends forms, and nowhere else: no other page can have one sent to the API."""

LARGEST_BODY = 64 * 1024
SLOWEST_BODY_SECONDS = 10.0


class RequestBody:
    def __init__(
        self, app: ASGIApp, *, largest: int = LARGEST_BODY, seconds: float = SLOWEST_BODY_SECONDS
    ) -> None:
        self._app = app
        self._largest = largest
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        media_type = FORM if scope.get("path", "").startswith(PAGES) else JSON
        body = _GuardedBody(Headers(scope=scope), receive, media_type, self._largest, self._seconds)
        await self._app(scope, body.receive, send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


class _GuardedBody:
    def __init__(
        self, headers: Headers, receive: Receive, media_type: str, largest: int, seconds: float
    ) -> None:
        self._headers = headers
        self._receive = receive
        self._media_type = media_type
        self._largest = largest
        self._seconds = seconds
        self._deadline: float | None = None
        self._size = 0
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        if self._deadline is None:
            self._check_headers()
            self._deadline = monotonic() + self._seconds
        message = await self._next_part()
        self._size += len(message.get("body", b""))
        if self._size > self._largest:
            raise HTTPException(413)
        self._complete = not message.get("more_body", False)
        return message

    def _check_headers(self) -> None:
        media_type = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != self._media_type:
            raise HTTPException(415)
        declared = self._headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._largest:
            raise HTTPException(413)

    async def _next_part(self) -> Message:
        assert self._deadline is not None  # noqa: S101 - set by the first call of receive
        try:
            async with asyncio.timeout(self._deadline - monotonic()):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
