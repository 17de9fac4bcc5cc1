"""Members of a family and their invitations; a subscription that was handed on remembers who started it.

Whose start it was decides whose idempotency key it is, and who has had a trial: not whose subscription it is.
May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, id_column, recorded_at, refers

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INVITATIONS, MEMBERS = "family_invitations", "family_members"
CURRENT = sa.text("left_at IS NULL")
OPEN = sa.text("accepted_at IS NULL AND taken_back_at IS NULL")

STARTER = sa.text("coalesce(started_by, user_id)")
ONE_START, ONE_TRIAL = "uq_subscriptions_one_start_per_key", "uq_subscriptions_one_trial_each"
OLD_ONE_START, OLD_ONE_TRIAL = (
    "uq_subscriptions_user_id_idempotency_key",
    "uq_subscriptions_one_trial_per_user",
)
STARTED_BY = "fk_subscriptions_started_by"

GUARD_MEMBER = """
CREATE FUNCTION guard_family_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner bigint;
    seats smallint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'members are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.left_at IS NOT NULL OR NEW.left_at IS NULL OR (NEW.subscription_id, NEW.user_id, NEW.joined_at,
            NEW.invitation_id) IS DISTINCT FROM (OLD.subscription_id, OLD.user_id, OLD.joined_at,
            OLD.invitation_id) THEN
            RAISE EXCEPTION 'a member can only leave, once' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT s.user_id, p.seats INTO owner, seats FROM subscriptions s JOIN plans p ON p.id = s.plan_id
        WHERE s.id = NEW.subscription_id FOR NO KEY UPDATE OF s;
    IF NEW.user_id = owner THEN
        RAISE EXCEPTION 'the owner has a seat' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.left_at IS NULL AND seats - 1 <= (SELECT count(*) FROM family_members m
        WHERE m.subscription_id = NEW.subscription_id AND m.left_at IS NULL) THEN
        RAISE EXCEPTION 'all % seats are taken', seats USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE subscriptions ADD COLUMN IF NOT EXISTS started_by bigint")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # one that an interrupted run has left
        f"ALTER TABLE subscriptions DROP CONSTRAINT IF EXISTS {STARTED_BY}"
    )
    op.execute(
        f"ALTER TABLE subscriptions ADD CONSTRAINT {STARTED_BY}"
        " FOREIGN KEY (started_by) REFERENCES users (id) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE subscriptions VALIDATE CONSTRAINT {STARTED_BY}")
        _build(ONE_START, [STARTER, sa.text("idempotency_key")], None)
        _build(ONE_TRIAL, [STARTER], "trial_ends_at IS NOT NULL")
        op.drop_index(OLD_ONE_TRIAL, "subscriptions", postgresql_concurrently=True, if_exists=True)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # the index above says it of whose start it was
        f"ALTER TABLE subscriptions DROP CONSTRAINT IF EXISTS {OLD_ONE_START}"
    )
    _create_invitations()
    _create_members()


def downgrade() -> None:
    """Refused once somebody was invited, or a subscription was handed on."""
    drop_unused(MEMBERS, INVITATIONS)
    op.execute("DROP FUNCTION guard_family_member()")
    op.create_unique_constraint(OLD_ONE_START, "subscriptions", ["user_id", "idempotency_key"])
    op.create_index(
        OLD_ONE_TRIAL,
        "subscriptions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("trial_ends_at IS NOT NULL"),
    )
    for name in (ONE_START, ONE_TRIAL):
        op.drop_index(name, "subscriptions")
    op.drop_column("subscriptions", "started_by")


def _build(name: str, columns: list[sa.TextClause], where: str | None) -> None:
    op.drop_index(name, "subscriptions", postgresql_concurrently=True, if_exists=True)
    op.create_index(
        name,
        "subscriptions",
        columns,
        unique=True,
        postgresql_where=None if where is None else sa.text(where),
        postgresql_concurrently=True,
        if_not_exists=True,
    )


def _create_invitations() -> None:
    op.create_table(
        INVITATIONS,
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("invited_at", "expires_at")
        ),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("accepted_at", "taken_back_at")),
        recorded_at("recorded_at"),
        sa.CheckConstraint("expires_at > invited_at", name=op.f("ck_family_invitations_lives_for_a_while")),
        sa.CheckConstraint(
            "accepted_at IS NULL OR taken_back_at IS NULL",
            name=op.f("ck_family_invitations_is_used_or_taken_back"),
        ),
        refers(INVITATIONS, "subscription_id", "subscriptions"),
        refers(INVITATIONS, "invited_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_invitations")),
        sa.UniqueConstraint("key", name=op.f("uq_family_invitations_key")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_family_invitations_token_hash")),
    )
    op.create_index("ix_family_invitations_open", INVITATIONS, ["subscription_id"], postgresql_where=OPEN)


def _create_members() -> None:
    op.create_table(
        MEMBERS,
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger()),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("end_reason", sa.Text()),
        sa.Column("ended_by", sa.BigInteger()),
        recorded_at("recorded_at"),
        sa.CheckConstraint(
            "(left_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_family_members_left_for_a_reason")
        ),
        sa.CheckConstraint(
            "end_reason IN ('left', 'removed', 'became_owner', 'subscription_ended', 'account_closed')",
            name=op.f("ck_family_members_end_reason_is_known"),
        ),
        refers(MEMBERS, "subscription_id", "subscriptions"),
        refers(MEMBERS, "user_id", "users"),
        refers(MEMBERS, "invitation_id", INVITATIONS),
        refers(MEMBERS, "ended_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_members")),
        sa.UniqueConstraint("invitation_id", name=op.f("uq_family_members_invitation_id")),
    )
    op.create_index(
        "uq_family_members_one_family_each", MEMBERS, ["user_id"], unique=True, postgresql_where=CURRENT
    )
    op.create_index(
        "ix_family_members_subscription_id", MEMBERS, ["subscription_id"], postgresql_where=CURRENT
    )
    op.execute(GUARD_MEMBER)
    op.execute(
        "CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON family_members"
        " FOR EACH ROW EXECUTE FUNCTION guard_family_member()"
    )
