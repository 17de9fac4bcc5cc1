"""How a business refusal travels: from a rule, through activity and workflow, to the caller."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.refusals import Refused


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
