"""What of a paid invoice goes back: to what it was paid with, and with which net and VAT."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from domain.money import share, split_vat
from domain.tenders import NO_TENDERS, Purse, Tenders, left_in, taken_from

CREDIT_NOTE_SERIES = "NC"
"""Credit notes are numbered `NC-2026-000001`, as invoices are: see `domain.invoice`."""


class CreditNoteReason(StrEnum):
    """`plan_change` credits what was not used of a plan to the customer's balance."""

    STAFF = "staff"
    WITHDRAWAL = "withdrawal"
    PLAN_CHANGE = "plan_change"


@dataclass(frozen=True)
class Paid:
    """Money of a paid invoice, by where it came from and goes back to: its payment, gift cards, balance."""

    card_cents: int = 0
    tenders: Tenders = NO_TENDERS

    @property
    def total_cents(self) -> int:
        return self.card_cents + self.tenders.total_cents


@dataclass(frozen=True)
class NetAndVat:
    net_cents: int
    vat_cents: int


def given_back(paid: Paid, cents: int) -> Paid:
    """As much of `cents` as there is: to the card first, then to the balance, then to gift cards.

    Of several cards the one that was used first gets its part back first.
    """
    card_cents = min(paid.card_cents, cents)
    balance_cents = min(paid.tenders.balance_cents, cents - card_cents)
    gifts = taken_from(Purse(paid.tenders.gifts), cents - card_cents - balance_cents).gifts
    return Paid(card_cents, Tenders(gifts, balance_cents))


def part_of_each(paid: Paid, part: Callable[[int], int]) -> Paid:
    """`part` of what every tender paid, so that together it is `part` of the whole, to the cent."""
    card = paid.card_cents
    with_balance = card + paid.tenders.balance_cents
    of_card, of_both, of_all = part(card), part(with_balance), part(paid.total_cents)
    gifts = taken_from(Purse(paid.tenders.gifts), of_all - of_both).gifts
    return Paid(of_card, Tenders(gifts, of_both - of_card))


def spread(cents: int, lefts: Sequence[Paid]) -> list[Paid]:
    """Each of `lefts` has something: the first ones give it all, the last one gives a part of each tender."""
    parts = []
    for left in lefts:
        whole_cents = left.total_cents
        part_cents = min(cents, whole_cents)
        parts.append(part_of_each(left, partial(share, numerator=part_cents, denominator=whole_cents)))
        cents -= part_cents
    return parts


def without(paid: Paid, left: Paid) -> Paid:
    """The part of `paid` that is not in `left`."""
    purse = left_in(Purse(paid.tenders.gifts, paid.tenders.balance_cents), left.tenders)
    return Paid(paid.card_cents - left.card_cents, Tenders(purse.gifts, purse.balance_cents))


def credited(amount_cents: int, *, credited_before_cents: int, vat_rate_bp: int) -> NetAndVat:
    """Net and VAT of one credit note. Those of partial ones add up to those of the whole invoice."""
    net_before, vat_before = split_vat(credited_before_cents, vat_rate_bp)
    net, vat = split_vat(credited_before_cents + amount_cents, vat_rate_bp)
    return NetAndVat(net - net_before, vat - vat_before)
