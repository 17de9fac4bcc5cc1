"""The route of a page: what goes wrong on the way is told as a page, never as JSON, never with a stack."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.console.pages import go_to
from api.console.problem_page import problem_page
from api.console.session import SignInNeededError
from api.console.way_back import login_address
from api.problem_handlers import problem_from

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInNeededError:
                return go_to(login_address(request))
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - it is logged where it is not foreseen
                return problem_page(request, problem_from(error))

        return answer


def pages_router() -> APIRouter:
    """Pages are for people: the description of the API does not have them."""
    return APIRouter(prefix="/console", route_class=PageRoute, include_in_schema=False)
