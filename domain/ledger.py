"""Which accounts a movement touches. Debits are positive, credits negative; a movement sums to zero."""

from dataclasses import dataclass
from enum import StrEnum


class Account(StrEnum):
    CASH_AT_PROVIDER = "cash_at_provider"
    RECEIVABLE = "receivable"
    REVENUE = "revenue"
    DEFERRED_REVENUE = "deferred_revenue"
    VAT_PAYABLE = "vat_payable"
    CUSTOMER_BALANCE = "customer_balance"
    REFUNDS = "refunds"
    BAD_DEBT = "bad_debt"


@dataclass(frozen=True)
class Posting:
    account: Account
    amount_cents: int


@dataclass(frozen=True)
class Movement:
    """`key` names what moved, so that it is posted once."""

    key: str
    currency: str
    postings: tuple[Posting, ...]


def invoice_finalized(invoice_id: int, currency: str, net_cents: int, vat_cents: int) -> Movement:
    """The customer owes the total; the net is revenue not yet earned."""
    return _movement(
        f"invoice:{invoice_id}:finalized",
        currency,
        Posting(Account.RECEIVABLE, net_cents + vat_cents),
        Posting(Account.DEFERRED_REVENUE, -net_cents),
        Posting(Account.VAT_PAYABLE, -vat_cents),
    )


def invoice_voided(invoice_id: int, currency: str, net_cents: int, vat_cents: int) -> Movement:
    """Takes back what finalization posted."""
    return _movement(
        f"invoice:{invoice_id}:voided",
        currency,
        Posting(Account.RECEIVABLE, -(net_cents + vat_cents)),
        Posting(Account.DEFERRED_REVENUE, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
    )


def invoice_written_off(invoice_id: int, currency: str, net_cents: int, vat_cents: int) -> Movement:
    """Given up as uncollectible: the net is a loss, the VAT is not owed."""
    return _movement(
        f"invoice:{invoice_id}:written_off",
        currency,
        Posting(Account.RECEIVABLE, -(net_cents + vat_cents)),
        Posting(Account.BAD_DEBT, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
    )


def payment_received(payment_id: int, currency: str, received_cents: int, owed_cents: int) -> Movement:
    """Money came in for what is owed; what is above that belongs to the customer.

    `owed_cents` is zero when the invoice was void by then.
    """
    return _movement(
        f"payment:{payment_id}:received",
        currency,
        Posting(Account.CASH_AT_PROVIDER, received_cents),
        Posting(Account.RECEIVABLE, -owed_cents),
        Posting(Account.CUSTOMER_BALANCE, owed_cents - received_cents),
    )


def refunded(
    refund_id: int, currency: str, *, surplus_cents: int, net_cents: int, vat_cents: int
) -> Movement:
    """Money goes back. What paid for nothing leaves the customer's balance; what paid an invoice is less
    revenue, and its VAT is no longer owed.
    """
    return _movement(
        f"refund:{refund_id}:paid",
        currency,
        Posting(Account.CUSTOMER_BALANCE, surplus_cents),
        Posting(Account.REFUNDS, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
        Posting(Account.CASH_AT_PROVIDER, -(surplus_cents + net_cents + vat_cents)),
    )


def revenue_recognized(invoice_id: int, currency: str, net_cents: int) -> Movement:
    """The period closed, by its end or by cancellation: its net is earned."""
    return _movement(
        f"invoice:{invoice_id}:recognized",
        currency,
        Posting(Account.DEFERRED_REVENUE, net_cents),
        Posting(Account.REVENUE, -net_cents),
    )


def _movement(key: str, currency: str, *postings: Posting) -> Movement:
    return Movement(key, currency, tuple(posting for posting in postings if posting.amount_cents))
