"""Lists a page at a time: an opaque cursor that holds the last id seen, and a limit."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.problems import Problem
from api.schemas.base import LARGEST_ID

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
LONGEST_CURSOR = 100


@dataclass(frozen=True)
class PageRequest:
    """`after_id` is the last id of the page before, `None` for the first page."""

    after_id: int | None
    limit: int


async def _page_request(
    cursor: Annotated[
        str | None, Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
) -> PageRequest:
    return PageRequest(None if cursor is None else decode_cursor(cursor), limit)


PageRequestDep = Annotated[PageRequest, Depends(_page_request)]


def encode_cursor(last_id: int) -> str:
    return base64.urlsafe_b64encode(str(last_id).encode("ascii")).decode("ascii").rstrip("=")


def decode_cursor(cursor: str) -> int:
    """Raises a 422 `invalid_cursor` for anything that `encode_cursor` did not give out."""
    try:
        padding = "=" * (-len(cursor) % 4)
        last_id = int(base64.b64decode(cursor + padding, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        last_id = 0
    if not 1 <= last_id <= LARGEST_ID or encode_cursor(last_id) != cursor:
        raise Problem(422, "invalid_cursor", "The cursor is not one that a list gave out.")
    return last_id
