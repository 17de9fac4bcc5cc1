"""Invoices with their lines and numbers, and the payments that settle them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, Instant, RecordedAt, Table


class InvoiceSeries(Table):
    """The last number given in a series and year. Taken last in a transaction: numbers have no gaps."""

    __tablename__ = "invoice_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_number: Mapped[int]


class Invoice(Table):
    """What is owed for a period. Numbered and immutable once finalized; a trigger guards both.

    `gift_cents` and `balance_cents` pay part of the total before anybody is charged, or all of it.
    `carried_net_cents` came to its time from a plan that was left (above zero), or went on from it (below):
    net that is earned with other time than it was invoiced for. Of a paid invoice it alone may change.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'open', 'paid', 'void', 'uncollectible')", name="status_is_known"
        ),
        CheckConstraint(
            "billing_reason IN ('subscription_create', 'subscription_cycle', 'subscription_update')",
            name="billing_reason_is_known",
        ),
        CheckConstraint("total_cents >= 0", name="total_is_not_negative"),
        CheckConstraint("net_cents + vat_cents = total_cents", name="net_and_vat_are_the_total"),
        CheckConstraint("period_end > period_start", name="period_has_a_length"),
        CheckConstraint("(status = 'draft') = (number IS NULL)", name="numbered_when_finalized"),
        CheckConstraint(
            "(status = 'paid' AND total_cents > gift_cents + balance_cents)"
            " = (paid_by_payment_id IS NOT NULL)",
            name="paid_by_one_payment",
        ),
        CheckConstraint("discount_cents >= 0", name="discount_is_not_negative"),
        CheckConstraint(
            "gift_cents >= 0 AND balance_cents >= 0"
            " AND gift_cents + balance_cents <= greatest(total_cents, 0)",
            name="tenders_are_within_the_total",
        ),
        Index(
            "uq_invoices_one_per_period",
            "subscription_id",
            "period_start",
            "billing_reason",
            unique=True,
            postgresql_where=text("status <> 'void' AND billing_reason <> 'subscription_update'"),
        ),
        Index("ix_invoices_user_id_id", "user_id", "id"),
        Index("ix_invoices_subscription_id_id", "subscription_id", "id"),
        Index("ix_invoices_not_paid", "status", "id", postgresql_where=text("status <> 'paid'")),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    number: Mapped[str | None] = mapped_column(unique=True)
    billing_reason: Mapped[str]
    status: Mapped[str]
    currency: Mapped[Currency]
    total_cents: Mapped[Cents]
    net_cents: Mapped[Cents]
    vat_cents: Mapped[Cents]
    vat_rate_bp: Mapped[int] = mapped_column(SmallInteger)
    promo_code: Mapped[str | None]
    discount_cents: Mapped[int] = mapped_column(server_default="0")
    gift_cents: Mapped[int] = mapped_column(server_default="0")
    balance_cents: Mapped[int] = mapped_column(server_default="0")
    carried_net_cents: Mapped[int] = mapped_column(server_default="0")
    period_start: Mapped[Instant]
    period_end: Mapped[Instant]
    created_at: Mapped[Instant]
    finalized_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    written_off_at: Mapped[datetime | None]
    paid_by_payment_id: Mapped[int | None] = mapped_column(
        ForeignKey("payments.id", use_alter=True), unique=True
    )


class InvoiceLine(Table):
    __tablename__ = "invoice_lines"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position"),
        CheckConstraint(
            "kind IN ('plan', 'proration_charge', 'proration_credit', 'discount', 'credit_to_balance')",
            name="kind_is_known",
        ),
    )

    id: Mapped[Id]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    description: Mapped[str]
    period_start: Mapped[Instant]
    period_end: Mapped[Instant]
    amount_cents: Mapped[Cents]


class Payment(Table):
    """One attempt to collect an invoice. Its key is derived, so that repeating it is the same attempt.

    `dunning_attempt` counts the automatic ones of a case, from 1; `reference` is the provider's own id.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("invoice_id", "attempt_no"),
        CheckConstraint(
            "status IN ('created', 'pending', 'succeeded', 'failed', 'unknown')", name="status_is_known"
        ),
        CheckConstraint("amount_cents > 0", name="amount_is_positive"),
        CheckConstraint(
            "(status IN ('created', 'pending', 'unknown')) = (settled_at IS NULL)", name="settled_when_known"
        ),
        CheckConstraint("(status = 'succeeded') = (received_cents IS NOT NULL)", name="received_when_paid"),
        Index("ix_payments_not_succeeded", "status", "id", postgresql_where=text("status <> 'succeeded'")),
    )

    id: Mapped[Id]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    attempt_no: Mapped[int] = mapped_column(SmallInteger)
    dunning_attempt: Mapped[int | None] = mapped_column(SmallInteger)
    payment_method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_methods.id"))
    provider: Mapped[str]
    status: Mapped[str]
    amount_cents: Mapped[Cents]
    received_cents: Mapped[int | None]
    currency: Mapped[Currency]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str | None]
    action_url: Mapped[str | None]
    failure_code: Mapped[str | None]
    created_at: Mapped[Instant]
    settled_at: Mapped[datetime | None]
    recorded_at: Mapped[RecordedAt]


class Refund(Table):
    """Money that goes back for one payment. A trigger keeps all of them within what was received.

    `failed` ones were refused by the provider and give nothing back; a person has to look. `unapplied_cents`
    is the part that corrects no invoice: it paid for nothing (late, twice, too much), or was credited before.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("status IN ('created', 'unknown', 'succeeded', 'failed')", name="status_is_known"),
        CheckConstraint("reason IN ('late_payment', 'withdrawal', 'staff')", name="reason_is_known"),
        CheckConstraint("amount_cents > 0", name="amount_is_positive"),
        CheckConstraint("unapplied_cents BETWEEN 0 AND amount_cents", name="unapplied_is_part_of_it"),
        CheckConstraint(
            "(status IN ('created', 'unknown')) = (settled_at IS NULL)", name="settled_when_known"
        ),
        Index("ix_refunds_payment_id", "payment_id"),
        Index("ix_refunds_unsettled", "id", postgresql_where=text("status IN ('created', 'unknown')")),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    key: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    status: Mapped[str]
    amount_cents: Mapped[Cents]
    unapplied_cents: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[Currency]
    actor: Mapped[str]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    trace_id: Mapped[str]
    reference: Mapped[str | None]
    created_at: Mapped[Instant]
    settled_at: Mapped[datetime | None]
    recorded_at: Mapped[RecordedAt]
