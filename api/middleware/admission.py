"""Refuses at once what there is no room for, so that what was let in is answered in time.

Without it everything that comes is begun. Under more load than a process can carry all of it is answered too
late then, and what nobody waits for any more is worked off first.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.console.pages import HOME
from api.console.problem_page import problem_page
from api.middleware.machines import ASKED_BY_MACHINES
from api.middleware.observation import IS_REFUSED
from api.problems import RETRY_SOON, Problem, ProblemResponse

OVERLOADED = "overloaded"
SIGN_IN = ("/auth/", "/console/login")
WEBHOOKS = "/payments/webhook"
READING = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


class Compartment(StrEnum):
    """Each has room of its own: a flood of one kind keeps none of the others out."""

    SIGN_IN = "sign_in"
    WEBHOOKS = "webhooks"
    READS = "reads"
    WRITES = "writes"


class Admission:
    """At most so many requests `at_once` in each compartment of this process.

    Who sends a body slowly, or takes an answer slowly, keeps no place while we wait: else a few of them would
    keep everybody out. They come back to it without being asked.
    """

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        self._app = app
        self._at_once = at_once
        self._under_way: Counter[Compartment] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        compartment = _compartment_of(scope)
        if compartment is None:
            await self._app(scope, receive, send)
            return
        if self._under_way[compartment] >= self._at_once:
            scope[IS_REFUSED] = True
            log.warning(OVERLOADED, compartment=compartment)
            await _refusal(scope)(scope, receive, send)
            return
        self._under_way[compartment] += 1
        try:
            await self._let_in(compartment, scope, receive, send)
        finally:
            self._under_way[compartment] -= 1

    async def _let_in(self, compartment: Compartment, scope: Scope, receive: Receive, send: Send) -> None:
        has_body = False

        async def receive_outside() -> Message:
            nonlocal has_body
            if has_body:  # what comes now is that the client leaves: it is heard beside the work
                return await receive()
            with self._outside(compartment):
                message = await receive()
            has_body = not message.get("more_body", False)
            return message

        async def send_outside(message: Message) -> None:
            with self._outside(compartment):
                await send(message)

        await self._app(scope, receive_outside, send_outside)

    @contextmanager
    def _outside(self, compartment: Compartment) -> Iterator[None]:
        self._under_way[compartment] -= 1
        try:
            yield
        finally:
            self._under_way[compartment] += 1


def _compartment_of(scope: Scope) -> Compartment | None:
    if scope["type"] != "http" or scope["path"] in ASKED_BY_MACHINES:
        return None
    path: str = scope["path"]
    if path.startswith(WEBHOOKS):
        return Compartment.WEBHOOKS
    if path.startswith(SIGN_IN):
        return Compartment.SIGN_IN
    return Compartment.READS if scope["method"] in READING else Compartment.WRITES


def _refusal(scope: Scope) -> Response:
    problem = Problem(
        503,
        OVERLOADED,
        "There is more to do than can be done now; nothing was begun. Repeat the same request.",
        headers=RETRY_SOON,
    )
    is_page = scope["path"].startswith(HOME)
    return problem_page(Request(scope), problem) if is_page else ProblemResponse(problem)
