"""Promo codes, and who has redeemed them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Currency, Id, Instant, RecordedAt, Table


class PromoCode(Table):
    """What a code takes off. Once redeemed, a trigger freezes its terms: it can only end then.

    `redemption_count` counts the redemptions that were not released. Without `plan_codes` it is for every
    plan.
    """

    __tablename__ = "promo_codes"
    __table_args__ = (
        CheckConstraint("code = upper(code)", name="code_is_upper_case"),
        CheckConstraint("(percent_off IS NULL) <> (amount_off_cents IS NULL)", name="takes_one_thing_off"),
        CheckConstraint("percent_off BETWEEN 1 AND 100", name="percent_is_a_share"),
        CheckConstraint("amount_off_cents > 0", name="amount_is_positive"),
        CheckConstraint("(amount_off_cents IS NULL) = (currency IS NULL)", name="amount_has_a_currency"),
        CheckConstraint("duration IN ('once', 'repeating', 'forever')", name="duration_is_known"),
        CheckConstraint(
            "(duration = 'repeating') = (duration_periods IS NOT NULL) AND duration_periods > 0",
            name="repeats_so_often",
        ),
        CheckConstraint("max_redemptions_per_user > 0", name="is_for_every_user"),
        CheckConstraint("valid_until > valid_from", name="is_valid_for_a_time"),
        CheckConstraint(
            "redemption_count BETWEEN 0 AND coalesce(max_redemptions, redemption_count)",
            name="redeemed_within_the_limit",
        ),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    percent_off: Mapped[int | None] = mapped_column(SmallInteger)
    amount_off_cents: Mapped[int | None]
    currency: Mapped[Currency | None]
    duration: Mapped[str]
    duration_periods: Mapped[int | None] = mapped_column(SmallInteger)
    max_redemptions: Mapped[int | None]
    max_redemptions_per_user: Mapped[int | None] = mapped_column(SmallInteger)
    plan_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    redemption_count: Mapped[int] = mapped_column(server_default="0")
    first_redeemed_at: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[RecordedAt]


class PromoRedemption(Table):
    """`reserved` with a start, `committed` by its first payment, `released` when it is never paid."""

    __tablename__ = "promo_redemptions"
    __table_args__ = (
        CheckConstraint("status IN ('reserved', 'committed', 'released')", name="status_is_known"),
        CheckConstraint("(status = 'reserved') = (settled_at IS NULL)", name="settled_when_known"),
        Index("ix_promo_redemptions_of_user", "promo_code_id", "user_id"),
    )

    id: Mapped[Id]
    promo_code_id: Mapped[int] = mapped_column(ForeignKey("promo_codes.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"), unique=True)
    status: Mapped[str]
    reserved_at: Mapped[Instant]
    settled_at: Mapped[datetime | None]
