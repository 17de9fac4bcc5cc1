"""Double entry: what does not sum to zero in each currency is not committed, and nothing is posted twice."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from db.database import Connection, Database
from db.queries.ledger import post_movement
from db.tables.ledger import LedgerEntry, LedgerTransaction
from domain.ledger import invoice_finalized, payment_received
from tests.db.refused import refused
from tests.db.rows import START, insert_row
from tests.db.sold import insert_subscriber

Entries = Sequence[tuple[str, int, str]]

UNBALANCED: dict[str, Entries] = {
    "one side only": [("receivable", 1_990, "EUR")],
    "a cent short": [("receivable", 1_990, "EUR"), ("deferred_revenue", -1_989, "EUR")],
    "in two currencies": [("receivable", 1_990, "EUR"), ("deferred_revenue", -1_990, "USD")],
}
BALANCED: dict[str, Entries] = {
    "two sides": [("receivable", 1_990, "EUR"), ("deferred_revenue", -1_990, "EUR")],
    "each currency for itself": [
        ("receivable", 5, "EUR"),
        ("deferred_revenue", -5, "EUR"),
        ("receivable", 7, "USD"),
        ("deferred_revenue", -7, "USD"),
    ],
}


async def post(database: Database, entries: Entries) -> int:
    """Posts one transaction and commits it."""
    async with database.transaction() as connection:
        _, subscription_id = await insert_subscriber(connection)
        transaction_id = await insert_row(connection, LedgerTransaction, subscription_id=subscription_id)
        for account, amount_cents, currency in entries:
            await insert_row(
                connection,
                LedgerEntry,
                transaction_id=transaction_id,
                account=account,
                amount_cents=amount_cents,
                currency=currency,
            )
    return transaction_id


async def entries_of(connection: Connection, *keys: str) -> list[tuple[str, str, int, str]]:
    rows = await connection.execute(
        select(LedgerTransaction.key, LedgerEntry.account, LedgerEntry.amount_cents, LedgerEntry.currency)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerTransaction.key.in_(keys))
        .order_by(LedgerEntry.id)
    )
    return [(row.key, row.account, row.amount_cents, row.currency) for row in rows]


@pytest.mark.parametrize("entries", list(UNBALANCED.values()), ids=UNBALANCED)
async def test_what_does_not_sum_to_zero_is_not_committed(database: Database, entries: Entries) -> None:
    with refused(by=r"ledger transaction \d+ does not sum to zero"):
        await post(database, entries)


@pytest.mark.parametrize("entries", list(BALANCED.values()), ids=BALANCED)
async def test_what_sums_to_zero_is_committed(database: Database, entries: Entries) -> None:
    transaction_id = await post(database, entries)

    async with database.read() as connection:
        count = select(func.count()).where(LedgerEntry.transaction_id == transaction_id)
        assert (await connection.execute(count)).scalar_one() == len(entries)


async def test_a_committed_transaction_cannot_be_unbalanced_later(database: Database) -> None:
    transaction_id = await post(database, BALANCED["two sides"])

    with refused(by=f"ledger transaction {transaction_id} does not sum to zero"):
        async with database.transaction() as connection:
            await insert_row(connection, LedgerEntry, transaction_id=transaction_id, amount_cents=1)


async def test_a_movement_is_posted_once_under_its_key(connection: Connection) -> None:
    _, subscription_id = await insert_subscriber(connection)
    finalized = invoice_finalized(10**12, "EUR", 1_631, 359)
    for movement in (finalized, finalized, payment_received(10**12, "EUR", 1_990, 1_990), finalized):
        await post_movement(connection, subscription_id, movement, START)

    assert await entries_of(
        connection, "invoice:1000000000000:finalized", "payment:1000000000000:received"
    ) == [
        ("invoice:1000000000000:finalized", "receivable", 1_990, "EUR"),
        ("invoice:1000000000000:finalized", "deferred_revenue", -1_631, "EUR"),
        ("invoice:1000000000000:finalized", "vat_payable", -359, "EUR"),
        ("payment:1000000000000:received", "cash_at_provider", 1_990, "EUR"),
        ("payment:1000000000000:received", "receivable", -1_990, "EUR"),
    ]
