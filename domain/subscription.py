"""The whole state of one subscription: what its workflow carries, and what its row's snapshot holds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, OpenInvoice, Switch
from domain.dunning import DunningCase
from domain.freeze_allowance import NEVER_FROZEN, Freeze, FrozenTime
from domain.plan import PlanTerms
from domain.pricing import FREE, PeriodPrice
from domain.promo import Promo

UNPAID_START_LIVES = timedelta(hours=23)
COMMANDS_REMEMBERED = 20

CHARGEBACK = "chargeback"
"""Why it is parked when money was charged back: only an operator lets it go on."""


class Status(StrEnum):
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    FROZEN = "frozen"
    UNPAID = "unpaid"
    CANCELED = "canceled"


@dataclass(frozen=True)
class PaidAhead:
    """The next period, paid before the present one is over. `switch` is the plan that begins with it."""

    index: int
    period: Period
    price: PeriodPrice = FREE
    switch: Switch | None = None


@dataclass(frozen=True)
class SubscriptionState:
    """Everything needed to go on with a subscription, and nothing personal.

    `version` counts the changes: a write decided on an older version loses. `period` is the one that was
    begun last; it is paid for, or a trial, except while `incomplete`. `period_index` counts it from the
    anchor. `payment_method_id` is what renewals are charged to; without one a person pays. `parked_reason`:
    billing waits for an operator. `withdrawing_payment_id` is a payment that nobody needs any more and that
    its provider still has to be told of. `recent_commands` are the ids of the last commands applied, so that
    one repeated across a continue-as-new is not applied twice. `price` is what the present period costs in
    whole, `frozen_microseconds` for how long it was frozen, and `altered_at` when its plan was changed or it
    was thawed last. `promo` is what is left of a promo code, `scheduled_plan` a plan that was chosen for the
    next period. `moved_price` is the price that its own plan moves to with the next renewal: beside a choice,
    so that one that is taken back leaves it as it was. At `transferred_at` it was handed on to its user.
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
    payment_method_id: int | None = None
    open_invoice: OpenInvoice | None = None
    paid_ahead: PaidAhead | None = None
    dunning: DunningCase | None = None
    freeze: Freeze | None = None
    frozen_time: FrozenTime = NEVER_FROZEN
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    parked_reason: str | None = None
    withdrawing_payment_id: int | None = None
    recent_commands: tuple[str, ...] = ()
    price: PeriodPrice = FREE
    frozen_microseconds: int = 0
    promo: Promo | None = None
    scheduled_plan: PlanTerms | None = None
    moved_price: PlanTerms | None = None
    altered_at: datetime | None = None
    transferred_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None

    @property
    def is_finished(self) -> bool:
        """It has ended, and nothing that was begun with a provider is left open."""
        return self.has_ended and self.open_invoice is None and self.withdrawing_payment_id is None

    @property
    def expires_at(self) -> datetime:
        """When an unpaid start is given up."""
        return self.started_at + UNPAID_START_LIVES

    @property
    def paid_until(self) -> datetime:
        """The end of all time that was paid for, or of the trial. Means nothing while `incomplete`."""
        return self.paid_ahead.period.end if self.paid_ahead else self.period.end

    @property
    def last_paid_plan(self) -> PlanTerms:
        """The plan of all time that is paid for: what is chosen now follows on it."""
        ahead = self.paid_ahead
        return ahead.switch.plan if ahead and ahead.switch else self.plan

    @property
    def chosen_plan(self) -> PlanTerms | None:
        """Another plan than that one, for what follows on it."""
        wanted = self.scheduled_plan
        return wanted if wanted and wanted.code != self.last_paid_plan.code else None

    @property
    def coming_price(self) -> PlanTerms | None:
        """A newer price of that plan, for when no other is chosen.

        A state from before it was kept beside a choice has it in the choice's place.
        """
        present = self.last_paid_plan
        for price in (self.moved_price, self.scheduled_plan):
            if price and price.code == present.code and price.price_version > present.price_version:
                return price
        return None

    @property
    def next_plan(self) -> PlanTerms:
        """What follows on the time that is paid for, unless something else is chosen."""
        return self.chosen_plan or self.coming_price or self.last_paid_plan

    @property
    def holds_from(self) -> datetime:
        """From when on the present period has been as it is now, of this plan and until this end."""
        return self.altered_at or self.period.start

    @property
    def is_changing_plan(self) -> bool:
        """A change of plan waits for its payment."""
        return self.open_invoice is not None and self.open_invoice.is_for_a_change

    @property
    def change_invoice_id(self) -> int | None:
        """The invoice that has to be paid before its plan changes."""
        return self.open_invoice.invoice_id if self.open_invoice and self.is_changing_plan else None

    @property
    def unpaid_invoice(self) -> OpenInvoice:
        """The invoice that waits for its payment. Raises `ValueError` when none does."""
        if self.open_invoice is None:
            raise ValueError(f"subscription {self.subscription_id} has no open invoice")
        return self.open_invoice

    @property
    def billed_plan(self) -> PlanTerms:
        """The plan that the invoice that waits for its payment is for."""
        switch = self.unpaid_invoice.switch
        return switch.plan if switch else self.plan

    @property
    def attempt(self) -> Attempt | None:
        """The payment under way."""
        return None if self.open_invoice is None else self.open_invoice.attempt

    @property
    def is_charging(self) -> bool:
        """Money may be moving: it can't be taken back, only waited for."""
        return self.attempt is not None and self.attempt.is_in_flight

    @property
    def is_collecting(self) -> bool:
        """A payment is under way, and nobody is waited for to do something about it.

        One that its provider refused waits for an operator, or for another one in its place; a fault of ours
        only holds it up.
        """
        is_to_be_charged = self.attempt is not None and self.attempt.is_to_be_charged
        return self.is_charging or (is_to_be_charged and self.parked_reason != "provider_rejected")

    @property
    def stays_parked_for(self) -> str | None:
        """Why it stays parked whatever becomes of its payments; `None` when that lets it go on."""
        return CHARGEBACK if self.parked_reason == CHARGEBACK else None

    @property
    def wants_no_payment(self) -> bool:
        """It has ended, or ends with its period: a charge under way may stand, and none is begun."""
        return self.has_ended or self.cancel_at_period_end

    @property
    def dunning_case(self) -> DunningCase:
        """Raises `ValueError` when nothing is past due."""
        if self.dunning is None:
            raise ValueError(f"subscription {self.subscription_id} is not past due")
        return self.dunning

    def with_attempt(self, attempt: Attempt) -> Self:
        return replace(self, open_invoice=self.unpaid_invoice.trying(attempt))

    def remembers(self, command_id: str) -> bool:
        return command_id in self.recent_commands

    def remembering(self, command_id: str) -> Self:
        return replace(self, recent_commands=(*self.recent_commands, command_id)[-COMMANDS_REMEMBERED:])
