"""What migrations say again and again. What a released one says stays as it is: add here, change nothing."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op


def id_column() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def recorded_at(name: str) -> sa.Column[datetime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
    )


def refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def replace_check(
    table: str, name: str, condition: str, *, next_name: str | None = None, is_validated: bool = False
) -> None:
    """What the one before takes, the wider one takes too: a release that still runs notices nothing."""
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    op.create_check_constraint(
        op.f(f"ck_{table}_{next_name or name}"), table, condition, postgresql_not_valid=not is_validated
    )


def forbid_changes(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )


def drop_unused(*tables: str) -> None:
    """Refused once one of them holds anything: what is known only there is not thrown away."""
    for table in tables:
        op.execute(f"LOCK TABLE {table}")
        op.execute(
            f"DO $$ BEGIN IF EXISTS (SELECT FROM {table}) THEN"
            f" RAISE EXCEPTION '{table} is in use' USING ERRCODE = 'restrict_violation'; END IF; END $$"
        )
        op.drop_table(table)
