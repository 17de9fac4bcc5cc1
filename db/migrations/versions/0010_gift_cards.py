"""Gift cards: issued in batches, redeemed by one user each, paid from in entries.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Whoever redeemed a card keeps it, and what it was issued for stays what it was.
GUARD_GIFT_CARD = """
CREATE FUNCTION guard_gift_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.redeemed_by IS NOT NULL AND
        (OLD.redeemed_by, OLD.redeemed_at) IS DISTINCT FROM (NEW.redeemed_by, NEW.redeemed_at) THEN
        RAISE EXCEPTION 'gift card % is redeemed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.batch_id, OLD.code_hash, OLD.amount_cents, OLD.currency, OLD.expires_at) IS DISTINCT FROM
        (NEW.batch_id, NEW.code_hash, NEW.amount_cents, NEW.currency, NEW.expires_at) THEN
        RAISE EXCEPTION 'gift card % is issued', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.balance_cents <> OLD.balance_cents AND NEW.redeemed_by IS NULL THEN
        RAISE EXCEPTION 'gift card % belongs to nobody', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    # Gift cards are issued for nobody yet. Readers look movements up by it, and never read it.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"
        "ALTER TABLE ledger_transactions ALTER COLUMN subscription_id DROP NOT NULL"
    )
    _create_batches()
    _create_cards()
    _create_entries()


def downgrade() -> None:
    drop_unused("gift_card_entries", "gift_cards", "gift_card_batches")
    op.execute("DROP FUNCTION guard_gift_card()")
    op.alter_column("ledger_transactions", "subscription_id", nullable=False)


def _create_batches() -> None:
    op.create_table(
        "gift_card_batches",
        id_column(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("card_count", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_gift_card_batches_amount_is_positive")),
        sa.CheckConstraint("card_count > 0", name=op.f("ck_gift_card_batches_has_cards")),
        refers("gift_card_batches", "created_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_card_batches")),
        sa.UniqueConstraint("key", name=op.f("uq_gift_card_batches_key")),
    )


def _create_cards() -> None:
    op.create_table(
        "gift_cards",
        id_column(),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("redeemed_by", sa.BigInteger()),
        sa.Column("redeemed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "balance_cents BETWEEN 0 AND amount_cents",
            name=op.f("ck_gift_cards_balance_is_within_its_amount"),
        ),
        sa.CheckConstraint(
            "(redeemed_by IS NULL) = (redeemed_at IS NULL)", name=op.f("ck_gift_cards_redeemed_by_somebody")
        ),
        refers("gift_cards", "batch_id", "gift_card_batches"),
        refers("gift_cards", "redeemed_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_cards")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_gift_cards_code_hash")),
    )
    op.create_index(
        "ix_gift_cards_redeemed_by",
        "gift_cards",
        ["redeemed_by"],
        postgresql_where=sa.text("redeemed_by IS NOT NULL"),
    )
    op.create_index("ix_gift_cards_batch_id", "gift_cards", ["batch_id"])
    op.execute(GUARD_GIFT_CARD)
    op.execute(
        "CREATE TRIGGER guard BEFORE UPDATE ON gift_cards FOR EACH ROW EXECUTE FUNCTION guard_gift_card()"
    )


def _create_entries() -> None:
    op.create_table(
        "gift_card_entries",
        id_column(),
        sa.Column("gift_card_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_gift_card_entries_moves_something")),
        refers("gift_card_entries", "gift_card_id", "gift_cards"),
        refers("gift_card_entries", "invoice_id", "invoices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_card_entries")),
        sa.UniqueConstraint("key", name=op.f("uq_gift_card_entries_key")),
    )
    op.create_index("ix_gift_card_entries_gift_card_id", "gift_card_entries", ["gift_card_id"])
    op.create_index("ix_gift_card_entries_invoice_id", "gift_card_entries", ["invoice_id"])
    forbid_changes("gift_card_entries")
