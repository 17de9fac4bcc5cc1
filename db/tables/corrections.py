"""What takes something of a paid invoice back: credit notes, and chargebacks of its payment."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, Instant, RecordedAt, Table


class CreditNote(Table):
    """Corrects a paid invoice, under a number of its own series. A trigger keeps all of them within it.

    What goes back goes to where it came from: to the card by `refund_id`, to gift cards, to the balance. What
    a change of plan credits goes to the balance, whatever it was paid with, and so does what a gift card has
    paid that has expired.
    """

    __tablename__ = "credit_notes"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_is_positive"),
        CheckConstraint("net_cents + vat_cents = amount_cents", name="net_and_vat_are_the_amount"),
        CheckConstraint(
            "card_cents >= 0 AND gift_cents >= 0 AND balance_cents >= 0"
            " AND card_cents + gift_cents + balance_cents = amount_cents",
            name="goes_back_somewhere",
        ),
        CheckConstraint("reason IN ('staff', 'withdrawal', 'plan_change')", name="reason_is_known"),
        CheckConstraint("refund_id IS NULL OR card_cents = amount_cents", name="refund_is_of_a_card"),
        Index("ix_credit_notes_invoice_id", "invoice_id"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"), unique=True)
    reason: Mapped[str]
    amount_cents: Mapped[Cents]
    card_cents: Mapped[Cents]
    gift_cents: Mapped[Cents]
    balance_cents: Mapped[Cents]
    net_cents: Mapped[Cents]
    vat_cents: Mapped[Cents]
    currency: Mapped[Currency]
    issued_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]


class Dispute(Table):
    """A chargeback: the payer's bank took the money of a payment back. A trigger keeps it within that."""

    __tablename__ = "disputes"
    __table_args__ = (CheckConstraint("amount_cents > 0", name="amount_is_positive"),)

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), unique=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("webhook_inbox.id"))
    amount_cents: Mapped[Cents]
    currency: Mapped[Currency]
    opened_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]
