"""Freezing: access and billing stop, and the paid time moves later by exactly as long as it was frozen."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain import freeze_allowance
from domain.billing_calendar import Anchor, Period
from domain.ending import without_open_invoice
from domain.freeze_allowance import Freeze
from domain.instant import rfc3339
from domain.lifecycle import Action, Change, Event, Stretch, next_status, next_version
from domain.refusals import RefusalCode, Refused
from domain.subscription import PaidAhead, SubscriptionState


def freeze(state: SubscriptionState, *, until: datetime | None, at: datetime) -> Change:
    """Freezes paid time; without `until`, for as long as the plan's yearly allowance lasts.

    A renewal that was opened ahead and is not paid yet is voided: it is opened anew for the moved dates.
    Raises `Refused`: not active and paid, a charge is under way, no days left, or an `until` that has passed.
    """
    status = next_status(state.status, Action.FREEZE)
    if state.is_charging:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a charge is under way; ask again when it is settled")
    if at >= state.paid_until:
        raise Refused(RefusalCode.FREEZE_ONLY_FROM_ACTIVE, "the paid time is over and its renewal not paid")
    if until is not None and until <= at:
        raise Refused(RefusalCode.FREEZE_UNTIL_IS_PAST, "`until` has to be in the future")
    allowance = timedelta(days=state.plan.freeze_days_per_year)
    latest = freeze_allowance.latest_end(state.started_at, allowance, state.frozen_time, at)
    if latest <= at or (until is not None and until > latest):
        raise Refused(RefusalCode.FREEZE_ALLOWANCE_SPENT, "more days than the plan allows in a year")
    kept = Freeze(since=at, until=until or latest, is_open_ended=until is None)
    frozen = replace(state, status=status, freeze=kept)
    if state.open_invoice is None:
        change = Change(next_version(frozen), Event.FROZEN)
    else:
        change = without_open_invoice(frozen, Event.FROZEN)
    return replace(change, details={**change.details, "until": rfc3339(kept.until)})


def unfreeze(state: SubscriptionState, at: datetime) -> Change:
    """The paid end moves by the frozen time, and becomes the anchor: moving the old anchor would lose days.

    `at` is at most the freeze's own end, however late we are; later only of what was parked then. The paid
    time moves by that, too, and the allowance pays for what was asked for.
    """
    status = next_status(state.status, Action.UNFREEZE)
    if state.freeze is None:
        raise ValueError(f"subscription {state.subscription_id} is frozen since no instant")
    since = state.freeze.since
    by = at - since
    anchor = Anchor.starting(state.paid_until + by)
    ahead = state.paid_ahead and _moved_ahead(state.paid_ahead, by, anchor)
    thawed = replace(
        state,
        status=status,
        freeze=None,
        frozen_time=freeze_allowance.spend(
            state.started_at, state.frozen_time, since, min(at, state.freeze.until)
        ),
        anchor=anchor,
        period_index=-2 if ahead else -1,
        period=Period(state.period.start, state.period.end + by),
        paid_ahead=ahead,
        frozen_microseconds=state.frozen_microseconds + by // timedelta(microseconds=1),
        altered_at=at,
    )
    return Change(
        next_version(thawed),
        Event.UNFROZEN,
        stretch=Stretch(since, at),
        details={"frozen_seconds": int(by.total_seconds())},
    )


def _moved_ahead(ahead: PaidAhead, by: timedelta, anchor: Anchor) -> PaidAhead:
    """It is the one before the first that counts from the new anchor, whatever plan it is of."""
    switch = ahead.switch and replace(ahead.switch, anchor=anchor)
    period = Period(ahead.period.start + by, ahead.period.end + by)
    return replace(ahead, index=-1, period=period, switch=switch)
