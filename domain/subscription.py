"""The whole state of one subscription: what its workflow carries, and what its row's snapshot holds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Anchor, Period
from domain.plan import PlanTerms

UNPAID_START_LIVES = timedelta(hours=23)
COMMANDS_REMEMBERED = 20


class Status(StrEnum):
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    ACTIVE = "active"
    CANCELED = "canceled"


@dataclass(frozen=True)
class SubscriptionState:
    """Everything needed to go on with a subscription, and nothing personal.

    `version` counts the changes: a write decided on an older version loses. `open_invoice_id` is the invoice
    that waits for its payment. `recent_commands` are the ids of the last commands applied, so that one
    repeated across a continue-as-new is not applied twice.
    """

    subscription_id: int
    user_id: int
    version: int
    status: Status
    plan: PlanTerms
    anchor: Anchor
    period_index: int
    period: Period
    started_at: datetime
    open_invoice_id: int | None
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    recent_commands: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None

    @property
    def expires_at(self) -> datetime:
        """When an unpaid start is given up."""
        return self.started_at + UNPAID_START_LIVES

    @property
    def unpaid_invoice_id(self) -> int:
        """The invoice that waits for its payment. Raises `ValueError` when none does."""
        if self.open_invoice_id is None:
            raise ValueError(f"subscription {self.subscription_id} has no open invoice")
        return self.open_invoice_id

    def remembers(self, command_id: str) -> bool:
        return command_id in self.recent_commands

    def remembering(self, command_id: str) -> Self:
        return replace(self, recent_commands=(*self.recent_commands, command_id)[-COMMANDS_REMEMBERED:])
