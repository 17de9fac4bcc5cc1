"""May this user see the lessons? One rule, used everywhere."""

from collections.abc import Sequence
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


class Source(StrEnum):
    """Whose subscription it comes from: the user's own, or that of the owner whose family they are in."""

    OWN = "own"
    FAMILY = "family"


@dataclass(frozen=True)
class Access:
    """`source` is the subscription that decided; `None` when there is none."""

    allowed: bool
    until: datetime | None
    reason: NoAccess | None
    source: Source | None = None


NOTHING = Access(allowed=False, until=None, reason=NoAccess.NONE)
"""Of who has no part in any subscription."""


@dataclass(frozen=True)
class AccessTerms:
    """The facts about a subscription that decide access: `access_until` as `access_until` gives it."""

    status: Status
    access_until: datetime | None
    source: Source = Source.OWN


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
    """Paid time and its grace give access, and nothing else does: to the owner and to members alike."""
    if terms is None:
        return NOTHING
    if terms.access_until is not None and at < terms.access_until:
        return Access(allowed=True, until=terms.access_until, reason=None, source=terms.source)
    return Access(allowed=False, until=None, reason=_why_not(terms.status), source=terms.source)


def best(verdicts: Sequence[Access]) -> Access:
    """Of what each subscription says that a user has a part in: one that allows decides.

    When none does, the one that is nearest to allowing it; of two alike the first.
    """
    return min(verdicts, key=_distance, default=NOTHING)


def _distance(verdict: Access) -> int:
    match verdict.reason:
        case None:
            return 0
        case NoAccess.FROZEN | NoAccess.PAYMENT_REQUIRED:
            return 1
        case NoAccess.EXPIRED:
            return 2
        case NoAccess.NONE:
            return 3


def _why_not(status: Status) -> NoAccess:
    match status:
        case Status.INCOMPLETE_EXPIRED:
            return NoAccess.NONE
        case Status.INCOMPLETE | Status.PAST_DUE | Status.UNPAID:
            return NoAccess.PAYMENT_REQUIRED
        case Status.FROZEN:
            return NoAccess.FROZEN
        case Status.TRIALING | Status.ACTIVE | Status.CANCELED:
            return NoAccess.EXPIRED
