"""What may be ordered of a subscription by whoever may: cancel, freeze, withdraw, and the ways back."""

from datetime import datetime

from activities.contracts import Cause
from api.subscription_commands import Order
from domain.lifecycle import Action
from workflows.messages import CancelCommand, FreezeCommand, PlainCommand
from workflows.subscription import Subscription


def cancel(command_id: str, cause: Cause, *, at_period_end: bool) -> Order[CancelCommand, None]:
    action = Action.CANCEL_AT_PERIOD_END if at_period_end else Action.CANCEL_NOW
    return Order(action, Subscription.cancel, CancelCommand(command_id, at_period_end, cause))


def uncancel(command_id: str, cause: Cause) -> Order[PlainCommand, None]:
    return Order(Action.UNCANCEL, Subscription.uncancel, PlainCommand(command_id, cause))


def freeze(command_id: str, cause: Cause, *, until: datetime | None) -> Order[FreezeCommand, None]:
    """`until` is an instant of the subscription's own time."""
    return Order(Action.FREEZE, Subscription.freeze, FreezeCommand(command_id, until, cause))


def unfreeze(command_id: str, cause: Cause) -> Order[PlainCommand, None]:
    return Order(Action.UNFREEZE, Subscription.unfreeze, PlainCommand(command_id, cause))


def withdraw(command_id: str, cause: Cause) -> Order[PlainCommand, None]:
    return Order(Action.WITHDRAW, Subscription.withdraw, PlainCommand(command_id, cause))
