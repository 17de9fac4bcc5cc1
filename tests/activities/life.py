"""A subscription's whole books in few words, so that one assertion holds all of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from db.database import Connection, Database

INVOICES = (
    "SELECT billing_reason, status, period_start, period_end FROM invoices"
    " WHERE subscription_id = :id ORDER BY id"
)
PAYMENTS = (
    "SELECT p.attempt_no, p.dunning_attempt, p.provider, p.status, p.failure_code FROM payments p"
    " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY p.id"
)
PERIODS = (
    "SELECT lower(during) AS starts_at, upper(during) AS ends_at FROM periods"
    " WHERE subscription_id = :id ORDER BY during"
)
REFUNDS = (
    "SELECT r.reason, r.status, r.amount_cents FROM refunds r JOIN payments p ON p.id = r.payment_id"
    " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY r.id"
)
DISPUTES = (
    "SELECT p.attempt_no, d.amount_cents FROM disputes d JOIN payments p ON p.id = d.payment_id"
    " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY p.id"
)
REMINDERS = (
    "SELECT event, due_at FROM outbox WHERE subscription_id = :id"
    " AND event IN ('renewal.upcoming', 'invoice.payment_reminder', 'subscription.price_change_notice')"
    " ORDER BY due_at, event"
)
TIMELINE = "SELECT event FROM timeline_entries WHERE subscription_id = :id ORDER BY id"
BALANCES = (
    "SELECT account, sum(amount_cents)::bigint FROM ledger_entries e"
    " JOIN ledger_transactions t ON t.id = e.transaction_id WHERE t.subscription_id = :id"
    " GROUP BY account HAVING sum(amount_cents) <> 0"
)


@dataclass(frozen=True)
class LifeBooks:
    """Rows are told as words: days for instants, and nothing for what is empty."""

    status: str
    invoices: list[str]
    payments: list[str]
    periods: list[str]
    refunds: list[str]
    reminders: list[str]
    balances: dict[str, int]
    timeline: list[str]
    disputes: list[str] = field(default_factory=list)


async def read_life(database: Database, subscription_id: int) -> LifeBooks:
    async with database.read() as connection:
        status = await _rows(connection, "SELECT status FROM subscriptions WHERE id = :id", subscription_id)
        balances = await connection.execute(text(BALANCES), {"id": subscription_id})
        return LifeBooks(
            status=status[0],
            invoices=await _rows(connection, INVOICES, subscription_id),
            payments=await _rows(connection, PAYMENTS, subscription_id),
            periods=await _rows(connection, PERIODS, subscription_id),
            refunds=await _rows(connection, REFUNDS, subscription_id),
            reminders=await _rows(connection, REMINDERS, subscription_id),
            balances={row[0]: row[1] for row in balances},
            timeline=await _rows(connection, TIMELINE, subscription_id),
            disputes=await _rows(connection, DISPUTES, subscription_id),
        )


async def _rows(connection: Connection, query: str, subscription_id: int) -> list[str]:
    rows = await connection.execute(text(query), {"id": subscription_id})
    return [" ".join(_word(value) for value in row if value is not None) for row in rows]


def _word(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
