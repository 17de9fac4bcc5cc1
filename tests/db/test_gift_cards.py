"""One card has one owner, and no purse is ever below zero, however many want of it at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.database import Connection, Database
from db.queries import gift_cards, ledger, purses
from db.queries.purses import Bill
from db.tables.accounts import User
from db.tables.billing import Invoice
from domain.ledger import invoice_tendered
from domain.tenders import GiftMoney, Purse, Tenders, taken_from
from ops.settings import Settings
from tests.db.refused import refused
from tests.db.rows import START, insert_row
from tests.db.sold import insert_subscriber
from tests.gift_cards import card_balances, check_purses, owner_of, put_card
from tests.wide_database import wide_database

MANY = 50


@pytest.fixture
async def wide(settings: Settings) -> AsyncIterator[Database]:
    """As many connections as there are clients: none of them waits for another one's."""
    async with wide_database(settings, MANY) as wide:
        yield wide


async def insert_bill(connection: Connection, total_cents: int = 1_990) -> Bill:
    user_id, subscription_id = await insert_subscriber(connection)
    return await another_bill(connection, user_id, subscription_id, total_cents)


async def another_bill(
    connection: Connection, user_id: int, subscription_id: int, total_cents: int, number: int = 0
) -> Bill:
    """A draft for the n-th period."""
    since = START + timedelta(days=30 * number)
    invoice_id = await insert_row(
        connection,
        Invoice,
        user_id=user_id,
        subscription_id=subscription_id,
        total_cents=total_cents,
        net_cents=total_cents,
        vat_cents=0,
        period_start=since,
        period_end=since + timedelta(days=30),
    )
    return Bill(invoice_id, user_id, "EUR")


async def test_of_fifty_at_once_the_first_one_owns_it(wide: Database) -> None:
    async with wide.transaction() as connection:
        card_id, _ = await put_card(connection)
        users = [await insert_row(connection, User) for _ in range(MANY)]

    all_are_here = asyncio.Barrier(MANY)

    async def claim(user_id: int) -> bool:
        async with wide.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            await all_are_here.wait()
            return await gift_cards.claim_card(connection, card_id, user_id, START)

    claims = await asyncio.gather(*(claim(user_id) for user_id in users))

    assert [user_id for user_id, is_theirs in zip(users, claims, strict=True) if is_theirs] == [
        await owner_of(wide, card_id)
    ]


async def test_its_owner_may_claim_it_again_and_nothing_moves(connection: Connection) -> None:
    card_id, _ = await put_card(connection)
    owner, other = await insert_row(connection, User), await insert_row(connection, User)

    claims = [
        await gift_cards.claim_card(connection, card_id, user_id, START + timedelta(days=day))
        for day, user_id in enumerate((owner, other, owner))
    ]

    assert claims == [True, False, True]
    [card] = await gift_cards.list_owned(connection, owner)
    assert (card.redeemed_at, card.balance_cents) == (START, 5_000)
    assert await gift_cards.list_owned(connection, other) == []


async def pay_from_purse(database: Database, bill: Bill, owed_cents: int) -> Tenders:
    """As every invoice is: looked into with the purse locked, then taken out."""
    async with database.transaction() as connection:
        purse = await purses.load_purse(connection, bill.user_id, bill.currency, START, lock=True)
        taken = taken_from(purse, owed_cents)
        paid = {"gift": taken.gift_cents, "balance": taken.balance_cents, "id": bill.invoice_id}
        await connection.execute(
            text("UPDATE invoices SET gift_cents = :gift, balance_cents = :balance WHERE id = :id"), paid
        )
        await purses.take_out(connection, bill, taken, START)
        movement = invoice_tendered(
            bill.invoice_id, "EUR", gift_cents=taken.gift_cents, balance_cents=taken.balance_cents
        )
        subscription = text("SELECT subscription_id FROM invoices WHERE id = :id")
        of_this = (await connection.execute(subscription, {"id": bill.invoice_id})).scalar_one()
        await ledger.post_movement(connection, of_this, movement, START)
        return taken


async def pay_at_last(database: Database, bill: Bill, owed_cents: int) -> Tenders:
    """Repeated like an activity, when it had to wait for the purse for too long."""
    while True:
        try:
            return await pay_from_purse(database, bill, owed_cents)
        except OperationalError:
            continue


async def test_fifty_invoices_on_one_purse_take_what_is_there_and_no_more(wide: Database) -> None:
    """R2: fifty times thirty out of a hundred leave three winners, a fourth one who gets ten, and nothing."""
    async with wide.transaction() as connection:
        user_id, subscription_id = await insert_subscriber(connection)
        bills = [
            await another_bill(connection, user_id, subscription_id, 3_000, number) for number in range(MANY)
        ]
        for cents in (4_000, 4_000):
            await put_card(connection, cents, redeemed_by=user_id, redeemed_at=START)
        await purses.move_balance(
            connection, bills[0], 2_000, START, key=f"invoice:{bills[0].invoice_id}:put"
        )

    taken = await asyncio.gather(*(pay_at_last(wide, bill, 3_000) for bill in bills))

    assert Counter(tenders.total_cents for tenders in taken) == {3_000: 3, 1_000: 1, 0: MANY - 4}
    async with wide.read() as connection:
        assert await purses.load_purse(connection, user_id, "EUR", START) == Purse()
        assert await purses.load_balances(connection, user_id) == {"EUR": 0}
    await check_purses(wide)


async def test_who_looked_without_the_lock_is_stopped_by_the_guard(database: Database) -> None:
    """The last line: two that both saw a hundred can't both take eighty."""
    async with database.transaction() as connection:
        bill = await insert_bill(connection)
        card_id, _ = await put_card(connection, 100, redeemed_by=bill.user_id, redeemed_at=START)
        await purses.move_balance(connection, bill, 100, START, key=f"test:{bill.invoice_id}")

    for taken, guard in (
        (Tenders((GiftMoney(card_id, 101),)), "ck_gift_cards_balance_is_within_its_amount"),
        (Tenders((), 101), "ck_customer_balances_is_not_negative"),
    ):
        with refused(by=guard):
            async with database.transaction() as connection:
                await purses.take_out(connection, bill, taken, START)

    assert await card_balances(database, card_id) == [100]


async def test_a_balance_opened_twice_at_once_has_both_amounts(wide: Database) -> None:
    async with wide.transaction() as connection:
        bill = await insert_bill(connection)

    async def put(number: int) -> None:
        async with wide.transaction() as connection:
            key = f"test:{bill.invoice_id}:{number % 10}"  # each key comes twice, and counts once
            await purses.move_balance(connection, bill, 10, START, key=key)

    await asyncio.gather(*(put(number) for number in range(20)))

    async with wide.read() as connection:
        assert await purses.load_balances(connection, bill.user_id) == {"EUR": 100}


async def test_an_invoice_is_paid_from_a_card_once(database: Database) -> None:
    async with database.transaction() as connection:
        bill = await insert_bill(connection)
        card_id, _ = await put_card(connection, redeemed_by=bill.user_id, redeemed_at=START)
    taken = Tenders((GiftMoney(card_id, 1_000),))
    await pay_from_purse(database, bill, 1_000)

    with refused(by="uq_gift_card_entries_key"):
        async with database.transaction() as connection:
            await purses.take_out(connection, bill, taken, START)

    assert await card_balances(database, card_id) == [4_000]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("redeemed_by = redeemed_by + 1", "gift card .* is redeemed"),
        ("redeemed_by = NULL, redeemed_at = NULL", "gift card .* is redeemed"),
        ("redeemed_at = now()", "gift card .* is redeemed"),
        ("amount_cents = 6000", "gift card .* is issued"),
        ("currency = 'USD'", "gift card .* is issued"),
        ("expires_at = now()", "gift card .* is issued"),
        ("code_hash = 'another'", "gift card .* is issued"),
    ],
)
async def test_what_was_issued_and_redeemed_stays(
    connection: Connection, change: str, complaint: str
) -> None:
    owner = await insert_row(connection, User)
    card_id, _ = await put_card(connection, redeemed_by=owner, redeemed_at=START)

    with refused(by=complaint):
        statement = "UPDATE gift_cards SET {change} WHERE id = :id"
        await connection.execute(text(statement.format(change=change)), {"id": card_id})


async def test_nothing_is_paid_from_a_card_that_belongs_to_nobody(connection: Connection) -> None:
    card_id, _ = await put_card(connection)

    with refused(by="gift card .* belongs to nobody"):
        await connection.execute(
            text("UPDATE gift_cards SET balance_cents = 1 WHERE id = :id"), {"id": card_id}
        )


async def test_a_purse_has_what_can_be_used_in_its_order(connection: Connection) -> None:
    bill = await insert_bill(connection)

    async def put(cents: int, redeemed_at: datetime, **fields: Any) -> int:
        card_id, _ = await put_card(
            connection, cents, redeemed_by=bill.user_id, redeemed_at=redeemed_at, **fields
        )
        return card_id

    later = await put(700, START + timedelta(days=1))
    first = await put(600, START)
    await put(500, START, currency="USD")
    await put(400, START, expires_at=START)
    used_up = await put(300, START - timedelta(days=1))
    await connection.execute(text("UPDATE gift_cards SET balance_cents = 0 WHERE id = :id"), {"id": used_up})
    await put_card(connection, 200)

    assert await purses.load_purse(connection, bill.user_id, "EUR", START) == Purse(
        (GiftMoney(first, 600), GiftMoney(later, 700))
    )
