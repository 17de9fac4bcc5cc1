"""How a business refusal travels: from a rule, through activity and workflow, to the caller."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.exceptions import ActivityError, ApplicationError, ApplicationErrorCategory

from domain.refusals import RefusalCode, Refused


@dataclass(frozen=True)
class Refusal:
    """The detail of an `ApplicationError` whose type is a refusal code.

    `refused_at` lets a caller tell a refusal made now from one that was stored earlier.
    """

    detail: str
    refused_at: datetime
    facts: dict[str, int]


def refusal_error(refused: Refused, at: datetime) -> ApplicationError:
    """Never retried, and no fault: it is kept out of failure metrics."""
    return ApplicationError(
        refused.detail,
        Refusal(refused.detail, at, refused.facts),
        type=refused.code,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


def refusal_in(failure: ActivityError) -> ApplicationError:
    """The refusal inside an activity's failure; anything else is raised on as it is."""
    if isinstance(failure.cause, ApplicationError) and failure.cause.type in set(RefusalCode):
        return failure.cause
    raise failure
