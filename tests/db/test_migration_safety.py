"""Migrations lock no busy table for long and break no running release: Squawk reads their SQL."""

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory

from db.migrate import MIGRATIONS

SQUAWK = Path(sys.executable).with_name("squawk")
SCRIPTS = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())

LEFT_OUT = (
    "require-lock-timeout",  # env.py sets both time limits for every migration
    "require-statement-timeout",
    "prefer-bigint-over-smallint",  # for numbers that stay small by their meaning
)
BOUND_PARAMETER = re.compile(r"%\([a-z_]+\)s")


def sql_of(script: Script) -> str:
    """What the migration would send, with nothing in the place of its parameters."""
    output = io.StringIO()
    options: dict[str, Any] = {"as_sql": True, "output_buffer": output}
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=options)):
        script.module.upgrade()
    return BOUND_PARAMETER.sub("NULL", output.getvalue())


def squawk(sql: str) -> subprocess.CompletedProcess[str]:
    """Migrations run in a transaction; one that is to run outside of it ends it."""
    options = ("--pg-version=18.0", f"--exclude={','.join(LEFT_OUT)}")
    whole = f"BEGIN;\n{sql}\nCOMMIT;"
    return subprocess.run([SQUAWK, *options], input=whole, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.revision for script in SCRIPTS])
def test_a_migration_is_safe_on_a_running_system(script: Script) -> None:
    sql = sql_of(script)
    verdict = squawk(sql)

    assert sql.strip()
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX ix ON invoices (number);", "require-concurrent-index-creation"),
        ("ALTER TABLE invoices ALTER COLUMN number SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE invoices RENAME COLUMN number TO no;", "renaming-column"),
        ("ALTER TABLE invoices RENAME TO bills;", "renaming-table"),
        ("ALTER TABLE invoices DROP COLUMN number;", "ban-drop-column"),
        ("DROP TABLE invoices;", "ban-drop-table"),
        ("ALTER TABLE invoices ADD COLUMN no text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE invoices ALTER COLUMN total_cents TYPE text;", "changing-column-type"),
    ],
)
def test_what_is_not_safe_is_recognized(sql: str, rule: str) -> None:
    verdict = squawk(sql)

    assert (verdict.returncode, rule in verdict.stdout) == (1, True)
