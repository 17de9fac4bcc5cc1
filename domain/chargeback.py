"""The payer's bank took money back. Nothing is billed, and paid access stays, until staff have decided."""

from dataclasses import dataclass

from domain.lifecycle import Change
from domain.parking import park
from domain.subscription import CHARGEBACK, SubscriptionState


@dataclass(frozen=True)
class LeftOfPayment:
    """What was received, what of it was given back, and what is on its way back and may still fail."""

    received_cents: int
    returned_cents: int
    on_its_way_cents: int


def disputed_cents(claimed_cents: int | None, left: LeftOfPayment) -> int:
    """What of a payment was charged back: nothing when all of it had gone back before.

    No more can be taken than was not given back. A refund under way that does not fit beside what the bank
    says it took can only fail; a bank that names no amount is taken to have left room for it.
    """
    kept_cents = left.received_cents - left.returned_cents
    if claimed_cents is None:
        return max(kept_cents - left.on_its_way_cents, 0)
    return min(claimed_cents, kept_cents)


def stop_billing(state: SubscriptionState) -> Change | None:
    """`None` when there is nothing to stop: it has ended, or is stopped for a chargeback already."""
    if state.has_ended or state.parked_reason == CHARGEBACK:
        return None
    return park(state, CHARGEBACK)
