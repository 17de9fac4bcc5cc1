"""Promo codes, and who has reserved or redeemed one.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.parts import drop_unused, id_column, recorded_at, refers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The first redemption freezes what was promised; from then on a code can only end, and be counted.
GUARD_PROMO_CODE = """
CREATE FUNCTION guard_promo_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.first_redeemed_at IS NOT NULL AND
        (OLD.code, OLD.percent_off, OLD.amount_off_cents, OLD.currency, OLD.duration, OLD.duration_periods,
         OLD.plan_codes, OLD.valid_from, OLD.max_redemptions_per_user, OLD.first_redeemed_at)
        IS DISTINCT FROM
        (NEW.code, NEW.percent_off, NEW.amount_off_cents, NEW.currency, NEW.duration, NEW.duration_periods,
         NEW.plan_codes, NEW.valid_from, NEW.max_redemptions_per_user, NEW.first_redeemed_at)
    THEN
        RAISE EXCEPTION 'promo code % was redeemed: its terms are frozen', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'promo_terms_frozen';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    _create_promo_codes()
    _create_promo_redemptions()


def downgrade() -> None:
    drop_unused("promo_redemptions", "promo_codes")
    op.execute("DROP FUNCTION guard_promo_code()")


def _create_promo_codes() -> None:
    op.create_table(
        "promo_codes",
        id_column(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("percent_off", sa.SmallInteger()),
        sa.Column("amount_off_cents", sa.BigInteger()),
        sa.Column("currency", sa.Text()),
        sa.Column("duration", sa.Text(), nullable=False),
        sa.Column("duration_periods", sa.SmallInteger()),
        sa.Column("max_redemptions", sa.BigInteger()),
        sa.Column("max_redemptions_per_user", sa.SmallInteger()),
        sa.Column("plan_codes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("redemption_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_redeemed_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_promo_codes_code_is_upper_case")),
        sa.CheckConstraint(
            "(percent_off IS NULL) <> (amount_off_cents IS NULL)",
            name=op.f("ck_promo_codes_takes_one_thing_off"),
        ),
        sa.CheckConstraint("percent_off BETWEEN 1 AND 100", name=op.f("ck_promo_codes_percent_is_a_share")),
        sa.CheckConstraint("amount_off_cents > 0", name=op.f("ck_promo_codes_amount_is_positive")),
        sa.CheckConstraint(
            "(amount_off_cents IS NULL) = (currency IS NULL)",
            name=op.f("ck_promo_codes_amount_has_a_currency"),
        ),
        sa.CheckConstraint(
            "duration IN ('once', 'repeating', 'forever')", name=op.f("ck_promo_codes_duration_is_known")
        ),
        sa.CheckConstraint(
            "(duration = 'repeating') = (duration_periods IS NOT NULL) AND duration_periods > 0",
            name=op.f("ck_promo_codes_repeats_so_often"),
        ),
        sa.CheckConstraint("max_redemptions_per_user > 0", name=op.f("ck_promo_codes_is_for_every_user")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_promo_codes_is_valid_for_a_time")),
        sa.CheckConstraint(
            "redemption_count BETWEEN 0 AND coalesce(max_redemptions, redemption_count)",
            name=op.f("ck_promo_codes_redeemed_within_the_limit"),
        ),
        refers("promo_codes", "created_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promo_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_promo_codes_code")),
    )
    op.execute(GUARD_PROMO_CODE)
    op.execute(
        "CREATE TRIGGER guard BEFORE UPDATE ON promo_codes FOR EACH ROW EXECUTE FUNCTION guard_promo_code()"
    )


def _create_promo_redemptions() -> None:
    op.create_table(
        "promo_redemptions",
        id_column(),
        sa.Column("promo_code_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "status IN ('reserved', 'committed', 'released')",
            name=op.f("ck_promo_redemptions_status_is_known"),
        ),
        sa.CheckConstraint(
            "(status = 'reserved') = (settled_at IS NULL)",
            name=op.f("ck_promo_redemptions_settled_when_known"),
        ),
        refers("promo_redemptions", "promo_code_id", "promo_codes"),
        refers("promo_redemptions", "user_id", "users"),
        refers("promo_redemptions", "subscription_id", "subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promo_redemptions")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_promo_redemptions_subscription_id")),
    )
    op.create_index("ix_promo_redemptions_of_user", "promo_redemptions", ["promo_code_id", "user_id"])
