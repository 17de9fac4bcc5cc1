"""Bodies about a person's own data."""

from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.auth import Password
from api.schemas.base import Reason, RequestBody, ResponseBody, UtcInstant


class ExportBody(ResponseBody):
    """Everything that is held about the user, by the table that holds it; docs/personal-data.md explains."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "exported_at": "2026-03-02T09:30:00Z",
                    "records": {"users": [{"id": 7, "email": "anna@example.com", "locale": "it"}]},
                }
            ]
        }
    )

    exported_at: UtcInstant
    records: dict[str, list[dict[str, Any]]]


class EraseMeBody(RequestBody):
    password: Password


class EraseUserBody(RequestBody):
    """Why, without anything personal: it is kept."""

    reason: Reason = Field(examples=["asked by letter"])


class ErasedBody(ResponseBody):
    user_id: int
    erased_at: UtcInstant
