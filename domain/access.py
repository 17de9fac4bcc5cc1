"""May this user see the lessons? One rule, used everywhere."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.subscription import Status


class NoAccess(StrEnum):
    """Why not."""

    NONE = "none"
    EXPIRED = "expired"
    PAYMENT_REQUIRED = "payment_required"


@dataclass(frozen=True)
class Access:
    allowed: bool
    until: datetime | None
    reason: NoAccess | None


@dataclass(frozen=True)
class AccessTerms:
    """The facts about a user's subscription that decide access."""

    status: Status
    period_end: datetime


def access(terms: AccessTerms | None, at: datetime) -> Access:
    """Paid time gives access, and nothing else does."""
    if terms is None or terms.status is Status.INCOMPLETE_EXPIRED:
        return Access(allowed=False, until=None, reason=NoAccess.NONE)
    if terms.status is Status.INCOMPLETE:
        return Access(allowed=False, until=None, reason=NoAccess.PAYMENT_REQUIRED)
    if terms.status is Status.ACTIVE and at < terms.period_end:
        return Access(allowed=True, until=terms.period_end, reason=None)
    return Access(allowed=False, until=None, reason=NoAccess.EXPIRED)
