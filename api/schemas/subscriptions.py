"""Bodies about subscriptions."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AliasChoices, Field, StringConstraints

from activities.contracts import StartAnswer
from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.gift_cards import GiftCode
from api.schemas.payment_methods import OfferedMethodBody
from db.queries.subscription_views import SubscriptionView
from domain.access import NOTHING, Access, AccessTerms, NoAccess, Source, access, best
from upkeep.own_time import own_now

INACTIVE = "inactive"

GivenPromoCode = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, to_upper=True)
]
"""As a person types it: it is the same in upper and in lower case, and with blanks around it."""


class StartBody(RequestBody):
    """`code` is accepted for `plan_code`. Without a `payment_method` a person pays each invoice.

    What a gift card leaves to pay is charged as without one.

    `start_at` is an instant to come, and taken only where the virtual clock is enabled.
    """

    plan_code: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        validation_alias=AliasChoices("plan_code", "code"), examples=["P30D"]
    )
    promo_code: GivenPromoCode | None = None
    gift_code: GiftCode | None = None
    payment_method: OfferedMethodBody | None = None
    start_at: UtcInstant | None = None


class StartedBody(ResponseBody):
    """`payment_status` is `pending`; `succeeded` when gift cards or balance have paid all of it;
    `not_required` when nothing is to be paid: a trial has no invoice, and a promo code of 100 % leaves one
    that is paid already, without a payment.

    `gift_code` is as it was sent, `gift_cents` what all gift cards of the user have paid.
    """

    subscription_id: int
    invoice_id: int | None
    payment_id: int | None
    promo_code: str | None
    gift_code: str | None
    discount_cents: int
    gift_cents: int
    amount_cents: int
    currency: str
    period_start: UtcInstant
    period_end: UtcInstant
    payment_status: str
    provider: str | None
    status: str

    @classmethod
    def of(cls, answer: StartAnswer, gift_code: str | None) -> Self:
        return cls.model_validate(asdict(answer) | {"gift_code": gift_code})


class AccessBody(ResponseBody):
    """`source` is `own`, or `family` where the subscription is that of a family's owner; null without any."""

    allowed: bool
    until: UtcInstant | None
    reason: NoAccess | None
    source: Source | None

    @classmethod
    def of(cls, verdict: Access) -> Self:
        return cls.model_validate(verdict)


class PendingChangeBody(ResponseBody):
    """A change of plan that waits for this invoice to be paid. Unpaid after 23 hours, it is dropped."""

    plan_code: str
    invoice_id: int


class SubscriptionBody(ResponseBody):
    """Without a subscription the status is `inactive` and the rest is null.

    `next_action` is what time alone brings next, at `next_action_at`; both are null when nothing will, as
    after the end. `access.until` includes the days of grace. `payment_in_progress`: money may be moving, so
    that a charge can't be taken back. `trial_ends_at` is there while on trial, `frozen_until` while frozen.
    `promo_code` takes something off `promo_periods_left` more periods, or off all when that is null.
    `scheduled_plan_code` is the plan of the next period, when it was chosen or its price moves.

    A member of a family is shown their owner's subscription without what is about money or to come: that is
    null, or false.
    """

    status: str
    subscription_id: int | None
    plan_code: str | None
    current_period_start: UtcInstant | None
    current_period_end: UtcInstant | None
    cancel_at_period_end: bool
    canceled_at: UtcInstant | None
    ended_at: UtcInstant | None
    next_action: str | None
    next_action_at: UtcInstant | None
    payment_in_progress: bool
    trial_ends_at: UtcInstant | None
    frozen_until: UtcInstant | None
    promo_code: str | None
    promo_periods_left: int | None
    scheduled_plan_code: str | None
    pending_change: PendingChangeBody | None
    access: AccessBody

    @classmethod
    def of_mine(cls, views: Sequence[SubscriptionView]) -> Self:
        """Of what a user has a part in, their own first: that while it lives, else what decides access.

        The access is the best of all.
        """
        verdicts = [access_now(view.access_terms, view.clock_offset) for view in views]
        if not verdicts:
            return cls.none()
        verdict = best(verdicts)
        is_own = views[0].source is Source.OWN and views[0].ended_at is None
        shown = views[0] if is_own else views[verdicts.index(verdict)]
        return cls.of(shown, verdict)

    @classmethod
    def of(cls, view: SubscriptionView, verdict: Access | None = None) -> Self:
        """With another verdict when something else gives access, too."""
        if view.source is Source.FAMILY:
            view = view.as_members_see_it()
        pending = view.pending_change
        return cls(
            status=view.status,
            subscription_id=view.subscription_id,
            plan_code=view.plan_code,
            current_period_start=view.current_period_start,
            current_period_end=view.current_period_end,
            cancel_at_period_end=view.cancel_at_period_end,
            canceled_at=view.canceled_at,
            ended_at=view.ended_at,
            next_action=view.next_action,
            next_action_at=view.next_action_at,
            payment_in_progress=view.payment_in_progress,
            trial_ends_at=view.trial_ends_at,
            frozen_until=view.frozen_until,
            promo_code=view.promo_code,
            promo_periods_left=view.promo_periods_left,
            scheduled_plan_code=view.scheduled_plan_code,
            pending_change=pending and PendingChangeBody.model_validate(pending),
            access=AccessBody.of(verdict or access_now(view.access_terms, view.clock_offset)),
        )

    @classmethod
    def none(cls) -> Self:
        return cls(
            status=INACTIVE,
            subscription_id=None,
            plan_code=None,
            current_period_start=None,
            current_period_end=None,
            cancel_at_period_end=False,
            canceled_at=None,
            ended_at=None,
            next_action=None,
            next_action_at=None,
            payment_in_progress=False,
            trial_ends_at=None,
            frozen_until=None,
            promo_code=None,
            promo_periods_left=None,
            scheduled_plan_code=None,
            pending_change=None,
            access=AccessBody.of(NOTHING),
        )


class CancelBody(RequestBody):
    """`reason` is kept with the subscription's timeline."""

    at_period_end: bool = True
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class FreezeBody(RequestBody):
    """`until` is an instant of the subscription's own time; without it, as long as the allowance lasts."""

    until: UtcInstant | None = None


def access_now(terms: AccessTerms, clock_offset: timedelta) -> Access:
    return access(terms, own_now(clock_offset))
