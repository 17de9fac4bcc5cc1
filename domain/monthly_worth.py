"""What a paid period is worth a month: the one amount that periods of all lengths are compared by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.billing_calendar import parse_interval
from domain.money import share, split_vat

DAYS_A_MONTH = (487, 16)
"""365.25 / 12, as a fraction."""

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Billed:
    """What an invoice says of the time that it is for, before gift cards and balance; VAT is in it.

    `charge_cents` is what that time costs on the plan, `discount_cents` what a promo code takes off. A change
    of plan inside a period charges for what is `left` of the `whole`: `prices` are those that the plan ever
    had.
    """

    charge_cents: int
    discount_cents: int
    vat_rate_bp: int
    period_iso: str
    left: timedelta | None = None
    whole: timedelta | None = None
    prices: Sequence[int] = ()


def monthly_worth(billed: Billed) -> int:
    """Net of VAT and of discounts, in cents, rounded once at the end as all money is."""
    price_cents = _whole_price(billed)
    if billed.charge_cents:
        kept_cents = billed.charge_cents - billed.discount_cents
        price_cents = share(price_cents, kept_cents, billed.charge_cents)
    net_cents, _ = split_vat(price_cents, billed.vat_rate_bp)
    interval = parse_interval(billed.period_iso)
    if interval.months:
        return share(net_cents, 1, interval.months)
    days, of = DAYS_A_MONTH
    return share(net_cents, days, of * interval.days)


def _whole_price(billed: Billed) -> int:
    """The price whose share the charge is: a share that was rounded does not tell it by itself."""
    if not billed.left or not billed.whole:
        return billed.charge_cents
    left, whole = billed.left // MICROSECOND, billed.whole // MICROSECOND

    def off_by(price_cents: int) -> int:
        return abs(share(price_cents, left, whole) - billed.charge_cents)

    return min(billed.prices, key=off_by, default=share(billed.charge_cents, whole, left))
