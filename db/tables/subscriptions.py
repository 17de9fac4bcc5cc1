"""The subscription row, the periods paid for, the timeline of everything that happened, the clock turns."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, Interval, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, Json, RecordedAt, Table

LIVE = "status IN ('incomplete', 'trialing', 'active', 'past_due', 'frozen', 'unpaid')"
STARTER = "coalesce(started_by, user_id)"
SETTLING = (
    "event IN ('activated', 'renewed', 'recovered', 'reactivated', 'renewal_paid_ahead', 'charge_stood',"
    " 'plan_changed', 'paid_twice', 'late_payment_received', 'payment_declined', 'plan_change_declined')"
    " AND details ? 'payment_id'"
)
"""Entries that each tell of one payment, settled. What promo, gift cards or balance paid names none."""

TRANSFERRED = "event = 'transferred'"
"""Entries that say whose the ones before them were."""


class Subscription(Table):
    """One subscription, written only by the activities of its workflow, except for `clock_offset`.

    `state` is the workflow's whole state at `version`: a lost workflow can be started again from it,
    and a write that was decided on an older version loses. `start_answer` is what the first request was
    told, and its starter's `idempotency_key` the lasting record of that key. `started_by` is whoever started
    it, when it was handed on since: their key and their trial it stays. `clock_offset` is how far the
    subscription's own time is ahead of ours: nothing, unless staff turned its virtual clock.
    `access_until` is what readers compare with their now. `trial_ends_at` stays: a user has one trial.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'frozen',"
            " 'unpaid', 'canceled')",
            name="status_is_known",
        ),
        CheckConstraint("current_period_end > current_period_start", name="period_has_a_length"),
        CheckConstraint(f"({LIVE}) = (ended_at IS NULL)", name="ended_when_not_live"),
        Index("uq_subscriptions_one_live_per_user", "user_id", unique=True, postgresql_where=text(LIVE)),
        Index("uq_subscriptions_one_start_per_key", text(STARTER), "idempotency_key", unique=True),
        Index(
            "uq_subscriptions_one_trial_each",
            text(STARTER),
            unique=True,
            postgresql_where=text("trial_ends_at IS NOT NULL"),
        ),
        Index("ix_subscriptions_user_id_id", "user_id", "id"),
        Index("ix_subscriptions_status_id", "status", "id"),
        Index("ix_subscriptions_plan_id_id", "plan_id", "id"),
        Index("ix_subscriptions_next_action_at", "next_action_at"),
        Index("ix_subscriptions_created_at", "created_at"),
        Index("ix_subscriptions_parked", "id", postgresql_where=text("parked_reason IS NOT NULL")),
        Index("ix_subscriptions_ahead", "id", postgresql_where=text("clock_offset <> '0'::interval")),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    plan_price_id: Mapped[int] = mapped_column(ForeignKey("plan_prices.id"))
    workflow_id: Mapped[str] = mapped_column(unique=True)
    idempotency_key: Mapped[str]
    request_hash: Mapped[str]
    start_answer: Mapped[Json | None]
    status: Mapped[str]
    current_period_start: Mapped[Instant]
    current_period_end: Mapped[Instant]
    cancel_at_period_end: Mapped[bool]
    next_action: Mapped[str | None]
    next_action_at: Mapped[datetime | None]
    access_until: Mapped[datetime | None]
    trial_ends_at: Mapped[datetime | None]
    payment_method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_methods.id"))
    payment_in_progress: Mapped[bool] = mapped_column(server_default=text("false"))
    parked_reason: Mapped[str | None]
    scheduled_plan_code: Mapped[str | None]
    canceled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int]
    state: Mapped[Json]
    created_at: Mapped[RecordedAt]
    clock_offset: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'::interval"))


class Period(Table):
    """A period that was paid for, half-open. Periods of one subscription never overlap."""

    __tablename__ = "periods"
    __table_args__ = (
        ExcludeConstraint(
            ("subscription_id", "="), ("during", "&&"), name="ex_periods_no_overlap", using="gist"
        ),
        CheckConstraint("NOT isempty(during)", name="has_a_length"),
        CheckConstraint("lower_inc(during) AND NOT upper_inc(during)", name="is_half_open"),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), unique=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class TimelineEntry(Table):
    """One thing that happened to a subscription: who did it, why, and the trace that leads to the request.

    `occurred_at` is the workflow's time, `recorded_at` the database's.
    """

    __tablename__ = "timeline_entries"
    __table_args__ = (
        Index("ix_timeline_entries_subscription_id_id", "subscription_id", "id"),
        Index("ix_timeline_entries_settling", "event", postgresql_where=text(SETTLING)),
        Index("ix_timeline_entries_transferred", "subscription_id", "id", postgresql_where=text(TRANSFERRED)),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    version: Mapped[int]
    event: Mapped[str]
    actor: Mapped[str]
    cause: Mapped[str]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    trace_id: Mapped[str]
    details: Mapped[Json]
    occurred_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]


class ClockTurn(Table):
    """A request to turn a subscription's virtual clock: by whom, and to which instant of its own time.

    A turn that was interrupted is finished by its repetition, to the same instant. `after_entry_id` is the
    last timeline entry from before it.
    """

    __tablename__ = "clock_turns"
    __table_args__ = (UniqueConstraint("subscription_id", "command_id"),)

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    command_id: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    trace_id: Mapped[str]
    target_at: Mapped[Instant]
    after_entry_id: Mapped[int]
    created_at: Mapped[RecordedAt]
