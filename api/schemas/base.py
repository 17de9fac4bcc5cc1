"""What all request and response bodies share."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from domain.instant import in_utc

LARGEST_ID = 2**63 - 1  # what a bigint column holds

_BEGINS_WITH_A_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]", re.ASCII)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""JSON can spell NUL and halves of surrogate pairs; Postgres and UTF-8 cannot."""


def _refuse_what_is_no_instant(value: Any) -> Any:
    """Numbers, and text that is one, would be taken for seconds since 1970."""
    is_no_text = not isinstance(value, str | datetime)
    if is_no_text or (isinstance(value, str) and not _BEGINS_WITH_A_DATE.match(value)):
        raise ValueError("must be an instant as RFC 3339 writes it: 2026-03-01T12:00:00Z")
    return value


UtcInstant = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_what_is_no_instant),
    AfterValidator(in_utc),
    Field(strict=False),
]
"""An instant with an offset, kept and rendered in UTC: `2026-03-01T12:00:00Z`."""

RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
"""An id that a row can have, so that no number from a client overflows a column."""


class RequestBody(BaseModel):
    """Refuses unknown fields, and values of another type instead of converting them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @field_validator("*")
    @classmethod
    def _refuse_what_no_column_holds(cls, value: Any) -> Any:
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise ValueError("must be Unicode text without NUL characters")
        return value


LONGEST_REASON = 500

Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_REASON, strip_whitespace=True),
    Field(examples=["the customer called and asked for it"]),
]
"""Why, for those of staff who look later."""


class ReasonBody(RequestBody):
    """`reason` is for staff alone."""

    reason: Reason


class OptionalReasonBody(RequestBody):
    """`reason` is kept with what was done, for staff."""

    reason: Reason | None = None


class ResponseBody(BaseModel):
    """Built from a row or a value object of the same field names by `model_validate`."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
