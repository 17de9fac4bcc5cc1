"""Bodies about what happened to a subscription."""

from api.schemas.base import ResponseBody, UtcInstant


class TimelineEntryBody(ResponseBody):
    """Who did what, and why. `trace_id` is the one of the request or report that brought it.

    `actor` is `user:{id}`, `provider:{name}` or `system`. `note` is what a person wrote to explain a command.
    `details` are ids and amounts in cents, with their `currency`. `occurred_at` is in the subscription's own
    time.
    """

    id: int
    event: str
    actor: str
    cause: str
    note: str | None
    details: dict[str, int | str]
    version: int
    occurred_at: UtcInstant
    trace_id: str


class TimelinePage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[TimelineEntryBody]
    next_cursor: str | None
