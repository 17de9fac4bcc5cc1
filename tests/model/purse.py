"""What customers have with us, and what an invoice is paid with."""

from dataclasses import dataclass, field
from datetime import datetime

SMALLEST_CHARGE = 50


@dataclass(eq=False)
class GiftCard:
    """It belongs to whoever redeems it first."""

    code: str
    left: int
    redeemed_at: datetime | None = None


@dataclass
class Money:
    """By where it came from, and goes back to."""

    card: int = 0
    balance: int = 0
    gifts: dict[GiftCard, int] = field(default_factory=dict)

    @property
    def gift(self) -> int:
        return sum(self.gifts.values())

    @property
    def total(self) -> int:
        return self.card + self.balance + self.gift

    def part(self, cents: int) -> "Money":
        """As much of `cents` as there is: of the card first, then the balance, then gift cards."""
        card = min(self.card, cents)
        balance = min(self.balance, cents - card)
        part = Money(card, balance)
        for gift, had in self.gifts.items():
            part.gifts[gift] = min(had, cents - part.total)
        return part

    def add(self, other: "Money") -> None:
        self.card += other.card
        self.balance += other.balance
        for gift, cents in other.gifts.items():
            self.gifts[gift] = self.gifts.get(gift, 0) + cents

    def without(self, other: "Money") -> "Money":
        gifts = {gift: cents - other.gifts.get(gift, 0) for gift, cents in self.gifts.items()}
        return Money(self.card - other.card, self.balance - other.balance, gifts)


@dataclass
class Purse:
    """Gift cards, the oldest redemption first, and then the balance: they pay before anybody is charged."""

    gifts: list[GiftCard] = field(default_factory=list)
    balance: int = 0

    def put(self, card: GiftCard, at: datetime) -> None:
        card.redeemed_at = at
        self.gifts = sorted([*self.gifts, card], key=lambda gift: gift.redeemed_at or at)

    def pay(self, owed: int) -> Money:
        """What is left to be charged is nothing, or what providers charge at least."""
        paid = self._would_pay(owed)
        if 0 < owed - paid.total < SMALLEST_CHARGE <= owed:
            paid = self._would_pay(owed - SMALLEST_CHARGE)
        self.balance -= paid.balance
        for gift, cents in paid.gifts.items():
            gift.left -= cents
        return paid

    def take_back(self, money: Money) -> None:
        """Of what its invoice is not paid with any more. The card's part is not ours to keep."""
        self.balance += money.balance
        for gift, cents in money.gifts.items():
            gift.left += cents

    def give_back(self, money: Money) -> None:
        """Out of the balance, as far as it is there, to what had paid it: to the balance, it stays."""
        part = money.part(self.balance)
        self.balance -= part.card + part.gift
        for gift, cents in part.gifts.items():
            gift.left += cents

    def _would_pay(self, owed: int) -> Money:
        paid = Money()
        for gift in self.gifts:
            paid.gifts[gift] = min(gift.left, owed - paid.gift)
        paid.balance = min(self.balance, owed - paid.gift)
        return paid
