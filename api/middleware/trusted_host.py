"""Answers only to the host names it is deployed under. Starlette's own refuses in plain text."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, ProblemResponse

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")


class TrustedHost:
    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _host_name(Headers(scope=scope)) in self._allowed:
            await self._app(scope, receive, send)
            return
        problem = Problem(400, "invalid_host", "This host name is not served here.")
        await ProblemResponse(problem)(scope, receive, send)


def _host_name(headers: Headers) -> str | None:
    match = _HOST.fullmatch(headers.get("host", "").lower())
    return match["name"] if match else None
