"""What is written once stays: not even by mistake is it changed, deleted or emptied out."""

import pytest
from sqlalchemy import text

from db.database import Connection
from db.tables.accounts import Erasure
from db.tables.balances import CustomerBalanceEntry
from db.tables.corrections import CreditNote, Dispute
from db.tables.gift_cards import GiftCard, GiftCardBatch, GiftCardEntry
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.messages import PaymentReport, ReportReplay
from db.tables.staff_actions import StaffAction
from db.tables.subscriptions import TimelineEntry
from db.tables.webhook_endpoints import WebhookEndpoint, WebhookEndpointChange
from tests.db.refused import refused
from tests.db.rows import insert_row
from tests.db.sold import Sold, insert_sold

# And what a change of each might be.
APPEND_ONLY = {
    "plan_prices": "price_cents = 1",
    "dunning_policies": "final_action = 'unpaid'",
    "ledger_transactions": "key = 'another'",
    "ledger_entries": "amount_cents = -amount_cents",
    "timeline_entries": "actor = 'nobody'",
    "invoice_lines": "amount_cents = 1",
    "gift_card_entries": "amount_cents = 1",
    "customer_balance_entries": "amount_cents = 1",
    "credit_notes": "number = 'another'",
    "disputes": "amount_cents = 1",
    "report_replays": "actor = 'nobody'",
    "staff_actions": "actor = 'nobody'",
    "webhook_endpoint_changes": "change = 'another'",
    "erasures": "reason = 'another'",
}

FORGETTING = {"staff_actions", "report_replays"}
"""Whose reason may go with whom it is about."""


@pytest.fixture
async def filled(connection: Connection) -> Connection:
    """A row in every one of them."""
    sold = await insert_sold(connection, "paid")
    await insert_row(connection, TimelineEntry, subscription_id=sold.subscription_id)
    movement = await insert_row(connection, LedgerTransaction, subscription_id=sold.subscription_id)
    await insert_row(connection, LedgerEntry, transaction_id=movement, amount_cents=1_990)
    await insert_row(connection, LedgerEntry, transaction_id=movement, amount_cents=-1_990)
    await _insert_moves_of_customers(connection, sold)
    await _insert_corrections(connection, sold)
    endpoint_id = await insert_row(connection, WebhookEndpoint, created_by=sold.user_id)
    await insert_row(connection, WebhookEndpointChange, endpoint_id=endpoint_id)
    await insert_row(connection, StaffAction)
    await insert_row(connection, Erasure, user_id=sold.user_id, asked_by=sold.user_id)
    await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # nothing of it is still to be checked
    return connection


async def _insert_moves_of_customers(connection: Connection, sold: Sold) -> None:
    batch_id = await insert_row(connection, GiftCardBatch, created_by=sold.user_id)
    card_id = await insert_row(connection, GiftCard, batch_id=batch_id)
    await insert_row(connection, GiftCardEntry, gift_card_id=card_id, invoice_id=sold.invoice_id)
    await insert_row(connection, CustomerBalanceEntry, user_id=sold.user_id, invoice_id=sold.invoice_id)


async def _insert_corrections(connection: Connection, sold: Sold) -> None:
    await insert_row(connection, CreditNote, invoice_id=sold.invoice_id)
    report_id = await insert_row(connection, PaymentReport, payment_id=sold.payment_id)
    await insert_row(connection, Dispute, payment_id=sold.payment_id, report_id=report_id)
    await insert_row(connection, ReportReplay, report_id=report_id)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {change}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
)
async def test_rows_are_only_ever_added(filled: Connection, table: str, statement: str) -> None:
    with refused(by=f"{table} is append-only"):
        await filled.execute(text(statement.format(table=table, change=APPEND_ONLY[table])))


@pytest.mark.parametrize("table", sorted(FORGETTING))
async def test_a_reason_is_forgotten_and_never_rewritten(filled: Connection, table: str) -> None:
    forget = f"UPDATE {table} SET reason = 'erased'"  # noqa: S608 - our own names
    for worse in (
        "UPDATE {table} SET reason = 'another'",
        "UPDATE {table} SET reason = NULL",
        forget + ", actor = 'x'",
    ):
        with refused(by=f"{table} is append-only"):
            async with filled.begin_nested():
                await filled.execute(text(worse.format(table=table)))
    await filled.execute(text(forget))
    assert set((await filled.execute(text(f"SELECT reason FROM {table}"))).scalars()) == {"erased"}  # noqa: S608


async def test_every_guarded_table_is_tested_here(connection: Connection) -> None:
    guarded = await connection.execute(
        text(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled = 'O'"
        )
    )
    assert set(guarded.scalars()) == APPEND_ONLY.keys()
