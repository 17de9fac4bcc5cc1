"""Included last: below the console, what is not there is told as a page, too."""

from fastapi import Response

from api.console.route import pages_router
from api.console.session import CurrentSession
from api.problems import Problem

router = pages_router()


@router.api_route("/{rest:path}", methods=["GET", "POST"])
async def find_nothing(rest: str, session: CurrentSession) -> Response:  # noqa: ARG001 - for staff alone
    """Who has not signed in is led to the login, and learns nothing of what is there."""
    raise Problem(404, "not_found", "There is no such page.")
