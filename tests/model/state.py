"""What a subscription is at an instant, before anything is done to it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.model.bill import BankCard, Bill, Time
from tests.model.dunning import Dunning
from tests.model.person import Person
from tests.model.terms import Plan, Promo, PromoCode

ENDED = frozenset({"incomplete_expired", "canceled"})


@dataclass
class Freeze:
    since: datetime
    until: datetime


@dataclass(eq=False)
class State:
    """`now` is the paid time it is in, `ahead` the next if that is paid, `open` the invoice that waits."""

    owner: Person
    started_at: datetime
    seen_at: datetime
    now: Time
    status: str = "incomplete"
    promo: Promo | None = None
    code: PromoCode | None = None
    """Held until it is paid with; released at the end if it never was."""

    card: BankCard | None = None
    bills: list[Bill] = field(default_factory=list)
    open: Bill | None = None
    ahead: Time | None = None
    chosen: Plan | None = None
    ending: bool = False
    dunning: Dunning | None = None
    frozen: Freeze | None = None
    was_frozen: list[Freeze] = field(default_factory=list)
    ended_at: datetime | None = None
    handed_on: bool = False
    members: list[Person] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def last(self) -> Time:
        """The last that is paid for: what is chosen now follows on it."""
        return self.ahead or self.now

    @property
    def is_changing(self) -> bool:
        return self.open is not None and self.open.changed_at is not None

    @property
    def access_until(self) -> datetime | None:
        """Paid time and days of grace; no grace when it is to end."""
        if self.status not in {"trialing", "active", "past_due"}:
            return None
        return self.last.end + timedelta(days=0 if self.ending else self.now.plan.grace_days)

    def why_no_access(self) -> str:
        reasons = {"incomplete_expired": "none", "frozen": "frozen"}
        unpaid = {"incomplete", "past_due", "unpaid"}
        return reasons.get(self.status, "payment_required" if self.status in unpaid else "expired")

    @property
    def seats(self) -> int:
        """Nobody is to sit where there will be no seat."""
        plans = [self.now.plan, self.last.plan, self.chosen, self.open.time.plan if self.open else None]
        return min(plan.seats for plan in plans if plan)

    @property
    def _can_charge(self) -> bool:
        return self.card is not None and self.card not in self._unpaid.refused

    @property
    def _unpaid(self) -> Bill:
        assert self.open
        return self.open

    @property
    def _case(self) -> Dunning:
        assert self.dunning
        return self.dunning

    @property
    def _freeze(self) -> Freeze:
        assert self.frozen
        return self.frozen
