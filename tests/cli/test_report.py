"""`italiano report`: the ledger in sum, for a person and for a program."""

import json

import pytest

from db.database import Database
from db.queries.ledger import post_movement
from domain import ledger
from tests.cli.test_commands import run
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import START
from tests.db.sold import insert_subscriber
from tests.stack import JWT_SECRET, WEBHOOK_SECRET, settings_for

TOTALS = ("debit_cents", "credit_cents", "balance_cents")


@pytest.fixture
async def environment(fresh_database_url: FreshDatabaseUrl) -> dict[str, str]:
    """Of a product that has sent one invoice, on the last of January."""
    database_url = await fresh_database_url()
    database = Database.from_settings(settings_for(database_url))
    async with database.transaction() as connection:
        _, subscription_id = await insert_subscriber(connection)
        movement = ledger.invoice_finalized(1, "EUR", 163_100, 35_900)
        await post_movement(connection, subscription_id, movement, START)
    await database.close()
    return {
        "BILLING_ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET": JWT_SECRET,
        "PAYMENTS_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


async def test_a_trial_balance_for_a_person_and_for_a_program(environment: dict[str, str]) -> None:
    shown = await run("cli.main", "report", "trial-balance", **environment)
    told = await run("cli.main", "report", "trial-balance", "--json", "--from", "2026-01-31", **environment)

    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["currency", "account", "debit", "credit", "balance"],
        ["EUR", "deferred_revenue", "0.00", "1,631.00", "-1,631.00"],
        ["EUR", "receivable", "1,990.00", "0.00", "1,990.00"],
        ["EUR", "vat_payable", "0.00", "359.00", "-359.00"],
    ]
    assert [tuple(row[name] for name in TOTALS) for row in json.loads(told.stdout)] == [
        (0, 163_100, -163_100),
        (199_000, 0, 199_000),
        (0, 35_900, -35_900),
    ]


async def test_what_is_deferred_and_what_was_earned(environment: dict[str, str]) -> None:
    deferred = await run("cli.main", "report", "deferred-revenue", "--json", **environment)
    earned = await run("cli.main", "report", "revenue", **environment)

    assert json.loads(deferred.stdout) == [{"currency": "EUR", "deferred_cents": 163_100, "elapsed_cents": 0}]
    assert earned.stdout == "There is nothing to report.\n"


async def test_a_window_that_is_none_is_refused(environment: dict[str, str]) -> None:
    refused = await run("cli.main", "report", "revenue", "--from", "yesterday", **environment)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "must be a date" in refused.stderr
