"""Each outgoing event is there once under a key of its own: two facts may be of one instant.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OLD_UNIQUE = "uq_outbox_subscription_id_event_due_at"
INDEXES = (("uq_outbox_key", ["key"], True), ("ix_outbox_subscription_id", ["subscription_id"], False))

# As domain/events.py makes it: what was announced before is not announced once more.
KEYS = """
UPDATE outbox
SET key = event || ':' || subscription_id
    || ':' || to_char(due_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISSUS')
WHERE key IS NULL
"""


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS key text")
    op.execute(KEYS)
    with op.get_context().autocommit_block():
        for name, columns, unique in INDEXES:
            op.drop_index(name, "outbox", postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, "outbox", columns, unique=unique, postgresql_concurrently=True, if_not_exists=True
            )
    op.execute(  # the release before asks for no particular constraint when it leaves out what is there
        f"-- squawk-ignore ban-drop-constraint\nALTER TABLE outbox DROP CONSTRAINT IF EXISTS {OLD_UNIQUE}"
    )


def downgrade() -> None:
    """Refused when two events of one kind are of one instant: the release before has room for one."""
    op.create_unique_constraint(OLD_UNIQUE, "outbox", ["subscription_id", "event", "due_at"])
    for name, _, _ in INDEXES:
        op.drop_index(name, "outbox")
    op.drop_column("outbox", "key")
