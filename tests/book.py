"""What the books say about one subscription, read straight from Postgres: for asserting whole outcomes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from db.database import Database


@dataclass(frozen=True)
class Book:
    """`balances` are the ledger's, by account; accounts that stand at zero are left out."""

    status: str
    invoices: list[str]
    payments: list[str]
    timeline: list[str]
    balances: dict[str, int]
    reports: list[str]


async def read_book(database: Database, subscription_id: int) -> Book:
    async with database.read() as connection:

        async def column(query: str) -> list[Any]:
            return list((await connection.execute(text(query), {"id": subscription_id})).scalars())

        balances = await connection.execute(
            text(
                "SELECT account, sum(amount_cents)::bigint FROM ledger_entries e"
                " JOIN ledger_transactions t ON t.id = e.transaction_id WHERE t.subscription_id = :id"
                " GROUP BY account HAVING sum(amount_cents) <> 0"
            ),
            {"id": subscription_id},
        )
        return Book(
            status=(await column("SELECT status FROM subscriptions WHERE id = :id"))[0],
            invoices=await column("SELECT status FROM invoices WHERE subscription_id = :id ORDER BY id"),
            payments=await column(
                "SELECT p.status FROM payments p JOIN invoices i ON i.id = p.invoice_id"
                " WHERE i.subscription_id = :id ORDER BY p.id"
            ),
            timeline=await column(
                "SELECT event FROM timeline_entries WHERE subscription_id = :id ORDER BY id"
            ),
            balances={row[0]: row[1] for row in balances},
            reports=await column(
                "SELECT w.status FROM webhook_inbox w JOIN payments p ON p.id = w.payment_id"
                " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY w.id"
            ),
        )


async def workflow_id_of(database: Database, subscription_id: int) -> str:
    async with database.read() as connection:
        query = text("SELECT workflow_id FROM subscriptions WHERE id = :id")
        found: str = (await connection.execute(query, {"id": subscription_id})).scalar_one()
        return found
