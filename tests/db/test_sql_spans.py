import pytest

from db.sql_spans import summary_of


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ("SELECT id FROM users WHERE email = %(email)s", "SELECT users"),
        ("SELECT 1", "SELECT"),
        ("INSERT INTO payments (id) VALUES (%(id)s) ON CONFLICT DO UPDATE SET id = 1", "INSERT payments"),
        ("UPDATE subscriptions SET status = %(s)s", "UPDATE subscriptions"),
        ("DELETE FROM outbox WHERE id = 1", "DELETE outbox"),
        (
            "WITH due AS (SELECT id\nFROM outbox FOR UPDATE SKIP LOCKED)\nUPDATE outbox SET x = 1",
            "UPDATE outbox",
        ),
        ("SELECT id FROM users FOR UPDATE OF users", "SELECT users"),
        ("select pg_try_advisory_lock(1)", "SELECT"),
    ],
)
def test_a_statement_is_named_by_what_it_does_and_to_which_table(statement: str, summary: str) -> None:
    assert summary_of(statement) == summary
