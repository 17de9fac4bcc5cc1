"""Who among the signed-in users is staff, from the access token alone."""

from typing import Annotated

from fastapi import Depends

from api.auth.current_user import CurrentUser, SignedInUser
from api.problems import Problem

ADMIN = "admin"

STAFF_REFUSALS = ((403, "forbidden"),)
"""For `problem_responses` of every staff route, beside those of the token."""


async def _current_admin(user: CurrentUser) -> SignedInUser:
    if user.role != ADMIN:
        raise Problem(403, "forbidden", "This is for administrators only.")
    return user


CurrentAdmin = Annotated[SignedInUser, Depends(_current_admin)]
