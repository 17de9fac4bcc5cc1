"""Append-only double entry. Debits are positive, credits negative; each sums to zero per currency."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, Instant, RecordedAt, Table


class LedgerTransaction(Table):
    """One movement. `key` is derived from what moved, so that it is posted once.

    Gift cards that are issued concern no subscription yet.
    """

    __tablename__ = "ledger_transactions"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    occurred_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]


class LedgerEntry(Table):
    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint(
            "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
            " 'customer_balance', 'unapplied_cash', 'gift_card_liability', 'gift_issuance', 'disputes',"
            " 'refunds', 'bad_debt')",
            name="account_is_known",
        ),
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        Index("ix_ledger_entries_transaction_id", "transaction_id"),
        Index("ix_ledger_entries_account_currency", "account", "currency"),
    )

    id: Mapped[Id]
    transaction_id: Mapped[int] = mapped_column(ForeignKey("ledger_transactions.id"))
    account: Mapped[str]
    amount_cents: Mapped[Cents]
    currency: Mapped[Currency]
