"""Who shares a subscription: its owner, members who take its other seats, and whom it is handed on to.

A seat is taken by whoever has joined: an open invitation holds none. While another plan is to follow, the
smaller number of seats counts, so that nobody sits where there will be no seat.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.lifecycle import Action, Change, Event, next_status
from domain.plan import PlanTerms
from domain.refusals import RefusalCode, Refused
from domain.scheduling import without_what_is_open
from domain.subscription import Status, SubscriptionState

INVITATION_LIVES = timedelta(days=7)
MOST_OPEN_INVITATIONS = 20

OPEN_TO_MEMBERS = frozenset({Status.TRIALING, Status.ACTIVE, Status.PAST_DUE, Status.FROZEN})


class MembershipEnd(StrEnum):
    """How somebody ceased to be a member. `subscription_ended` is noted when they join another family."""

    LEFT = "left"
    REMOVED = "removed"
    BECAME_OWNER = "became_owner"
    SUBSCRIPTION_ENDED = "subscription_ended"
    ACCOUNT_CLOSED = "account_closed"


def seats_to_give(state: SubscriptionState) -> int:
    """With the owner's: the smallest number of the plan, and of any that is chosen, paid ahead, or waits."""
    ahead, waiting = state.paid_ahead, state.open_invoice
    to_come = (
        state.chosen_plan,
        ahead.switch.plan if ahead and ahead.switch else None,
        waiting.switch.plan if waiting and waiting.switch else None,
    )
    return min([state.plan.seats, *(plan.seats for plan in to_come if plan is not None)])


def check_seat(state: SubscriptionState, members: int) -> None:
    """Raises `Refused` unless one more can be invited, or join, beside so many members."""
    if state.status not in OPEN_TO_MEMBERS:
        raise Refused(
            RefusalCode.FAMILY_NOT_OPEN, "nobody can join a subscription that is not paid for, or has ended"
        )
    seats = seats_to_give(state)
    if seats <= 1:
        raise Refused(RefusalCode.NOT_A_FAMILY_PLAN, "the plan is for one person")
    if members >= seats - 1:
        raise Refused(RefusalCode.SEATS_FULL, "all seats are taken", {"seats": seats, "taken": members + 1})


def check_invitations(open_count: int) -> None:
    """Raises `Refused` when too many wait to be accepted."""
    if open_count >= MOST_OPEN_INVITATIONS:
        raise Refused(RefusalCode.TOO_MANY_INVITATIONS, "take back an invitation before making another one")


def check_seats_left(wanted: PlanTerms, members: int) -> None:
    """Raises `Refused` when the plan has fewer seats than are taken."""
    taken = members + 1
    if wanted.seats < taken:
        raise Refused(
            RefusalCode.SEATS_TAKEN,
            "more seats are taken than the plan has",
            {"seats": wanted.seats, "taken": taken},
        )


def check_owner(state: SubscriptionState, user_id: int) -> None:
    """Raises `Refused` when it was handed on between a command of its owner and now."""
    if state.user_id != user_id:
        raise Refused(RefusalCode.SUBSCRIPTION_HANDED_ON, "the subscription was handed on to somebody else")


def transfer(state: SubscriptionState, to_user_id: int, method_id: int | None, at: datetime) -> Change:
    """Hands it on to one of its members, and charges renewals to their method or, without one, asks them.

    What waits to be paid was asked of the one before, and makes way: a renewal is opened anew for the next.
    The paid time, a plan or price to come, the promo code and a cancellation stay. Raises `Refused`.
    """
    status = next_status(state.status, Action.TRANSFER)
    if state.is_charging:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a charge is under way; ask again when it is settled")
    if state.parked_reason is not None:
        raise Refused(RefusalCode.TRANSFER_NOT_POSSIBLE, "an operator has to look at the billing first")
    handed_on = replace(
        state, status=status, user_id=to_user_id, payment_method_id=method_id, transferred_at=at
    )
    details: dict[str, int | str] = {"from_user_id": state.user_id, "to_user_id": to_user_id}
    if method_id is not None:
        details["payment_method_id"] = method_id
    return without_what_is_open(handed_on, Event.TRANSFERRED, details)
