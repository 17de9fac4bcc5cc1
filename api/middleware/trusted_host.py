"""Answers only to the host names it is deployed under. Starlette's own refuses in plain text.

Who scrapes us found us by DNS among other replicas, and asks for metrics under the very address that reaches
us: that is let in, too. Under a name that somebody points at us nothing is.
"""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, ProblemResponse

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")

METRICS = "/metrics"


class TrustedHost:
    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_served(scope):
            await self._app(scope, receive, send)
            return
        problem = Problem(400, "invalid_host", "This host name is not served here.")
        await ProblemResponse(problem)(scope, receive, send)

    def _is_served(self, scope: Scope) -> bool:
        name = _host_name(Headers(scope=scope))
        return name in self._allowed or (scope["path"] == METRICS and name == _own_address(scope))


def _own_address(scope: Scope) -> str | None:
    """As a `Host` has it. A socket that is not of the internet has none."""
    host, port = scope.get("server") or (None, None)
    if host is None or port is None:
        return None
    return f"[{host}]" if ":" in host else str(host)


def _host_name(headers: Headers) -> str | None:
    match = _HOST.fullmatch(headers.get("host", "").lower())
    return match["name"] if match else None
