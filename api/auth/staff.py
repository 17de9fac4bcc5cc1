"""Lets staff in: `support` to read, `admin` also to write."""

from typing import Annotated

from fastapi import Depends, Request

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser, SignedInUser
from api.auth.roles import ADMIN, SUPPORT
from api.problems import Problem

STAFF_REFUSALS = (*TOKEN_REFUSALS, (403, "forbidden"))
"""For `problem_responses` of every route that is for staff."""


async def _current_staff(request: Request, user: CurrentUser) -> SignedInUser:
    """By the method, so that no write is open to support because somebody forgot to say so."""
    check_role(user, to_write=request.method != "GET")
    return user


async def _reading_staff(user: CurrentUser) -> SignedInUser:
    check_role(user, to_write=False)
    return user


def check_role(user: SignedInUser, *, to_write: bool) -> None:
    """Raises a 403 `Problem`."""
    allowed = {ADMIN} if to_write else {ADMIN, SUPPORT}
    if user.role not in allowed:
        raise Problem(403, "forbidden", f"This needs the role {' or '.join(sorted(allowed))}.")


CurrentStaff = Annotated[SignedInUser, Depends(_current_staff)]
ReadingStaff = Annotated[SignedInUser, Depends(_reading_staff)]
"""For what writes nothing, whatever its method."""
