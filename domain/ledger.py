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
    UNAPPLIED_CASH = "unapplied_cash"
    GIFT_CARD_LIABILITY = "gift_card_liability"
    GIFT_ISSUANCE = "gift_issuance"
    DISPUTES = "disputes"
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


def invoice_tendered(invoice_id: int, currency: str, *, gift_cents: int, balance_cents: int) -> Movement:
    """Gift cards and the customer's balance pay what they can of what is owed."""
    return _movement(
        f"invoice:{invoice_id}:tendered",
        currency,
        Posting(Account.GIFT_CARD_LIABILITY, gift_cents),
        Posting(Account.CUSTOMER_BALANCE, balance_cents),
        Posting(Account.RECEIVABLE, -(gift_cents + balance_cents)),
    )


def invoice_untendered(invoice_id: int, currency: str, *, gift_cents: int, balance_cents: int) -> Movement:
    """The invoice was given up: what paid part of it is the customer's again."""
    return _movement(
        f"invoice:{invoice_id}:untendered",
        currency,
        Posting(Account.GIFT_CARD_LIABILITY, -gift_cents),
        Posting(Account.CUSTOMER_BALANCE, -balance_cents),
        Posting(Account.RECEIVABLE, gift_cents + balance_cents),
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
    """Money came in for what is owed; what is above that is the customer's balance."""
    return _movement(
        f"payment:{payment_id}:received",
        currency,
        Posting(Account.CASH_AT_PROVIDER, received_cents),
        Posting(Account.RECEIVABLE, -owed_cents),
        Posting(Account.CUSTOMER_BALANCE, owed_cents - received_cents),
    )


def late_payment_received(payment_id: int, currency: str, received_cents: int) -> Movement:
    """Money came in for an invoice that was given up: it pays for nothing, and is on its way back."""
    return _movement(
        f"payment:{payment_id}:received",
        currency,
        Posting(Account.CASH_AT_PROVIDER, received_cents),
        Posting(Account.UNAPPLIED_CASH, -received_cents),
    )


def plan_change_credited(invoice_id: int, currency: str, net_cents: int, vat_cents: int) -> Movement:
    """What a plan that was left is worth above what the new one costs is the customer's again."""
    return _movement(
        f"invoice:{invoice_id}:credited",
        currency,
        Posting(Account.REFUNDS, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
        Posting(Account.CUSTOMER_BALANCE, -(net_cents + vat_cents)),
    )


def plan_credit_returned(invoice_id: int, currency: str, gift_cents: int) -> Movement:
    """What gift cards had paid of it is on them again, and no longer in the customer's balance."""
    return _movement(
        f"invoice:{invoice_id}:credit_returned",
        currency,
        Posting(Account.CUSTOMER_BALANCE, gift_cents),
        Posting(Account.GIFT_CARD_LIABILITY, -gift_cents),
    )


def gift_cards_issued(batch_id: int, currency: str, amount_cents: int) -> Movement:
    """Given away, so no cash comes in: what they are worth is owed to whoever redeems them."""
    return _movement(
        f"gift_batch:{batch_id}:issued",
        currency,
        Posting(Account.GIFT_ISSUANCE, amount_cents),
        Posting(Account.GIFT_CARD_LIABILITY, -amount_cents),
    )


def charged_back(dispute_id: int, currency: str, amount_cents: int) -> Movement:
    """The payer's bank took the money back; whether it is lost is not known yet."""
    return _movement(
        f"dispute:{dispute_id}:opened",
        currency,
        Posting(Account.DISPUTES, amount_cents),
        Posting(Account.CASH_AT_PROVIDER, -amount_cents),
    )


def refund_opened(refund_id: int, currency: str, from_balance_cents: int) -> Movement:
    """What paid for nothing leaves the customer's balance: it is on its way back."""
    return _movement(
        f"refund:{refund_id}:opened",
        currency,
        Posting(Account.CUSTOMER_BALANCE, from_balance_cents),
        Posting(Account.UNAPPLIED_CASH, -from_balance_cents),
    )


def refund_refused(refund_id: int, currency: str, from_balance_cents: int) -> Movement:
    """Its provider does not give it back: it is in the customer's balance again."""
    return _movement(
        f"refund:{refund_id}:refused",
        currency,
        Posting(Account.UNAPPLIED_CASH, from_balance_cents),
        Posting(Account.CUSTOMER_BALANCE, -from_balance_cents),
    )


def refunded(
    refund_id: int, currency: str, *, unapplied_cents: int, net_cents: int, vat_cents: int
) -> Movement:
    """Money went back. What paid for nothing was on its way; what paid an invoice is less revenue, and its
    VAT is no longer owed.
    """
    return _movement(
        f"refund:{refund_id}:paid",
        currency,
        Posting(Account.UNAPPLIED_CASH, unapplied_cents),
        Posting(Account.REFUNDS, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
        Posting(Account.CASH_AT_PROVIDER, -(unapplied_cents + net_cents + vat_cents)),
    )


def returned_to_purse(
    credit_note_key: str,
    currency: str,
    *,
    net_cents: int,
    vat_cents: int,
    gift_cents: int,
    balance_cents: int,
) -> Movement:
    """What gift cards and balance had paid of an invoice is on them again."""
    return _movement(
        f"credit_note:{credit_note_key}",
        currency,
        Posting(Account.REFUNDS, net_cents),
        Posting(Account.VAT_PAYABLE, vat_cents),
        Posting(Account.GIFT_CARD_LIABILITY, -gift_cents),
        Posting(Account.CUSTOMER_BALANCE, -balance_cents),
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
