"""The first state of a subscription: waiting for its first payment, or on trial."""

from datetime import datetime, timedelta

from domain.billing_calendar import Anchor, Period, period
from domain.plan import PlanTerms
from domain.promo import Promo
from domain.subscription import Status, SubscriptionState

FIRST_VERSION = 1
NOT_YET = 0


def unpaid(plan: PlanTerms, at: datetime, promo: Promo | None = None) -> SubscriptionState:
    """The paid period starts when the subscription starts, not when the money comes.

    Its ids are given when it is written.
    """
    anchor = Anchor.starting(at)
    first = period(anchor, plan.interval, 0)
    return _first(Status.INCOMPLETE, plan, anchor, index=0, first=first, promo=promo)


def trial(plan: PlanTerms, at: datetime, promo: Promo | None = None) -> SubscriptionState:
    """Nothing is billed before the trial's end, which is the anchor. Its ids are given when it is written."""
    ends_at = at + timedelta(days=plan.trial_days)
    anchor = Anchor.starting(ends_at)
    return _first(Status.TRIALING, plan, anchor, index=-1, first=Period(at, ends_at), promo=promo)


def _first(
    status: Status, plan: PlanTerms, anchor: Anchor, *, index: int, first: Period, promo: Promo | None
) -> SubscriptionState:
    return SubscriptionState(
        subscription_id=NOT_YET,
        user_id=NOT_YET,
        version=FIRST_VERSION,
        status=status,
        plan=plan,
        anchor=anchor,
        period_index=index,
        period=first,
        started_at=first.start,
        promo=promo,
    )
