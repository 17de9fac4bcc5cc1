"""May this user see the lessons? One rule, used everywhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
    cancel_at_period_end: bool
    grace_days: int


def access(terms: AccessTerms | None, at: datetime) -> Access:
    """Paid time, and the plan's grace after it unless it is to end: a delay of ours locks nobody out."""
    if terms is None or terms.status is Status.INCOMPLETE_EXPIRED:
        return Access(allowed=False, until=None, reason=NoAccess.NONE)
    if terms.status is Status.INCOMPLETE:
        return Access(allowed=False, until=None, reason=NoAccess.PAYMENT_REQUIRED)
    grace = timedelta() if terms.cancel_at_period_end else timedelta(days=terms.grace_days)
    until = terms.period_end + grace
    if terms.status is Status.ACTIVE and at < until:
        return Access(allowed=True, until=until, reason=None)
    return Access(allowed=False, until=None, reason=NoAccess.EXPIRED)
