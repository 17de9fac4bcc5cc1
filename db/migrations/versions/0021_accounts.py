"""Password resets, and users who were erased: about them nothing new is written, only what the law keeps.

Revision ID: 0021
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, refers

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

RESETS, ERASURES = "password_resets", "erasures"
HOLD_WHAT_IS_PERSONAL = ("refresh_tokens", "payment_methods", "notes", "subscriptions")

# Whoever erases has the user's row locked: the share lock waits for that, and then sees it.
REFUSE_ERASED = """
CREATE FUNCTION refuse_erased_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.user_id AND erased_at IS NOT NULL FOR SHARE;
    IF FOUND THEN
        RAISE EXCEPTION 'user % was erased', NEW.user_id USING ERRCODE = 'IB001';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True)))
    _create_resets()
    _create_erasures()
    op.execute(REFUSE_ERASED)
    for table in HOLD_WHAT_IS_PERSONAL:
        op.execute(
            f"CREATE TRIGGER refuse_erased BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_erased_user()"
        )
    # The release before reads no event without a subscription, and writes none.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\nALTER TABLE outbox ALTER COLUMN subscription_id DROP NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_outbox_belongs_to_a_subscription"),
        "outbox",
        "subscription_id IS NOT NULL OR event LIKE 'user.%'",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    """Refused once somebody was erased, or an event tells of an account."""
    op.execute("ALTER TABLE outbox ALTER COLUMN subscription_id SET NOT NULL")
    op.drop_constraint("ck_outbox_belongs_to_a_subscription", "outbox")
    for table in HOLD_WHAT_IS_PERSONAL:
        op.execute(f"DROP TRIGGER refuse_erased ON {table}")
    op.execute("DROP FUNCTION refuse_erased_user()")
    drop_unused(ERASURES)
    op.drop_table(RESETS)
    op.drop_column("users", "erased_at")


def _create_resets() -> None:
    op.create_table(
        RESETS,
        id_column(),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("voided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("expires_at > requested_at", name=op.f(f"ck_{RESETS}_lives_for_a_time")),
        sa.CheckConstraint("used_at IS NULL OR voided_at IS NULL", name=op.f(f"ck_{RESETS}_ends_once")),
        refers(RESETS, "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{RESETS}")),
        sa.UniqueConstraint("token_hash", name=op.f(f"uq_{RESETS}_token_hash")),
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"ix_{RESETS}_{column}", RESETS, [column])


def _create_erasures() -> None:
    op.create_table(
        ERASURES,
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        refers(ERASURES, "user_id", "users"),
        refers(ERASURES, "asked_by", "users"),
        sa.PrimaryKeyConstraint("user_id", name=op.f(f"pk_{ERASURES}")),
    )
    forbid_changes(ERASURES)
