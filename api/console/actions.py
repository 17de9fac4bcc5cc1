"""What may be done to a subscription now, and why the rest may not: by the rules that decide it later."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from domain import ending, parking, pausing, renewing
from domain.lifecycle import Action, next_status
from domain.refusals import Refused
from domain.subscription import Status, SubscriptionState


@dataclass(frozen=True)
class Offer:
    """`name` is the last part of its form's address. With a `refusal` there is no form, and this is why."""

    name: str
    title: str
    refusal: Refused | None


def offers(state: SubscriptionState, at: datetime) -> list[Offer]:
    """`at` is the subscription's own time. What makes no sense beside the present state is left out.

    It may have changed before the form comes: that is refused then.
    """
    return [Offer(name, title, _refusal(decide)) for name, title, decide in _sensible(state, at)]


def _sensible(state: SubscriptionState, at: datetime) -> Iterator[tuple[str, str, Callable[[], object]]]:
    if state.parked_reason is not None:
        yield "unpark", "Unpark", lambda: parking.unpark(state, at)
    if state.cancel_at_period_end:
        yield "uncancel", "Take the cancellation back", lambda: ending.uncancel(state)
    if not state.has_ended:
        yield "cancel", "Cancel", lambda: ending.cancel(state, at_period_end=False, at=at)
    if state.status is Status.FROZEN:
        yield "unfreeze", "Unfreeze", lambda: pausing.unfreeze(state, at)
    else:
        yield "freeze", "Freeze", lambda: pausing.freeze(state, until=None, at=at)
    yield "change-plan", "Change the plan", lambda: next_status(state.status, Action.CHANGE_PLAN)
    yield "retry-payment", "Retry the payment", lambda: _check_payable(state)
    yield "withdraw", "Withdraw, with the money back", lambda: ending.withdraw(state, at)


def _check_payable(state: SubscriptionState) -> None:
    invoice_id = state.open_invoice.invoice_id if state.open_invoice else 0  # which is the id of none
    renewing.check_payable(state, invoice_id)


def _refusal(decide: Callable[[], object]) -> Refused | None:
    try:
        decide()
    except Refused as refused:
        return refused
    return None
