"""What an invoice says. Its total is the sum of its lines by construction, and is never negative."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Period
from domain.money import split_vat
from domain.plan import PlanTerms
from domain.promo import Promo
from domain.tenders import NO_TENDERS, Purse, Tenders, tendered

SERIES = "IT"
NUMBER_DIGITS = 6
"""Invoices are numbered `IT-2026-000001`: series, year of finalization, number within the year, no gaps."""


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class BillingReason(StrEnum):
    SUBSCRIPTION_CREATE = "subscription_create"
    SUBSCRIPTION_CYCLE = "subscription_cycle"
    SUBSCRIPTION_UPDATE = "subscription_update"


class LineKind(StrEnum):
    """`credit_to_balance` is what a credit has above the charge: it moves to the balance of who paid."""

    PLAN = "plan"
    PRORATION_CHARGE = "proration_charge"
    PRORATION_CREDIT = "proration_credit"
    DISCOUNT = "discount"
    CREDIT_TO_BALANCE = "credit_to_balance"


SAID_ANYWAY = frozenset({LineKind.PLAN, LineKind.PRORATION_CHARGE})
"""What was sold, even where it costs nothing."""

TO_OWN_BALANCE = "To your balance"
TO_BALANCE_OF_OTHERS = "To the balance of who had paid for it"


@dataclass(frozen=True)
class InvoiceLine:
    kind: LineKind
    description: str
    period: Period
    amount_cents: int


@dataclass(frozen=True)
class Invoice:
    """`tenders` pay part of it, or all, before anybody is charged. All amounts include VAT.

    Of what is credited to balances `credited_to_others_cents` is not its customer's: others had paid them,
    before the subscription was handed on.
    """

    billing_reason: BillingReason
    period: Period
    currency: str
    vat_rate_bp: int
    lines: tuple[InvoiceLine, ...]
    tenders: Tenders = NO_TENDERS
    promo_code: str | None = None
    credited_to_others_cents: int = 0

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)

    @property
    def subtotal_cents(self) -> int:
        """Before the discount."""
        return self.total_cents + self.discount_cents

    @property
    def discount_cents(self) -> int:
        return -self._sum_of(LineKind.DISCOUNT)

    @property
    def credit_cents(self) -> int:
        """For time of another plan that is not used."""
        return -self._sum_of(LineKind.PRORATION_CREDIT)

    @property
    def charge_cents(self) -> int:
        """What the time costs that it is for, after the discount and before any credit."""
        return self.total_cents + self.credit_cents - self.credited_to_balance_cents

    @property
    def credited_to_balance_cents(self) -> int:
        """Of its customer and of others."""
        return self._sum_of(LineKind.CREDIT_TO_BALANCE)

    @property
    def credited_to_own_balance_cents(self) -> int:
        return self.credited_to_balance_cents - self.credited_to_others_cents

    @property
    def amount_due_cents(self) -> int:
        """What is left to be charged."""
        return self.total_cents - self.tenders.total_cents

    @property
    def net_cents(self) -> int:
        return split_vat(self.total_cents, self.vat_rate_bp)[0]

    @property
    def vat_cents(self) -> int:
        return split_vat(self.total_cents, self.vat_rate_bp)[1]

    def crediting_others(self, cents: int) -> Self:
        """So much of what is credited to a balance is credited to those of others: they had paid it."""
        if not cents:
            return self
        kept = [line for line in self.lines if line.kind is not LineKind.CREDIT_TO_BALANCE]
        own_cents = self.credited_to_balance_cents - cents
        if own_cents:
            kept.append(_credit(TO_OWN_BALANCE, self.period, own_cents))
        others = _credit(TO_BALANCE_OF_OTHERS, self.period, cents)
        return replace(self, lines=(*kept, others), credited_to_others_cents=cents)

    def _sum_of(self, kind: LineKind) -> int:
        return sum(line.amount_cents for line in self.lines if line.kind is kind)


def build_invoice(
    billing_reason: BillingReason,
    plan: PlanTerms,
    period: Period,
    lines: Iterable[InvoiceLine],
    *,
    promo: Promo | None,
    purse: Purse,
) -> Invoice:
    """The one way to an invoice, for starts, renewals, plan changes and every preview of them.

    Lines that are less than nothing go to the customer's balance; what they cost is paid from the purse
    before anybody is charged.
    """
    said = tuple(line for line in lines if line.amount_cents or line.kind in SAID_ANYWAY)
    below_zero = -sum(line.amount_cents for line in said)
    if below_zero > 0:
        said = (*said, _credit(TO_OWN_BALANCE, period, below_zero))
    return Invoice(
        billing_reason=billing_reason,
        period=period,
        currency=plan.currency,
        vat_rate_bp=plan.vat_rate_bp,
        lines=said,
        tenders=tendered(purse, max(-below_zero, 0)),
        promo_code=promo.code if promo else None,
    )


def _credit(description: str, period: Period, cents: int) -> InvoiceLine:
    return InvoiceLine(LineKind.CREDIT_TO_BALANCE, description, period, cents)
