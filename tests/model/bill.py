"""An invoice: what it is over, what pays it, and what of it went back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.model.purse import Money, Purse
from tests.model.terms import Plan, Promo, refuse_if


@dataclass(eq=False)
class BankCard:
    """What a charge of it does: `ok`, declined (`soft`, `hard`), or to be confirmed by its payer (`3ds`)."""

    token: str
    does: str = "ok"


@dataclass(eq=False)
class Payment:
    """One attempt. Without a card a person pays, and a webhook tells so."""

    card: BankCard | None
    cents: int
    since: datetime
    status: str = "pending"
    asked: int = 0
    """How often the provider was asked for one that waits to be confirmed."""

    refunded: int = 0
    surplus: int = 0
    """Its invoice was paid already, so it went to the balance."""


@dataclass
class Time:
    """Time of a plan that is paid for, or will be: the n-th period from its anchor.

    `price` is what the whole period costs after the promo that it was billed with. Since `since` it is as it
    is now: from then on its time can be given back.
    """

    plan: Plan
    anchor: datetime
    day: int
    n: int
    start: datetime
    end: datetime
    since: datetime
    price: int = 0
    promo: Promo | None = None
    frozen: timedelta = timedelta()
    bill: "Bill | None" = None

    @classmethod
    def of(cls, plan: Plan, anchor: datetime, day: int, n: int, promo: Promo | None) -> "Time":
        start, end = plan.boundary(anchor, day, n), plan.boundary(anchor, day, n + 1)
        applied = promo if promo and promo.is_for(plan) else None
        price = plan.cents - (applied.off(plan) if applied else 0)
        return cls(plan, anchor, day, n, start, end, start, price, applied)

    @property
    def whole(self) -> timedelta:
        """Frozen time is no part of what was paid for."""
        return self.end - self.start - self.frozen


@dataclass(eq=False)
class Bill:
    """`changed_at`: its plan takes the present one's place from that instant on, once it is paid."""

    reason: str
    purse: Purse
    time: Time
    start: datetime
    charge: int
    discount: int = 0
    credit: int = 0
    changed_at: datetime | None = None
    status: str = "open"
    paid: Money = field(default_factory=Money)
    back: Money = field(default_factory=Money)
    credited: int = 0
    """What a change of plan has credited to the balance, of what this one was paid with."""

    payments: list[Payment] = field(default_factory=list)
    refused: list[BankCard] = field(default_factory=list)
    notes: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    """Credit notes: why, how much, and of it to the card, gift cards and the balance."""

    def __post_init__(self) -> None:
        self.end = self.time.end
        self.paid = self.purse.pay(self.total)
        self.due = self.total - self.paid.total

    @property
    def promo_code(self) -> str | None:
        promo = self.time.promo
        return promo.code if promo and promo.is_for(self.time.plan) else None

    @property
    def total(self) -> int:
        return max(self.charge - self.discount - self.credit, 0)

    @property
    def to_balance(self) -> int:
        """What the credit has above the charge."""
        return max(self.credit + self.discount - self.charge, 0)

    @property
    def waiting(self) -> Payment | None:
        return self.payments[-1] if self.payments and self.payments[-1].status == "pending" else None

    @property
    def left(self) -> Money:
        """What can go back."""
        if self.status != "paid":
            return Money()
        return self.paid.without(self.back).part(self.total - self.back.total - self.credited)

    @property
    def kept(self) -> int:
        return self.total - self.back.total - self.credited

    @property
    def credited_of(self) -> Money:
        """What had paid for what changes of plan have credited: what can go back is taken before it."""
        return self.paid.without(self.back).without(self.left)

    def give_up(self, status: str) -> None:
        """It is owed no more: what the purse has paid is there again, and nobody waits for its payments."""
        self.status = status
        self.purse.take_back(self.paid)
        self.stop_waiting()

    def stop_waiting(self) -> None:
        if self.waiting:
            self.waiting.status = "failed"

    def refund(self, cents: int, why: str) -> None:
        """To the card first, then to the balance, then to gift cards."""
        refuse_if(not 0 < cents <= self.left.total, "refund_exceeds_invoice")
        part = self.left.part(cents)
        self.back.add(part)
        self.purse.take_back(part)
        if part.total > part.card:
            self.notes.append((why, part.total - part.card, 0, part.gift, part.balance))
        if part.card:
            self.notes.append((why, part.card, part.card, 0, 0))
