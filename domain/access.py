"""May this user see the lessons? One rule, used everywhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.subscription import Status, SubscriptionState

WITH_ACCESS = frozenset({Status.TRIALING, Status.ACTIVE, Status.PAST_DUE})


class NoAccess(StrEnum):
    """Why not."""

    NONE = "none"
    EXPIRED = "expired"
    FROZEN = "frozen"
    PAYMENT_REQUIRED = "payment_required"


@dataclass(frozen=True)
class Access:
    allowed: bool
    until: datetime | None
    reason: NoAccess | None


@dataclass(frozen=True)
class AccessTerms:
    """The facts about a user's subscription that decide access: `access_until` as `access_until` gives it."""

    status: Status
    access_until: datetime | None


def access_until(state: SubscriptionState) -> datetime | None:
    """Until when there is access, as things stand; `None` for none at all.

    Days of grace follow the paid time, so that a renewal in progress, or an outage of ours, locks nobody out;
    not when the subscription is to end with its period.
    """
    if state.status not in WITH_ACCESS:
        return None
    grace_days = 0 if state.cancel_at_period_end else state.plan.grace_days
    return state.paid_until + timedelta(days=grace_days)


def access(terms: AccessTerms | None, at: datetime) -> Access:
    """Paid time and its grace give access, and nothing else does."""
    if terms is None:
        return _refused(NoAccess.NONE)
    if terms.access_until is not None and at < terms.access_until:
        return Access(allowed=True, until=terms.access_until, reason=None)
    match terms.status:
        case Status.INCOMPLETE_EXPIRED:
            return _refused(NoAccess.NONE)
        case Status.INCOMPLETE | Status.PAST_DUE | Status.UNPAID:
            return _refused(NoAccess.PAYMENT_REQUIRED)
        case Status.FROZEN:
            return _refused(NoAccess.FROZEN)
        case Status.TRIALING | Status.ACTIVE | Status.CANCELED:
            return _refused(NoAccess.EXPIRED)


def _refused(reason: NoAccess) -> Access:
    return Access(allowed=False, until=None, reason=reason)
