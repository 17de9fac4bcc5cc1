"""What staff send to act for a user: as the user would, and why."""

from api.schemas.base import Reason, ReasonBody
from api.schemas.gift_cards import RedeemGiftBody
from api.schemas.plan_changes import ChangePlanBody
from api.schemas.subscriptions import FreezeBody, StartBody


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
