"""Somebody who changes their plan in a period that is paid for."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain import changing, paying
from domain.changing import ChangeOffer
from domain.collecting import OpenInvoice
from domain.plan import PlanTerms
from domain.pricing import PeriodPrice, period_price
from domain.promo import Promo
from domain.subscription import SubscriptionState
from domain.tenders import EMPTY_PURSE, Purse
from tests.domain.states import (
    ACTIVE,
    MONTHLY,
    PERIOD,
    POLICY,
)

PAID = replace(ACTIVE, price=PeriodPrice(MONTHLY.price_cents))
HALFWAY = PERIOD.start + (PERIOD.end - PERIOD.start) / 2
HALF_OFF = Promo("HALF", 50, None, None, (), 3)
FIVE_OFF = Promo("FIVE", None, 500, "EUR", (), 1)
ONLY_MONTHLY = Promo("MONTHLY", 50, None, None, ("P1M",), 1)
ONLY_YEARLY = Promo("YEARLY", 50, None, None, ("P1Y",), None)


@dataclass
class Changing:
    """One who changes their plan again and again, and pays at once. `paid_cents` as the books tell it."""

    state: SubscriptionState
    paid_cents: int

    def offer(self, wanted: PlanTerms, at: datetime, purse: Purse = EMPTY_PURSE) -> ChangeOffer:
        return changing.offer(self.state, wanted, at, paid_cents=self.paid_cents, purse=purse)

    def change(self, wanted: PlanTerms, at: datetime, purse: Purse = EMPTY_PURSE) -> ChangeOffer:
        offer = self.offer(wanted, at, purse)
        invoice = OpenInvoice(
            9,
            offer.index,
            offer.period,
            POLICY,
            None,
            price=offer.price,
            switch=offer.switch,
            changed_at=offer.at,
        )
        self.state = paying.covered(changing.opened(self.state, invoice).state, at).state
        self.paid_cents = offer.invoice.charge_cents
        return offer


def begun(plan: PlanTerms = MONTHLY, promo: Promo | None = None) -> Changing:
    price = period_price(plan, promo)
    return Changing(replace(ACTIVE, plan=plan, price=price, promo=promo), price.cents)
