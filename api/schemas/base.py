"""What all request and response bodies share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator

LARGEST_ID = 2**63 - 1  # what a bigint column holds

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""JSON can spell NUL and halves of surrogate pairs; Postgres and UTF-8 cannot."""


def _to_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be an instant between the years 1 and 9999 of UTC") from None


UtcInstant = Annotated[AwareDatetime, AfterValidator(_to_utc), Field(strict=False)]
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


class ResponseBody(BaseModel):
    """Built from a row or a value object of the same field names by `model_validate`."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
