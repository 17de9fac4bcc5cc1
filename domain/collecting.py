"""An invoice that waits for its money, and the attempt to collect it that is under way.

An outage is not a decline: an attempt that got no answer is `unknown` and is looked up by its key, ever more
rarely, until the provider knows. It is never repeated under a second key.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Anchor, Period
from domain.dunning import DunningPolicy
from domain.plan import PlanTerms
from domain.pricing import FREE, PeriodPrice

FIRST_LOOK_UP = timedelta(seconds=30)
UNKNOWN_LOOK_UPS = 12
"""Each twice as late as the one before; after 17 hours without an answer a person has to look."""

PENDING_LOOK_UPS = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72))
"""A customer who has not confirmed by the last one is taken to have declined."""


class AttemptStage(StrEnum):
    """`due` has its key and was not sent; `charging` is with the provider; `pending` waits for the payer."""

    DUE = "due"
    CHARGING = "charging"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """One payment of an open invoice. Without a method a person pays, through the manual provider.

    `since` is when it came to this stage; `look_ups` counts how often its provider was asked since.
    """

    payment_id: int
    stage: AttemptStage
    method_id: int | None
    since: datetime
    look_ups: int = 0

    @property
    def is_in_flight(self) -> bool:
        """Money may be moving: it can't be taken back, only waited for."""
        return self.stage in {AttemptStage.CHARGING, AttemptStage.UNKNOWN}

    @property
    def is_to_be_charged(self) -> bool:
        return self.stage in {AttemptStage.DUE, AttemptStage.CHARGING}

    @property
    def is_at_provider(self) -> bool:
        """The provider waits for the customer, and has to be told when nobody else does."""
        return self.stage is AttemptStage.PENDING and self.method_id is not None

    @property
    def look_up_at(self) -> datetime | None:
        """When to ask the provider next; `None` when there is nothing to ask."""
        if self.stage is AttemptStage.UNKNOWN:
            return self.since + FIRST_LOOK_UP * (1 << self.look_ups)
        if self.is_at_provider:
            return self.since + PENDING_LOOK_UPS[min(self.look_ups, len(PENDING_LOOK_UPS) - 1)]
        return None

    @property
    def is_at_last_look_up(self) -> bool:
        is_pending = self.stage is AttemptStage.PENDING
        allowed = len(PENDING_LOOK_UPS) if is_pending else UNKNOWN_LOOK_UPS
        return self.look_ups + 1 >= allowed

    @property
    def looked_up(self) -> Self:
        """Its provider was asked once more, and nothing is new."""
        return replace(self, look_ups=self.look_ups + 1)

    def at_stage(self, stage: AttemptStage, at: datetime) -> Self:
        """At a new stage, with nothing asked so far."""
        return replace(self, stage=stage, since=at, look_ups=0)

    def going_on(self, stage: AttemptStage, at: datetime) -> Self:
        """At another stage of the same search for an answer: what was asked so far still counts."""
        return replace(self, stage=stage, since=at)


@dataclass(frozen=True)
class Switch:
    """The plan that takes the present one's place once it is paid for, and where its periods count from."""

    plan: PlanTerms
    anchor: Anchor


@dataclass(frozen=True)
class OpenInvoice:
    """`policy` is the plan's dunning policy, pinned when the invoice was opened.

    `attempt` is the payment under way; without one the last has failed and the next is not due yet.
    `refused_method_ids` were declined for good: they are not charged for this invoice again, unless somebody
    asks for just that. `price` is what the whole period costs. `switch` is another plan than the present one;
    with `changed_at` it takes its place from that instant on, inside the present period, and not at all
    unless it is paid for in time.
    """

    invoice_id: int
    index: int
    period: Period
    policy: DunningPolicy
    attempt: Attempt | None
    refused_method_ids: tuple[int, ...] = ()
    price: PeriodPrice = FREE
    switch: Switch | None = None
    changed_at: datetime | None = None

    @property
    def is_for_a_change(self) -> bool:
        return self.changed_at is not None

    def trying(self, attempt: Attempt | None) -> Self:
        return replace(self, attempt=attempt)

    def has_refused(self, method_id: int | None) -> bool:
        return method_id in self.refused_method_ids

    def refusing(self, method_id: int) -> Self:
        return replace(self, refused_method_ids=(*self.refused_method_ids, method_id))
