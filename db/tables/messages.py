"""What the outside sends: payment reports (the webhook inbox), notes, keys of requests already answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Currency, Id, RecordedAt, Table


class PaymentReport(Table):
    """A webhook that was accepted: stored before it is answered, delivered to the workflow after.

    `received` waits for its workflow, `applied` has had its effect, `parked` waits for a person or, when it
    reverses what is not paid, for that to be paid (`parked_reason`), `ignored` names a payment that is not
    ours and is never matched later, unless a person has it judged again. `last_failure` is the kind of the
    last fault of ours that kept it from having its effect.
    """

    __tablename__ = "webhook_inbox"
    __table_args__ = (
        CheckConstraint("status IN ('received', 'applied', 'parked', 'ignored')", name="status_is_known"),
        CheckConstraint(
            "reported_status IN ('SUCCEEDED', 'FAILED', 'CHARGEBACK')", name="reported_status_is_known"
        ),
        CheckConstraint("(status = 'parked') = (parked_reason IS NOT NULL)", name="parked_for_a_reason"),
        CheckConstraint("(status = 'applied') = (applied_at IS NOT NULL)", name="applied_at_an_instant"),
        Index(
            "uq_webhook_inbox_fact",
            "provider",
            "fact_key",
            unique=True,
            postgresql_where=text("status <> 'ignored'"),
        ),
        Index(
            "ix_webhook_inbox_undelivered", "next_delivery_at", postgresql_where=text("status = 'received'")
        ),
        Index("ix_webhook_inbox_parked", "id", postgresql_where=text("status = 'parked'")),
        Index("ix_webhook_inbox_payment_id", "payment_id"),
    )

    id: Mapped[Id]
    provider: Mapped[str]
    fact_key: Mapped[str]
    payment_id: Mapped[int]
    reported_status: Mapped[str]
    amount_cents: Mapped[int | None]
    currency: Mapped[Currency | None]
    decline_code: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    raw_body: Mapped[bytes] = mapped_column(LargeBinary)
    trace_id: Mapped[str]
    status: Mapped[str]
    parked_reason: Mapped[str | None]
    received_at: Mapped[RecordedAt]
    applied_at: Mapped[datetime | None]
    deliveries: Mapped[int] = mapped_column(server_default="0")
    next_delivery_at: Mapped[RecordedAt]
    last_failure: Mapped[str | None]


class ReportReplay(Table):
    """A person had a report judged again: who, why, and what had become of it before.

    Append-only, but for the reason, which may be forgotten.
    """

    __tablename__ = "report_replays"
    __table_args__ = (Index("ix_report_replays_report_id", "report_id"),)

    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey("webhook_inbox.id"))
    was_status: Mapped[str]
    was_parked_for: Mapped[str | None]
    actor: Mapped[str]
    reason: Mapped[str]
    replayed_at: Mapped[RecordedAt]


class Note(Table):
    """What a person wrote to explain a command. Kept here alone: workflows and the timeline carry its id.

    Without a user it is an operator's, who works at the command line: the timeline names them. A release
    that does not say whom it is about leaves that out.
    """

    __tablename__ = "notes"

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    about_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    recorded_at: Mapped[RecordedAt]


class IdempotencyKey(Table):
    """The answer given to a POST under a client's key. While `status_code` is null the first is running.

    The subject is what staff did it to: the answer goes when whoever that is about is erased.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("(status_code IS NULL) = (answer IS NULL)", name="answered_whole"),
        Index(
            "ix_idempotency_keys_subject",
            "subject_kind",
            "subject_id",
            postgresql_where=text("subject_kind IS NOT NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # keeps the order of its keys
    created_at: Mapped[RecordedAt]
    locked_until: Mapped[datetime]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[str | None]
