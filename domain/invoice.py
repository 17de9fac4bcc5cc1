"""What an invoice says. Its total is the sum of its lines by construction."""

from dataclasses import dataclass
from enum import StrEnum

from domain.billing_calendar import Period
from domain.money import split_vat
from domain.plan import PlanTerms

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


class LineKind(StrEnum):
    PLAN = "plan"


@dataclass(frozen=True)
class InvoiceLine:
    kind: LineKind
    description: str
    period: Period
    amount_cents: int


@dataclass(frozen=True)
class Invoice:
    billing_reason: BillingReason
    period: Period
    currency: str
    vat_rate_bp: int
    lines: tuple[InvoiceLine, ...]

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)

    @property
    def net_cents(self) -> int:
        return split_vat(self.total_cents, self.vat_rate_bp)[0]

    @property
    def vat_cents(self) -> int:
        return split_vat(self.total_cents, self.vat_rate_bp)[1]


def build_invoice(billing_reason: BillingReason, plan: PlanTerms, period: Period) -> Invoice:
    """One period of a plan at its pinned price."""
    return Invoice(
        billing_reason=billing_reason,
        period=period,
        currency=plan.currency,
        vat_rate_bp=plan.vat_rate_bp,
        lines=(InvoiceLine(LineKind.PLAN, plan.name, period, plan.price_cents),),
    )
