"""Bodies about the virtual clock."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from api.clock.turn import TurnedClock
from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.timeline import TimelineEntryBody
from domain.duration import parse_duration
from domain.subscription import Status


def _checked_duration(iso: str) -> str:
    parse_duration(iso)
    return iso


class AdvanceBody(RequestBody):
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds: ten years at most."""

    advance: Annotated[str, AfterValidator(_checked_duration)] = Field(
        max_length=64, examples=["P31D", "PT12H"]
    )


class WaitingFor(StrEnum):
    PAYMENT = "payment"
    DUE_DATE = "due_date"


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
            next_action=turned.row.next_action,
            next_action_at=turned.row.next_action_at,
            waiting_for=_waiting_for(turned.row.status),
        )


def _waiting_for(status: Status) -> WaitingFor | None:
    """What moves the subscription next: money, or time alone."""
    match status:
        case Status.INCOMPLETE | Status.PAST_DUE | Status.UNPAID:
            return WaitingFor.PAYMENT
        case Status.TRIALING | Status.ACTIVE | Status.FROZEN:
            return WaitingFor.DUE_DATE
        case Status.INCOMPLETE_EXPIRED | Status.CANCELED:
            return None
