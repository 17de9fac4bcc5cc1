"""What each role of the database may do, tried as that role: no more than it needs, no table forgotten."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, pool, text
from sqlalchemy.exc import DBAPIError

from cli.dev.postgres import EmbeddedPostgres
from db.grants import ADDS, FORGETS, OF_APP
from db.migrate import downgrade, upgrade
from db.tables.metadata import METADATA
from tests.conftest import FreshDatabaseUrl
from tests.db.test_append_only import APPEND_ONLY, FORGETTING
from tests.db.test_migrations import connected

NOT_ALLOWED = "42501"
READ_ONLY = "25006"


@pytest.fixture(scope="module")
async def migrated(postgres: EmbeddedPostgres) -> str:
    """A database that the migrating role owns and has migrated itself, as in production."""
    with connected(postgres.database_url("postgres")) as connection:
        connection.execute(text("CREATE DATABASE granted OWNER italiano_migrate"))
    upgrade(postgres.database_url("granted", "italiano_migrate"))
    with connected(postgres.database_url("granted", "italiano_migrate")) as connection:
        connection.execute(text("INSERT INTO users (email, password_hash) VALUES ('anna@b.it', 'hash')"))
    return "granted"


def entered(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def app(postgres: EmbeddedPostgres, migrated: str) -> Iterator[Connection]:
    yield from entered(postgres.database_url(migrated, "italiano_app"))


@pytest.fixture
def report(postgres: EmbeddedPostgres, migrated: str) -> Iterator[Connection]:
    yield from entered(postgres.database_url(migrated, "italiano_report"))


def refusal_of(connection: Connection, statement: str) -> str | None:
    """The code of Postgres; `None` when it did it."""
    try:
        connection.execute(text(statement))
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", None))
    finally:
        connection.rollback()
    return None


def test_every_table_has_a_decision() -> None:
    """A table that is new fails here until somebody has decided what the product may do with it."""
    assert OF_APP.keys() == METADATA.tables.keys() | {"alembic_version"}


def test_what_is_append_only_is_so_by_right_too() -> None:
    rights = dict.fromkeys(APPEND_ONLY, ADDS) | dict.fromkeys(FORGETTING, FORGETS)
    assert {table: OF_APP[table] for table in APPEND_ONLY} == rights


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_product_only_adds_to_what_is_append_only(app: Connection, table: str) -> None:
    for statement in (
        f"UPDATE {table} SET {APPEND_ONLY[table]}",  # noqa: S608 - our own names
        f"DELETE FROM {table}",  # noqa: S608 - likewise
        f"TRUNCATE {table}",
    ):
        assert refusal_of(app, statement) == NOT_ALLOWED, statement
    assert refusal_of(app, f"SELECT FROM {table}") is None


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE invoices",
        "ALTER TABLE invoices DISABLE TRIGGER guard",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT * FROM pg_authid",
        "SELECT * FROM report.invoices",
        "SET ROLE italiano_migrate",
        "DELETE FROM users",
        "DELETE FROM invoices",
        "DELETE FROM payments",
        "DELETE FROM webhook_inbox",
        "UPDATE outbox SET event = 'invoice.paid'",
        "UPDATE notes SET user_id = 1",
        "UPDATE alembic_version SET version_num = '0001'",
        "INSERT INTO content_modules (code, title, min_tier, position) VALUES ('x', 'x', 1, 99)",
        "TRUNCATE users CASCADE",
        "COPY users TO PROGRAM 'cat'",
    ],
)
def test_the_product_may_not(app: Connection, statement: str) -> None:
    assert refusal_of(app, statement) == NOT_ALLOWED


def test_the_product_may_do_its_work(app: Connection) -> None:
    for statement in (
        "INSERT INTO users (email, password_hash) VALUES ('carla@b.it', 'hash')",
        "UPDATE users SET locale = 'it'",
        "SELECT FROM users FOR NO KEY UPDATE",
        "DELETE FROM refresh_tokens",
        "UPDATE outbox SET published_at = now()",
        "UPDATE notes SET text = 'erased'",
        "UPDATE staff_actions SET reason = 'erased'",
        "UPDATE report_replays SET reason = 'erased'",
    ):
        assert refusal_of(app, statement) is None, statement


def test_reports_read_views_without_a_person(report: Connection) -> None:
    views = report.execute(
        text("SELECT viewname FROM pg_views WHERE schemaname = 'report' ORDER BY viewname")
    ).scalars()
    names = list(views)
    report.rollback()

    assert len(names) == 10
    for name in names:
        assert refusal_of(report, f"SELECT * FROM {name}") is None, name  # noqa: S608 - our own names


@pytest.mark.parametrize("table", sorted(METADATA.tables))
def test_reports_read_no_table(report: Connection, table: str) -> None:
    assert refusal_of(report, f"SELECT * FROM public.{table}") == NOT_ALLOWED  # noqa: S608 - our own names


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT email FROM public.users", NOT_ALLOWED),
        ("SELECT password_hash FROM public.users", NOT_ALLOWED),
        ("SELECT last4 FROM public.payment_methods", NOT_ALLOWED),
        ("DELETE FROM report.plans", NOT_ALLOWED),
        ("CREATE TABLE mine (id int)", READ_ONLY),
        ("SELECT * FROM pg_authid", NOT_ALLOWED),
    ],
)
def test_reports_may_not(report: Connection, statement: str, code: str) -> None:
    assert refusal_of(report, statement) == code
    assert refusal_of(report, f"SET TRANSACTION READ WRITE; {statement}") == NOT_ALLOWED


def test_reports_show_no_column_that_could_name_somebody(report: Connection) -> None:
    """Free text and what providers wrote are left out; who did something only by kind."""
    columns = report.execute(
        text(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'report' AND data_type IN ('text', 'bytea', 'jsonb') ORDER BY 1"
        )
    ).scalars()
    assert {name.split(".")[1] for name in columns} == {
        "account", "actor_kind", "billing_reason", "code", "currency", "details", "event", "failure_code",
        "name", "next_action", "number", "parked_reason", "period_iso", "provider", "reason",
        "scheduled_plan_code", "status",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["italiano_migrate", "italiano_app", "italiano_report"])
def test_no_role_is_more_than_it_is(app: Connection, role: str) -> None:
    query = text(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin,"
        " array_to_string(rolconfig, ' ') LIKE '%timeout%' FROM pg_roles WHERE rolname = :role"
    )
    assert app.execute(query, {"role": role}).one() == (False, False, False, False, False, True, True)


@pytest.fixture
async def older(fresh_database_url: FreshDatabaseUrl) -> str:
    url = await fresh_database_url()
    with connected(url) as connection:
        connection.execute(text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM italiano_app"))
    return url


async def test_rights_come_back_at_the_next_run(older: str) -> None:
    """Also for roles that were made only after the last migration."""
    app_may_read = text("SELECT has_table_privilege('italiano_app', 'users', 'SELECT')")
    with connected(older) as connection:
        assert connection.execute(app_may_read).scalar_one() is False
    upgrade(older)
    with connected(older) as connection:
        assert connection.execute(app_may_read).scalar_one() is True
    downgrade(older, "-1")
    upgrade(older)
    with connected(older) as connection:
        assert connection.execute(app_may_read).scalar_one() is True
