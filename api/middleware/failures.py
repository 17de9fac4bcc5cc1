"""Answers what no handler foresaw, inside of the request id and the security headers."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem_handlers import problem_from
from api.problems import ProblemResponse
from api.workflow_updates import interrupted


class Failures:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            return  # nobody is left to answer
        except asyncio.CancelledError:
            if not started:  # this process ends, and waits no longer for who is still at work
                await ProblemResponse(interrupted())(scope, receive, send)
            raise
        except Exception as error:
            problem = problem_from(error)
            if started:
                raise  # half an answer is out: the server has to cut the connection
            await ProblemResponse(problem)(scope, receive, send)
