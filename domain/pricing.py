"""What a period costs, and what a change of plan costs inside one. Worked tables: docs/pricing.md."""

from dataclasses import dataclass

from domain.billing_calendar import Period
from domain.invoice import BillingReason, Invoice, InvoiceLine, LineKind, build_invoice
from domain.money import share
from domain.plan import PlanTerms
from domain.promo import Promo, promo_for
from domain.tenders import Purse


@dataclass(frozen=True)
class PeriodPrice:
    """What one whole period costs its payer: after the promo, before gift cards and balance.

    `promo` is the one that the period was billed with, also while it is of a plan that it takes nothing off.
    """

    cents: int
    promo: Promo | None = None


FREE = PeriodPrice(0)


def period_price(plan: PlanTerms, promo: Promo | None) -> PeriodPrice:
    """A promo that is not for this plan takes nothing off."""
    applied = promo_for(promo, plan)
    off_cents = applied.off(plan.price_cents) if applied else 0
    return PeriodPrice(plan.price_cents - off_cents, applied)


def bill_period(
    billing_reason: BillingReason, plan: PlanTerms, period: Period, promo: Promo | None, purse: Purse
) -> Invoice:
    """One period of a plan at its pinned price."""
    lines = [InvoiceLine(LineKind.PLAN, plan.name, period, plan.price_cents)]
    applied = promo_for(promo, plan)
    if applied is not None:
        lines.append(_discount(applied, period, applied.off(plan.price_cents)))
    return build_invoice(billing_reason, plan, period, lines, promo=applied, purse=purse)


@dataclass(frozen=True)
class Remainder:
    """What is left of a period at an instant, in microseconds. The whole leaves frozen time out."""

    left: int
    whole: int

    def of(self, cents: int) -> int:
        return share(cents, self.left, self.whole)


WHOLE_PERIOD = Remainder(left=1, whole=1)


@dataclass(frozen=True)
class Credit:
    """What is given back of the present plan: never more than was paid."""

    plan: PlanTerms
    period: Period
    cents: int


def bill_change(
    plan: PlanTerms,
    period: Period,
    *,
    credit: Credit,
    remainder: Remainder | None,
    promo: Promo | None,
    purse: Purse,
) -> Invoice:
    """The new plan's share of the same period or, without `remainder`, a fresh one of it; less the credit."""
    part, price = remainder or WHOLE_PERIOD, period_price(plan, promo)
    charge_cents = part.of(plan.price_cents)
    if remainder is None:
        lines = [InvoiceLine(LineKind.PLAN, plan.name, period, charge_cents)]
    else:
        rest = f"Rest of the period on {plan.name}"
        lines = [InvoiceLine(LineKind.PRORATION_CHARGE, rest, period, charge_cents)]
    if price.promo is not None:
        # What is left is the share of the discounted price, as a credit for it is: no cent is to be won.
        lines.append(_discount(price.promo, period, charge_cents - part.of(price.cents)))
    lines.append(
        InvoiceLine(
            LineKind.PRORATION_CREDIT, f"Unused time of {credit.plan.name}", credit.period, -credit.cents
        )
    )
    return build_invoice(
        BillingReason.SUBSCRIPTION_UPDATE, plan, period, lines, promo=price.promo, purse=purse
    )


def _discount(promo: Promo, period: Period, off_cents: int) -> InvoiceLine:
    return InvoiceLine(LineKind.DISCOUNT, f"Promo code {promo.code}", period, -off_cents)
