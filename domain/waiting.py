"""Who or what moves a subscription next: time alone, money from a person, its provider, an operator."""

from enum import StrEnum

from domain.due import Step, next_step
from domain.subscription import SubscriptionState

CHARGED_IN_TIME = frozenset({Step.CHARGE_METHOD, Step.RETRY_PAYMENT})


class WaitingFor(StrEnum):
    """`payment` is money that nobody can ask for but the payer; `customer_action` is to confirm a charge."""

    DUE_DATE = "due_date"
    PAYMENT = "payment"
    CUSTOMER_ACTION = "customer_action"
    PROVIDER = "provider"
    OPERATOR = "operator"


def waiting_for(state: SubscriptionState) -> WaitingFor | None:
    """`None` when nothing is left open."""
    if state.is_finished:
        return None
    if state.parked_reason is not None:
        return WaitingFor.OPERATOR
    if state.is_collecting or state.withdrawing_payment_id is not None:
        return WaitingFor.PROVIDER
    if state.open_invoice is None:
        return WaitingFor.DUE_DATE
    return _waiting_for_money(state)


def _waiting_for_money(state: SubscriptionState) -> WaitingFor:
    if state.attempt is not None and state.attempt.is_at_provider:
        return WaitingFor.CUSTOMER_ACTION
    upcoming = next_step(state)
    if upcoming is not None and upcoming.step in CHARGED_IN_TIME:
        return WaitingFor.DUE_DATE
    return WaitingFor.PAYMENT
