"""What customers have with us besides gift cards: used on the next invoice, and nothing else."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, Instant, RecordedAt, Table


class CustomerBalance(Table):
    """The sum of a user's entries in one currency."""

    __tablename__ = "customer_balances"
    __table_args__ = (CheckConstraint("balance_cents >= 0", name="is_not_negative"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    balance_cents: Mapped[Cents]


class CustomerBalanceEntry(Table):
    """Money that left the balance for an invoice (negative), or came to it from one."""

    __tablename__ = "customer_balance_entries"
    __table_args__ = (
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        Index("ix_customer_balance_entries_user_id", "user_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    currency: Mapped[Currency]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    key: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[Cents]
    occurred_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]
