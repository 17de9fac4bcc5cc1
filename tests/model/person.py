"""A customer: what they have with us, what they can be charged by, and what they pay for."""

from dataclasses import dataclass, field

from tests.model.bill import BankCard, Bill
from tests.model.purse import Purse


@dataclass(eq=False)
class Person:
    """`cards` are the stored ones: the one that was chosen last is what renewals are charged to."""

    name: str
    purse: Purse = field(default_factory=Purse)
    cards: list[BankCard] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    had_trial: bool = False

    @property
    def default_card(self) -> BankCard | None:
        return self.cards[-1] if self.cards else None
