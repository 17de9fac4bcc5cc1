"""The scripts of ops/postgres as compose runs them: by the role that owns the database, no superuser."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from cli.dev.postgres import EmbeddedPostgres, programs
from db.migrate import head_revision, upgrade
from tests.deadline import eventually

ROLE = DATABASE = "backed_up"


def run(script: Path, database_url: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", script, file],
        env={"PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}", "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )


def ask(database_url: str, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last one."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        *_, answered = [connection.execute(statement.encode()) for statement in statements]
        return answered.fetchall() if answered.description else []


@pytest.fixture
async def owned(postgres: EmbeddedPostgres) -> str:
    """A migrated database of a role of its own, with a user in it."""
    url = await postgres.create_database(DATABASE)
    ask(url, f"CREATE ROLE {ROLE} LOGIN", f"ALTER DATABASE {DATABASE} OWNER TO {ROLE}")
    owner = url.replace("postgres@", f"{ROLE}@")
    upgrade(owner)
    ask(owner, "INSERT INTO users (email, password_hash) VALUES ('a@b.it', '')")
    return owner


def files_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_a_backup_is_restored_whole_or_not_at_all(root: Path, tmp_path: Path, owned: str) -> None:
    backup, scripts = tmp_path / "whole.backup", root / "ops/postgres"
    made = run(scripts / "backup.sh", owned, backup)
    assert (made.returncode, made.stderr, files_in(tmp_path)) == (
        0,
        "",
        [backup.name],
    )
    ask(owned, "CREATE TABLE newer (id int)", "UPDATE users SET email = 'c@d.it'")
    half = tmp_path / "half.backup"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size * 3 // 4])

    refused = run(scripts / "restore.sh", owned, half)

    assert refused.returncode != 0
    assert ask(owned, "SELECT email FROM users") == [("c@d.it",)]

    async def is_restored() -> bool:
        """Sessions end a moment after those who had them."""
        restored = run(scripts / "restore.sh", owned, backup)
        assert restored.returncode == 0, restored.stderr
        return restored.stdout == f"restored: the schema is at {head_revision()}\n"

    await eventually(is_restored)
    assert ask(owned, "SELECT id, email, to_regclass('newer') FROM users") == [(1, "a@b.it", None)]
    [(next_id,)] = ask(owned, "INSERT INTO users (email, password_hash) VALUES ('e@f.it', '') RETURNING id")
    assert isinstance(next_id, int)
    assert next_id > 1_000_000, "what was given since the backup is given to nobody else"
    privileges = "SELECT has_schema_privilege('public', 'public', 'USAGE'), nspowner::regrole::text"
    assert ask(owned, f"{privileges} FROM pg_namespace WHERE nspname = 'public'") == [
        (True, "pg_database_owner")
    ]
