"""`italiano report`: the ledger in sum, for a person and for a program."""

import asyncio
import json
import os

import pytest
from sqlalchemy import text

from db.database import Database
from db.queries.ledger import post_movement
from db.tables.accounts import User
from domain import ledger
from tests.cli.in_process import Done, invoke
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import START, insert_row
from tests.db.sold import insert_subscriber
from tests.gift_cards import put_card
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
    return environment_of(database_url)


def environment_of(database_url: str) -> dict[str, str]:
    return {
        "BILLING_ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET": JWT_SECRET,
        "PAYMENTS_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


async def report(environment: dict[str, str], *arguments: str) -> Done:
    return await asyncio.to_thread(invoke, os.environ | environment, "report", *arguments)


async def test_a_trial_balance_for_a_person_and_for_a_program(environment: dict[str, str]) -> None:
    shown = await report(environment, "trial-balance")
    told = await report(environment, "trial-balance", "--json", "--from", "2026-01-31")

    assert [line.split() for line in shown.out.splitlines()] == [
        ["currency", "account", "debit", "credit", "balance"],
        ["EUR", "deferred_revenue", "0.00", "1,631.00", "-1,631.00"],
        ["EUR", "receivable", "1,990.00", "0.00", "1,990.00"],
        ["EUR", "vat_payable", "0.00", "359.00", "-359.00"],
    ]
    assert [tuple(row[name] for name in TOTALS) for row in json.loads(told.out)] == [
        (0, 163_100, -163_100),
        (199_000, 0, 199_000),
        (0, 35_900, -35_900),
    ]


async def test_what_is_deferred_and_what_was_earned(environment: dict[str, str]) -> None:
    deferred = await report(environment, "deferred-revenue", "--json")
    earned = await report(environment, "revenue")

    assert json.loads(deferred.out) == [{"currency": "EUR", "deferred_cents": 163_100, "elapsed_cents": 0}]
    assert earned.out == "There is nothing to report.\n"


async def test_a_window_that_is_none_is_refused(environment: dict[str, str]) -> None:
    refused = await report(environment, "revenue", "--from", "yesterday")

    assert (refused.code, refused.out) == (2, "")
    assert "must be a date" in refused.err


async def test_gift_cards_and_what_is_owed_for_them(fresh_database_url: FreshDatabaseUrl) -> None:
    database_url = await fresh_database_url()
    database = Database.from_settings(settings_for(database_url))
    async with database.transaction() as connection:
        owner = await insert_row(connection, User)
        await put_card(connection, 5_000)
        await put_card(connection, 3_000, redeemed_by=owner, redeemed_at=START)
        await put_card(connection, 2_000, expires_at=START)
        await put_card(connection, 700, currency="USD")
        used, _ = await put_card(connection, 1_000, redeemed_by=owner, redeemed_at=START)
        await connection.execute(
            text("UPDATE gift_cards SET balance_cents = 250 WHERE id = :id"), {"id": used}
        )
        for number, cents in enumerate((11_000, -750)):
            await post_movement(connection, None, ledger.gift_cards_issued(number, "EUR", cents), START)
    await database.close()

    told = await report(environment_of(database_url), "gift-liability", "--json")
    shown = await report(environment_of(database_url), "gift-liability")

    assert [tuple(row.values()) for row in json.loads(told.out)] == [
        ("EUR", 11_000, 4_000, 750, 2_000, 8_250, 10_250),
        ("USD", 700, 0, 0, 0, 700, 0),
    ]
    assert [line.split() for line in shown.out.splitlines()] == [
        ["currency", "issued", "redeemed", "used", "expired", "outstanding", "ledger"],
        ["EUR", "110.00", "40.00", "7.50", "20.00", "82.50", "102.50"],
        ["USD", "7.00", "0.00", "0.00", "0.00", "7.00", "0.00"],
    ]
