"""Gift cards for tests: issued as staff do, or straight into the database; and what must hold of them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from db.database import Connection, Database
from db.queries import ledger
from db.tables.accounts import User
from db.tables.gift_cards import GiftCard, GiftCardBatch
from domain import ledger as movements
from tests.client import Student
from tests.db.rows import insert_row

WRONG_CARDS = """
    SELECT c.id, c.amount_cents, c.balance_cents, coalesce(sum(e.amount_cents), 0)::bigint AS moved
    FROM gift_cards c LEFT JOIN gift_card_entries e ON e.gift_card_id = c.id
    GROUP BY c.id HAVING c.balance_cents <> c.amount_cents + coalesce(sum(e.amount_cents), 0)
    OR c.balance_cents < 0 OR c.balance_cents > c.amount_cents"""
WRONG_BALANCES = """
    SELECT user_id, currency, coalesce(b.balance_cents, 0) AS balance_cents, e.moved FROM customer_balances b
    FULL JOIN (SELECT user_id, currency, sum(amount_cents)::bigint AS moved FROM customer_balance_entries
               GROUP BY user_id, currency) e USING (user_id, currency)
    WHERE coalesce(b.balance_cents, 0) <> coalesce(e.moved, 0) OR b.balance_cents < 0"""
WRONG_INVOICES = """
    SELECT i.id, i.status, i.gift_cents, coalesce(-paid.cents, 0)::bigint AS taken,
           coalesce(back.cents, 0)::bigint AS put_back
    FROM invoices i
    LEFT JOIN (SELECT invoice_id, sum(amount_cents) AS cents FROM gift_card_entries
               WHERE amount_cents < 0 GROUP BY invoice_id) paid ON paid.invoice_id = i.id
    LEFT JOIN (SELECT invoice_id, sum(amount_cents) AS cents FROM gift_card_entries
               WHERE amount_cents > 0 GROUP BY invoice_id) back ON back.invoice_id = i.id
    WHERE i.gift_cents <> coalesce(-paid.cents, 0)
    OR CASE WHEN i.status IN ('void', 'uncollectible') THEN coalesce(back.cents, 0) <> i.gift_cents
            WHEN i.status = 'open' THEN coalesce(back.cents, 0) <> 0
            ELSE coalesce(back.cents, 0) > i.gift_cents END"""
WRONG_OWNERS = """
    SELECT e.id FROM gift_card_entries e JOIN gift_cards c ON c.id = e.gift_card_id
    JOIN invoices i ON i.id = e.invoice_id
    WHERE c.redeemed_by IS DISTINCT FROM i.user_id OR c.currency <> i.currency"""
WRONG_LEDGERS = """
    SELECT s.id AS subscription_id, coalesce(l.cents, 0)::bigint AS ledger,
           coalesce(e.cents, 0)::bigint AS cards
    FROM subscriptions s
    LEFT JOIN (SELECT t.subscription_id, sum(e.amount_cents) AS cents FROM ledger_entries e
               JOIN ledger_transactions t ON t.id = e.transaction_id
               WHERE e.account = 'gift_card_liability' GROUP BY 1) l ON l.subscription_id = s.id
    LEFT JOIN (SELECT i.subscription_id, -sum(e.amount_cents) AS cents FROM gift_card_entries e
               JOIN invoices i ON i.id = e.invoice_id GROUP BY 1) e ON e.subscription_id = s.id
    WHERE coalesce(l.cents, 0) <> coalesce(e.cents, 0)"""

COMPLAINTS = {
    "a card is not what was issued, less what was used": WRONG_CARDS,
    "a balance is not the sum of its entries": WRONG_BALANCES,
    "an invoice is not paid from the cards that it says, or did not put back": WRONG_INVOICES,
    "an invoice was paid from somebody else's card, or in another currency": WRONG_OWNERS,
    "the ledger owes another amount for gift cards than their entries": WRONG_LEDGERS,
}


async def check_purses(database: Database) -> None:
    """Of all users at once, in one snapshot: what must hold of gift cards and balances at any moment."""
    async with database.stream() as connection:
        for complaint, query in COMPLAINTS.items():
            found = [dict(row._mapping) for row in await connection.execute(text(query))]
            assert not found, f"{complaint}: {found}"


async def issue(admin: Student, amount_cents: int = 5_000, count: int = 1, **fields: Any) -> list[str]:
    """Their codes."""
    body = {"amount_cents": amount_cents, "currency": "EUR", "count": count}
    issued = await admin.post("/admin/gift-cards", body | fields)
    assert issued.status_code == 201, issued.text
    codes: list[str] = issued.json()["codes"]
    return codes


async def put_card(
    connection: Connection,
    amount_cents: int = 5_000,
    *,
    currency: str = "EUR",
    expires_at: datetime | None = None,
    redeemed_by: int | None = None,
    redeemed_at: datetime | None = None,
    booked_at: datetime | None = None,
) -> tuple[int, str]:
    """Id of the card, and the hash of a code that nobody has, in hexadecimal; in the books if told when."""
    word = uuid.uuid4()
    issued = {"amount_cents": amount_cents, "currency": currency, "expires_at": expires_at}
    batch = insert(GiftCardBatch).values(
        **issued, key=word.hex, card_count=1, created_by=await insert_row(connection, User, role="admin")
    )
    batch_id = (await connection.execute(batch.returning(GiftCardBatch.id))).scalar_one()
    card = insert(GiftCard).values(
        **issued,
        batch_id=batch_id,
        code_hash=word.bytes * 2,
        balance_cents=amount_cents,
        redeemed_by=redeemed_by,
        redeemed_at=redeemed_at,
    )
    card_id: int = (await connection.execute(card.returning(GiftCard.id))).scalar_one()
    if booked_at is not None:
        issued_cards = movements.gift_cards_issued(batch_id, currency, amount_cents)
        await ledger.post_movement(connection, None, issued_cards, booked_at)
    return card_id, (word.bytes * 2).hex()


async def card_balances(database: Database, *card_ids: int) -> list[int]:
    """In the order of the ids given."""
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT id, balance_cents FROM gift_cards WHERE id = ANY(:ids)"), {"ids": list(card_ids)}
        )
        found = {row.id: row.balance_cents for row in rows}
    return [found[card_id] for card_id in card_ids]


async def owner_of(database: Database, card_id: int) -> int | None:
    async with database.read() as connection:
        query = text("SELECT redeemed_by FROM gift_cards WHERE id = :id")
        owner: int | None = (await connection.execute(query, {"id": card_id})).scalar_one()
        return owner
