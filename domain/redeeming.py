"""Redeeming a promo code: reserved with a start, committed by its first payment, released without one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.lifecycle import Change
from domain.plan import PlanTerms
from domain.promo import Promo, PromoDuration
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState

PERIODS_OF_ONCE = 1


class Redemption(StrEnum):
    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"


@dataclass(frozen=True)
class PromoOffer:
    """A code as it was published, and how often it is redeemed: by everybody, and by the user who asks.

    One of `percent_off` and `amount_off_cents` in `currency`. Without `plan_codes` it is for every plan, and
    without a limit or an end it has none.
    """

    code: str
    percent_off: int | None
    amount_off_cents: int | None
    currency: str | None
    duration: PromoDuration
    duration_periods: int | None
    plan_codes: tuple[str, ...]
    valid_from: datetime | None
    valid_until: datetime | None
    max_redemptions: int | None
    max_redemptions_per_user: int | None
    redemption_count: int
    count_of_user: int

    def is_valid(self, at: datetime) -> bool:
        has_begun = self.valid_from is None or self.valid_from <= at
        return has_begun and (self.valid_until is None or at < self.valid_until)

    @property
    def is_exhausted(self) -> bool:
        is_reached = self.max_redemptions is not None and self.redemption_count >= self.max_redemptions
        limit = self.max_redemptions_per_user
        return is_reached or (limit is not None and self.count_of_user >= limit)

    @property
    def terms(self) -> Promo:
        """What a start pins of it: whatever becomes of the code, they stay."""
        once = PERIODS_OF_ONCE if self.duration is PromoDuration.ONCE else None
        return Promo(
            code=self.code,
            percent_off=self.percent_off,
            amount_off_cents=self.amount_off_cents,
            currency=self.currency,
            plan_codes=self.plan_codes,
            periods_left=once or self.duration_periods,
        )


def redeem(offer: PromoOffer | None, plan: PlanTerms, at: datetime) -> Promo:
    """What a start of this plan pins of the code. Raises `Refused` when it can't have it then."""
    if offer is None:
        raise Refused(RefusalCode.PROMO_CODE_NOT_FOUND, "there is no such promo code")
    if not offer.is_valid(at):
        raise Refused(RefusalCode.PROMO_CODE_EXPIRED, "the promo code is not valid at this time")
    promo = offer.terms
    if not promo.applies_to(plan):
        raise Refused(RefusalCode.PROMO_CODE_NOT_APPLICABLE, "the promo code is not for this plan")
    if promo.currency not in {None, plan.currency}:
        raise Refused(RefusalCode.CURRENCY_MISMATCH, "the promo code is in another currency than the plan")
    if offer.is_exhausted:
        raise Refused(RefusalCode.PROMO_CODE_EXHAUSTED, "the promo code was redeemed as often as it can be")
    return promo


def redemption_settled_by(before: SubscriptionState, change: Change) -> Redemption | None:
    """What a change makes of a redemption that is still reserved; `None` when it leaves it alone.

    What is under way at the end may still be paid: the end is when nothing is.
    """
    billed, after = before.open_invoice, change.state
    is_given_up = change.voids_invoice_id is not None or change.writes_off_invoice_id is not None
    if billed is not None and after.open_invoice is None and not is_given_up:
        return Redemption.COMMITTED if billed.price.promo is not None else None
    is_over = after.has_ended and after.open_invoice is None
    was_over = before.has_ended and billed is None
    return Redemption.RELEASED if is_over and not was_over and after.promo is not None else None
