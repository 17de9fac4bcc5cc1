"""What an invoice is paid from before anybody is charged: gift cards, the oldest first, then the balance."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class GiftMoney:
    """An amount on, or from, one gift card."""

    gift_card_id: int
    cents: int


@dataclass(frozen=True)
class Purse:
    """What a customer has with us in one currency: gift cards, the oldest first, and their balance."""

    gifts: tuple[GiftMoney, ...] = ()
    balance_cents: int = 0


@dataclass(frozen=True)
class Tenders:
    """What of an invoice is paid out of the purse."""

    gifts: tuple[GiftMoney, ...] = ()
    balance_cents: int = 0

    @property
    def gift_cents(self) -> int:
        return sum(gift.cents for gift in self.gifts)

    @property
    def total_cents(self) -> int:
        return self.gift_cents + self.balance_cents


@dataclass(frozen=True)
class WayBack:
    """Where what was paid goes back to: `tenders` to where it came from, `expired` to the balance.

    That is what cards have paid that have expired since: on them nobody could spend it.
    """

    tenders: Tenders
    expired: tuple[GiftMoney, ...] = ()

    @property
    def received(self) -> Tenders:
        """By what gets it."""
        expired_cents = sum(gift.cents for gift in self.expired)
        return Tenders(self.tenders.gifts, self.tenders.balance_cents + expired_cents)


SMALLEST_CHARGE_CENTS = 50
"""Payment providers charge a card no less; in euros it is so with Stripe (minimum charge amounts)."""

EMPTY_PURSE = Purse()
NO_TENDERS = Tenders()


def taken_from(purse: Purse, owed_cents: int) -> Tenders:
    """As much of `owed_cents` as the purse has."""
    gifts = []
    for gift in purse.gifts:
        used_cents = min(gift.cents, owed_cents)
        if used_cents > 0:
            gifts.append(GiftMoney(gift.gift_card_id, used_cents))
            owed_cents -= used_cents
    return Tenders(tuple(gifts), min(purse.balance_cents, owed_cents))


def tendered(purse: Purse, owed_cents: int) -> Tenders:
    """What the purse pays of `owed_cents`: all that it has, unless too little would be left to be charged.

    Then so much stays in the purse that the smallest charge is left. Of what is below that from the start, it
    pays what it can.
    """
    taken = taken_from(purse, owed_cents)
    if 0 < owed_cents - taken.total_cents < SMALLEST_CHARGE_CENTS <= owed_cents:
        return taken_from(purse, owed_cents - SMALLEST_CHARGE_CENTS)
    return taken


def left_in(purse: Purse, taken: Tenders) -> Purse:
    """The purse after that."""
    used = {gift.gift_card_id: gift.cents for gift in taken.gifts}
    gifts = tuple(replace(gift, cents=gift.cents - used.get(gift.gift_card_id, 0)) for gift in purse.gifts)
    return Purse(gifts, purse.balance_cents - taken.balance_cents)


def credited(purse: Purse, cents: int) -> Purse:
    """The purse with so much more on the balance."""
    return replace(purse, balance_cents=purse.balance_cents + cents)


def unexpired(purse: Purse, expiries: Mapping[int, datetime], at: datetime) -> Purse:
    """What can be taken out at `at`; `expiries` are by gift card, and a card without one never expires."""
    gifts = (
        gift for gift in purse.gifts if gift.gift_card_id not in expiries or at < expiries[gift.gift_card_id]
    )
    return replace(purse, gifts=tuple(gifts))


def way_back(paid: Tenders, expiries: Mapping[int, datetime], at: datetime) -> WayBack:
    """Of what goes back at `at`; `expiries` as above."""
    gifts = unexpired(Purse(paid.gifts), expiries, at).gifts
    expired = tuple(gift for gift in paid.gifts if gift not in gifts)
    return WayBack(Tenders(gifts, paid.balance_cents), expired)
