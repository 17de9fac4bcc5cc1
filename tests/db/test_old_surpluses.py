"""What was paid too much or too late before there were balances is where it belongs after the migration."""

from sqlalchemy import text

from cli.dev.postgres import EmbeddedPostgres
from db.database import Connection, Database
from db.migrate import upgrade
from db.queries import invoices, ledger, payments
from db.tables.billing import Refund
from domain.ledger import Account, Movement, Posting, payment_received
from tests.db.rows import START, insert_row
from tests.db.sold import insert_sold
from tests.stack import settings_for


async def overpaid(connection: Connection) -> None:
    """2,500 for 1,990: of the surplus, 200 is back and 100 on its way."""
    sold = await insert_sold(connection)
    await payments.mark_succeeded(connection, sold.payment_id, 2_500, START)
    await invoices.mark_paid(connection, sold.invoice_id, sold.payment_id, START)
    received = payment_received(sold.payment_id, "EUR", 2_500, 1_990)
    postings = (Posting(Account.CUSTOMER_BALANCE, 200), Posting(Account.CASH_AT_PROVIDER, -200))
    for movement in (received, Movement("refund:1:paid", "EUR", postings)):
        await ledger.post_movement(connection, sold.subscription_id, movement, START)
    settled = {"status": "succeeded", "settled_at": START}
    await insert_row(connection, Refund, payment_id=sold.payment_id, amount_cents=200, **settled)
    await insert_row(connection, Refund, payment_id=sold.payment_id, amount_cents=100)


async def paid_too_late(connection: Connection) -> None:
    sold = await insert_sold(connection, "void")
    await payments.mark_succeeded(connection, sold.payment_id, 1_990, START)
    late = payment_received(sold.payment_id, "EUR", 1_990, 0)
    await ledger.post_movement(connection, sold.subscription_id, late, START)
    await insert_row(connection, Refund, payment_id=sold.payment_id, reason="late_payment")


async def test_what_is_the_customers_and_what_is_on_its_way_back(postgres: EmbeddedPostgres) -> None:
    url = await postgres.create_database("old_surpluses")
    upgrade(url, "0006")
    database = Database.from_settings(settings_for(url))
    async with database.transaction() as connection:
        await overpaid(connection)
        await paid_too_late(connection)
        await insert_sold(connection, "paid")

    upgrade(url)

    async with database.read() as connection:

        async def rows(query: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in await connection.execute(text(query))]

        assert await rows("SELECT unapplied_cents FROM refunds ORDER BY id") == [(200,), (100,), (1_990,)]
        assert await rows("SELECT balance_cents FROM customer_balances") == [(210,)]
        assert await rows("SELECT amount_cents FROM customer_balance_entries") == [(210,)]
        balances = (
            "SELECT account, sum(amount_cents)::bigint FROM ledger_entries"
            " WHERE account IN ('customer_balance', 'unapplied_cash') GROUP BY account ORDER BY account"
        )
        assert await rows(balances) == [("customer_balance", -210), ("unapplied_cash", -2_090)]
    await database.close()
