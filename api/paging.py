"""Lists a page at a time: an opaque cursor that holds the last id seen, and a limit."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem
from api.schemas.base import LARGEST_ID

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
LONGEST_CURSOR = 100

T = TypeVar("T")


@dataclass(frozen=True)
class PageRequest:
    """`after_id` is the last id of the page before, `None` for the first page."""

    after_id: int | None
    limit: int


class PageQuery(BaseModel):
    """What a list is asked by. A filter that is misspelled is refused: it would let everything through."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: str | None = Field(
        None, max_length=LONGEST_CURSOR, description="`next_cursor` of the page before."
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT)

    @property
    def page(self) -> PageRequest:
        """Raises a 422 `invalid_cursor`."""
        return page_request(self.cursor, self.limit)


async def _page_request(asked: Annotated[PageQuery, Query()]) -> PageRequest:
    return asked.page


def page_request(cursor: str | None, limit: int) -> PageRequest:
    """Raises a 422 `invalid_cursor`."""
    return PageRequest(None if cursor is None else decode_cursor(cursor), limit)


PageRequestDep = Annotated[PageRequest, Depends(_page_request)]
"""Of a list without filters. One that has some is asked by a `PageQuery` of its own that names them."""


def cut(found: list[T], page: PageRequest, id_of: Callable[[T], int]) -> tuple[list[T], str | None]:
    """Of one more than a page holds: what is shown, and the cursor of the next page, if there is one."""
    shown = found[: page.limit]
    return shown, encode_cursor(id_of(shown[-1])) if len(found) > page.limit else None


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
