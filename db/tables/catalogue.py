"""What is sold: plans, their published prices, and the lessons that access opens."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, RecordedAt, Table


class Plan(Table):
    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("seats >= 1", name="has_a_seat"),
        CheckConstraint("trial_days >= 0", name="trial_is_not_negative"),
        CheckConstraint("grace_days >= 0", name="grace_is_not_negative"),
        CheckConstraint("freeze_days_per_year BETWEEN 0 AND 180", name="freeze_is_part_of_a_year"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    period_iso: Mapped[str]
    seats: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    trial_days: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    grace_days: Mapped[int] = mapped_column(SmallInteger, server_default="7")
    freeze_days_per_year: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    created_at: Mapped[RecordedAt]
    retired_at: Mapped[datetime | None]


class PlanPrice(Table):
    """A published price. Never edited (a trigger refuses it): a change is a new version."""

    __tablename__ = "plan_prices"
    __table_args__ = (
        UniqueConstraint("plan_id", "version"),
        ExcludeConstraint(
            ("plan_id", "="), ("currency", "<>"), name="ex_plan_prices_one_currency", using="gist"
        ),
        CheckConstraint("price_cents > 0", name="is_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso_4217"),
        CheckConstraint("vat_rate_bp BETWEEN 0 AND 10000", name="vat_rate_is_a_share"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    version: Mapped[int]
    price_cents: Mapped[Cents]
    currency: Mapped[Currency]
    vat_rate_bp: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[RecordedAt]


class DunningPolicy(Table):
    """How a plan's unpaid renewals are followed up. Never edited: a change is a new version.

    `retry_days` are counted from the first failure, ascending.
    """

    __tablename__ = "dunning_policies"
    __table_args__ = (
        UniqueConstraint("plan_id", "version"),
        CheckConstraint("cardinality(retry_days) BETWEEN 1 AND 10", name="retries_now_and_then"),
        CheckConstraint("0 < ALL (retry_days)", name="retries_later"),
        CheckConstraint("final_action IN ('cancel', 'unpaid')", name="final_action_is_known"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    version: Mapped[int]
    retry_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    final_action: Mapped[str]
    created_at: Mapped[RecordedAt]


class ContentModule(Table):
    __tablename__ = "content_modules"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    min_tier: Mapped[int] = mapped_column(SmallInteger)
    position: Mapped[int] = mapped_column(unique=True)
