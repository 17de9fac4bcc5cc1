"""What everybody shares: who works here, which codes are going round, and who has which subscription."""

import random
from dataclasses import dataclass, field

from tests.chaos.asking import Desk
from tests.chaos.plant import Plant
from tests.client import Student


@dataclass
class Market:
    """`payers` are by the id of their subscription; of `payments` and `invoices` staff may give back."""

    plant: Plant
    desk: Desk
    admin: Student
    dice: random.Random
    promo_codes: list[str] = field(default_factory=list)
    gift_codes: list[str] = field(default_factory=list)
    invitations: list[str] = field(default_factory=list)
    payers: dict[int, Student] = field(default_factory=dict)
    payments: list[int] = field(default_factory=list)
    invoices: list[int] = field(default_factory=list)
    gone: list[Student] = field(default_factory=list)
    is_closed: bool = False
