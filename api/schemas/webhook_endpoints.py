"""Bodies about endpoints that are told of events, and about what was delivered to them; for staff."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas.base import Reason, RequestBody, ResponseBody, RowId, UtcInstant
from domain.delivery import DeliveryStatus, DisabledReason, EndpointStatus
from domain.endpoint_url import LONGEST_URL
from domain.events import EventName

LONGEST_DESCRIPTION = 500
MOST_EVENTS_NAMED = 100

A_URL = "https://crm.example.com/italiano"

Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
Description = Annotated[str, StringConstraints(max_length=LONGEST_DESCRIPTION)]
Event = Annotated[EventName, Field(strict=False)]
Events = Annotated[list[Event], Field(min_length=1, max_length=len(EventName))] | None


class NewEndpointBody(RequestBody):
    """Where events go, by https, and which: without `events` all of them, those of later releases too.

    But for `user.password_reset_requested`, which carries a secret: it has to be named.
    """

    url: Url = Field(examples=[A_URL])
    events: Events = None
    description: Description = ""
    reason: Reason | None = None


class EndpointChangesBody(RequestBody):
    """What is not sent stays. `events` as null: all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": ["invoice.paid"], "description": "bookkeeping"}]}
    )

    url: Url | None = None
    events: Events = None
    description: Description | None = None
    reason: Reason | None = None

    def sent(self) -> dict[str, Any]:
        """As columns."""
        sent = self.model_dump(mode="json", exclude_unset=True, exclude={"reason"})
        return {name: value for name, value in sent.items() if value is not None or name == "events"}


class ReplayBody(RequestBody):
    """Either all events since an instant that the endpoint takes, or these, whether it takes them or not."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-03-01T00:00:00Z"}]})

    since: UtcInstant | None = None
    event_ids: Annotated[list[RowId], Field(min_length=1, max_length=MOST_EVENTS_NAMED)] | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.since is None) == (self.event_ids is None):
            raise ValueError("needs one of since and event_ids")
        return self


class EndpointBody(ResponseBody):
    """`events` as null: all of them. `old_secret_until`: until then events are signed with two secrets."""

    id: int
    url: str
    events: list[str] | None
    description: str
    status: EndpointStatus
    disabled_at: UtcInstant | None
    disabled_reason: DisabledReason | None
    secret_version: int
    old_secret_until: UtcInstant | None
    last_delivered_at: UtcInstant | None
    created_by: int
    created_at: UtcInstant


class EndpointSecretBody(EndpointBody):
    """With the secret that its events are signed with: shown in this answer only, and stored nowhere."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class EnabledEndpointBody(EndpointBody):
    """`event_count` events that it has missed are sent now."""

    event_count: int


class EndpointPage(ResponseBody):
    items: list[EndpointBody]
    next_cursor: str | None


class ReplayedBody(ResponseBody):
    """How many events are sent again. What is on its way already is not counted."""

    event_count: int


class PingedBody(ResponseBody):
    """What came of it: a status code, or a word for why there was none."""

    message_id: str
    delivered: bool
    status_code: int | None
    error: str | None


class DeliveryBody(ResponseBody):
    """One event on its way to the endpoint. Attempts are those of the last replay, if there was one."""

    id: int
    event_id: int
    event: str
    subscription_id: int | None
    sequence: int | None
    status: DeliveryStatus
    round: int
    attempts: int
    last_attempt_at: UtcInstant | None
    last_status_code: int | None
    last_error: str | None
    delivered_at: UtcInstant | None
    created_at: UtcInstant


class DeliveryPage(ResponseBody):
    items: list[DeliveryBody]
    next_cursor: str | None


class EventBody(ResponseBody):
    """An event as it was published. Its receivers know it by `message_id`."""

    id: int
    message_id: str
    event: str
    subscription_id: int | None
    sequence: int | None
    timestamp: UtcInstant
    published_at: UtcInstant
    data: dict[str, Any]


class EventDeliveryBody(ResponseBody):
    """What became of it at one endpoint. Attempts are those of the last replay, if there was one."""

    endpoint_id: int
    url: str
    status: DeliveryStatus
    round: int
    attempts: int
    last_attempt_at: UtcInstant | None
    last_status_code: int | None
    last_error: str | None
    delivered_at: UtcInstant | None


class WholeEventBody(EventBody):
    deliveries: list[EventDeliveryBody]


class EventPage(ResponseBody):
    items: list[EventBody]
    next_cursor: str | None
