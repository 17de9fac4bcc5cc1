"""What staff send to act for a user: as the user would, and why."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.base import RequestBody
from api.schemas.gift_cards import RedeemGiftBody
from api.schemas.plan_changes import ChangePlanBody
from api.schemas.subscriptions import FreezeBody, StartBody

Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    Field(examples=["the customer called and asked for it"]),
]
"""For those who look later. The user never reads it."""


class ReasonBody(RequestBody):
    """`reason` is for staff alone."""

    reason: Reason


class StaffCancelBody(ReasonBody):
    """`reason` is for staff alone."""

    at_period_end: bool = True


class StaffFreezeBody(FreezeBody):
    """`until` is an instant of the subscription's own time; without it, as long as the allowance lasts."""

    reason: Reason


class StaffChangePlanBody(ChangePlanBody):
    """Without `when` as usual: up now, down at the period's end. With a quote it costs what was quoted."""

    reason: Reason


class StaffRedeemBody(RedeemGiftBody):
    """The card becomes the user's."""

    reason: Reason


class StaffStartBody(StartBody):
    """As the user's own start: `code` is accepted for `plan_code`, and without a method a person pays."""

    reason: Reason
