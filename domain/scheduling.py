"""What the next period is of: another plan that was chosen for it, or another price of the same plan."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from domain import pausing, renewing
from domain.ending import without_open_invoice
from domain.instant import rfc3339
from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.plan import PlanTerms
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState


class PriceMove(StrEnum):
    """What becomes of a subscription when its plan's price moves. Only `moves` changes anything.

    It does so also beside another plan that was chosen for the next period: whoever takes that back stays at
    the new price. `too_near`: its renewal has been announced, or billed, at the price that it has. `leaves`:
    it ends with its period. `chose_another_plan` was answered before a price could move beside a choice.
    """

    MOVES = "moves"
    DONE = "done"
    TOO_NEAR = "too_near"
    LEAVES = "leaves"
    CHOSE_ANOTHER_PLAN = "chose_another_plan"
    NOT_RUNNING = "not_running"


RUNNING = frozenset({Status.TRIALING, Status.ACTIVE, Status.FROZEN})


def schedule(state: SubscriptionState, wanted: PlanTerms) -> Change:
    """From the next period on.

    A renewal that was opened ahead, and a change that waits for its payment, are of the plan as it was.
    """
    status = next_status(state.status, Action.CHANGE_PLAN)
    present = state.last_paid_plan
    chosen = replace(
        state,
        status=status,
        scheduled_plan=None if wanted == present else wanted,
        moved_price=state.coming_price,
    )
    return without_what_is_open(chosen, Event.PLAN_CHANGE_SCHEDULED, plans_of(present, wanted))


def take_back(state: SubscriptionState) -> Change:
    """It stays on its plan: what was chosen for later, and a change that waits for its payment, are dropped.

    A price that moves is not chosen, and stays. Raises `Refused` when there is nothing to take back.
    """
    status = next_status(state.status, Action.CHANGE_PLAN)
    present = state.last_paid_plan
    if state.chosen_plan is None and not state.is_changing_plan:
        raise Refused(RefusalCode.PLAN_UNCHANGED, "the subscription is on this plan, and stays on it")
    kept = replace(state, status=status, scheduled_plan=None, moved_price=state.coming_price)
    return without_what_is_open(kept, Event.PLAN_CHANGE_TAKEN_BACK, {"plan": present.code})


def price_move(state: SubscriptionState, price: PlanTerms, at: datetime) -> PriceMove:
    """Whether its next renewal can be at this price of its plan, and be announced before its reminder."""
    present = state.last_paid_plan
    if state.status not in RUNNING or present.code != price.code:
        return PriceMove.NOT_RUNNING
    coming = state.coming_price or present
    if coming.price_version >= price.price_version:  # whoever was told of a newer one keeps it
        return PriceMove.DONE
    if state.cancel_at_period_end:
        return PriceMove.LEAVES
    is_billed = state.open_invoice is not None and not state.is_changing_plan
    # While it is frozen nothing is announced; and its renewal moves by all of it, however soon it ends.
    announces_until = at if state.freeze is None else state.freeze.since
    is_announced = renewing.reminder_at(state) <= announces_until
    return PriceMove.TOO_NEAR if is_billed or is_announced else PriceMove.MOVES


def schedule_price(state: SubscriptionState, price: PlanTerms, at: datetime) -> Change | None:
    """Its plan at another price, from the next renewal on; `None` when it does not move, or not now.

    Told at once also to who has chosen another plan: they may take that back when it is too late to tell.
    """
    if price_move(state, price, at) is not PriceMove.MOVES:
        return None
    status = next_status(state.status, Action.SCHEDULE_PRICE)
    chosen = state.chosen_plan
    beside: dict[str, int | str] = {"chosen_plan": chosen.code} if chosen else {}
    moving = replace(state, status=status, scheduled_plan=chosen, moved_price=price)
    return Change(
        next_version(moving),
        Event.PRICE_CHANGE_SCHEDULED,
        details={
            "plan": price.code,
            "from_price_version": state.last_paid_plan.price_version,
            "price_version": price.price_version,
            "price_cents": price.price_cents,
            "currency": price.currency,
            "from_price_cents": state.last_paid_plan.price_cents,
            "renews_at": rfc3339(_renews_at(state)),
            **beside,
        },
    )


def _renews_at(state: SubscriptionState) -> datetime:
    """A freeze moves it: by all of it, as far as anybody knows before it is over."""
    thawed = state if state.freeze is None else pausing.unfreeze(state, state.freeze.thaws_at).state
    return thawed.paid_until


def without_what_is_open(state: SubscriptionState, event: Event, details: dict[str, int | str]) -> Change:
    change = Change(next_version(state), event)
    if state.open_invoice is not None:
        change = without_open_invoice(state, event)
    return replace(change, details={**change.details, **details})


def plans_of(present: PlanTerms, wanted: PlanTerms) -> dict[str, int | str]:
    """For the timeline."""
    return {
        "from_plan": present.code,
        "from_price_version": present.price_version,
        "to_plan": wanted.code,
        "price_version": wanted.price_version,
    }
