"""Gives every request its ids, and leaves one log line and two measurements of it behind."""

import re
import secrets
from time import perf_counter

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.request_span import request_span, tell_answer
from domain.trace_context import HEADER
from ops.metrics import PROMISED, REFUSED_ROUTE, STATIC_ROUTE, UNMATCHED_ROUTE, HttpMetrics
from ops.tracing import trace_id_from

NOT_ANSWERED = 499  # the client left, or the connection was cut before an answer began
IS_REFUSED = "italiano.is_refused"
"""In the scope of a request that was not let in, and reached no route."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

log = structlog.get_logger(__name__)


class Observation:
    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id_from(headers)
        status = NOT_ANSWERED

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode("ascii")))
            await send(message)

        structlog.contextvars.clear_contextvars()
        with request_span(scope, headers) as span:
            trace_id = span.context.trace_id if span.context else trace_id_from(headers.get(HEADER))
            structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=trace_id)
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                route = _route_template(scope)
                tell_answer(span, scope, route, status)
                self._record(scope["method"], route, status, perf_counter() - started_at)

    def _record(self, method: str, route: str, status: int, seconds: float) -> None:
        self._metrics.observe(method, route, status, seconds)
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1_000, 2),
        )


def _route_template(scope: Scope) -> str:
    if IS_REFUSED in scope:
        is_promised = (scope["method"], scope["path"]) == PROMISED
        return PROMISED[1] if is_promised else REFUSED_ROUTE
    if "route" in scope:
        path: str = scope["route"].path
        return path
    return STATIC_ROUTE if "endpoint" in scope else UNMATCHED_ROUTE


def _request_id_from(headers: Headers) -> str:
    """The client's own id when it is safe to repeat in a header and a log line, else a new one."""
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
