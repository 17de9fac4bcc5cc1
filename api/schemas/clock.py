"""Bodies about the virtual clock."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from api.clock.turn import TurnedClock
from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.timeline import TimelineEntryBody
from domain.duration import parse_duration
from domain.waiting import WaitingFor


def _checked_duration(iso: str) -> str:
    parse_duration(iso)
    return iso


class AdvanceBody(RequestBody):
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds: ten years at most."""

    advance: Annotated[str, AfterValidator(_checked_duration)] = Field(
        max_length=64, examples=["P31D", "PT12H"]
    )


class ClockBody(ResponseBody):
    """`now` is ours, `advanced_to` the subscription's own time, which stops when the subscription ends."""

    now: UtcInstant
    advanced_to: UtcInstant
    happened: list[TimelineEntryBody]
    next_action: str | None
    next_action_at: UtcInstant | None
    waiting_for: WaitingFor | None

    @classmethod
    def of(cls, turned: TurnedClock) -> Self:
        return cls(
            now=turned.now,
            advanced_to=turned.advanced_to,
            happened=[TimelineEntryBody.model_validate(entry) for entry in turned.happened],
            next_action=turned.explanation.next_action,
            next_action_at=turned.explanation.next_action_at,
            waiting_for=turned.waiting_for,
        )
