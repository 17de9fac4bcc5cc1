"""What customers have with us, gift cards and balance: looked into, paid from, and paid back into.

Two transactions of one customer lock in one order, or they would wait for each other: gift cards in the order
of their use, then the balance. Who puts back first and takes out later locks the whole purse before.

The guards in the database are the last line: neither a card nor a balance is ever less than nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.balances import CustomerBalance, CustomerBalanceEntry
from db.tables.gift_cards import GiftCard, GiftCardEntry
from domain.tenders import NO_TENDERS, GiftMoney, Purse, Tenders


@dataclass(frozen=True)
class Bill:
    """An invoice, and whose purse it is paid from."""

    invoice_id: int
    user_id: int
    currency: str


async def load_purse(
    connection: Connection,
    user_id: int,
    currency: str,
    at: datetime,
    *,
    lock: bool = False,
    back: Tenders = NO_TENDERS,
) -> Purse:
    """Locked, nobody else moves anything in it before the transaction ends: on no card, used up or not.

    With `back` as it will be when this was put back.
    """
    put_back = {gift.gift_card_id: gift.cents for gift in back.gifts}
    cards = _cards_of(user_id, currency)
    balance = select(CustomerBalance.balance_cents).where(
        CustomerBalance.user_id == user_id, CustomerBalance.currency == currency
    )
    if lock:
        cards, balance = cards.with_for_update(key_share=True), balance.with_for_update(key_share=True)
    gifts = tuple(
        GiftMoney(row.id, row.balance_cents + put_back.get(row.id, 0))
        for row in await connection.execute(cards)
        if (row.balance_cents > 0 or row.id in put_back) and (row.expires_at is None or row.expires_at > at)
    )
    balance_cents = (await connection.execute(balance)).scalar_one_or_none() or 0
    return Purse(gifts, balance_cents + back.balance_cents)


async def load_balances(connection: Connection, user_id: int) -> dict[str, int]:
    """Without gift cards: cents by currency."""
    query = select(CustomerBalance.currency, CustomerBalance.balance_cents).where(
        CustomerBalance.user_id == user_id
    )
    return {row.currency: row.balance_cents for row in await connection.execute(query)}


async def list_expiries(connection: Connection, user_id: int) -> dict[int, datetime]:
    """When the gift cards of a user expire, by their ids; without those that never do."""
    query = select(GiftCard.id, GiftCard.expires_at).where(
        GiftCard.redeemed_by == user_id, GiftCard.expires_at.is_not(None)
    )
    return {row.id: row.expires_at for row in await connection.execute(query)}


async def lock_purse(connection: Connection, user_id: int, currency: str) -> None:
    """All of it: nobody else moves anything in it before the transaction ends."""
    await connection.execute(_cards_of(user_id, currency).with_for_update(key_share=True))
    await lock_balance(connection, user_id, currency)


async def lock_balance(connection: Connection, user_id: int, currency: str) -> None:
    """Nobody else spends of it before the transaction ends."""
    await connection.execute(
        select(CustomerBalance.balance_cents)
        .where(CustomerBalance.user_id == user_id, CustomerBalance.currency == currency)
        .with_for_update(key_share=True)
    )


async def take_out(connection: Connection, bill: Bill, taken: Tenders, at: datetime) -> None:
    """Pays an invoice from it, as far as was decided with the purse locked."""
    key = f"invoice:{bill.invoice_id}:paid"
    for gift in taken.gifts:
        await _move_on_card(connection, bill, GiftMoney(gift.gift_card_id, -gift.cents), at, key=key)
    if taken.balance_cents:
        await move_balance(connection, bill, -taken.balance_cents, at, key=key)


async def put_back(connection: Connection, bill: Bill, back: Tenders, at: datetime, *, reason: str) -> None:
    """What an invoice was paid with goes back to where it came from. Once for each `reason`."""
    key = f"invoice:{bill.invoice_id}:back:{reason}"
    for gift in back.gifts:
        await _move_on_card(connection, bill, gift, at, key=key)
    if back.balance_cents:
        await move_balance(connection, bill, back.balance_cents, at, key=key)


async def put_in_balance(
    connection: Connection, bill: Bill, gifts: tuple[GiftMoney, ...], at: datetime, *, reason: str
) -> None:
    """What gift cards have paid of an invoice, when they can't have it back. Once for each `reason`."""
    for gift in gifts:
        key = f"invoice:{bill.invoice_id}:instead_of_gift_card:{gift.gift_card_id}:{reason}"
        await move_balance(connection, bill, gift.cents, at, key=key)


async def load_tenders(connection: Connection, invoice_id: int) -> Tenders:
    """What an invoice is paid with besides a charge, less what went back already."""
    cards = (
        select(GiftCardEntry.gift_card_id, (-func.sum(GiftCardEntry.amount_cents)).label("cents"))
        .where(GiftCardEntry.invoice_id == invoice_id)
        .group_by(GiftCardEntry.gift_card_id)
        .having(func.sum(GiftCardEntry.amount_cents) < 0)
        .order_by(func.min(GiftCardEntry.id))
    )
    paid = {row.gift_card_id: int(row.cents) for row in await connection.execute(cards)}
    # What an invoice brought to the balance (a surplus, a credit) has keys of its own.
    prefix = f"invoice:{invoice_id}:"
    entries = select(CustomerBalanceEntry.key, CustomerBalanceEntry.amount_cents).where(
        CustomerBalanceEntry.invoice_id == invoice_id,
        CustomerBalanceEntry.key.startswith(prefix, autoescape=True),
    )
    balance_cents = 0
    for key, amount_cents in await connection.execute(entries):
        match key.removeprefix(prefix).split(":"):
            case ["paid"] | ["back", *_]:
                balance_cents -= amount_cents
            case ["instead_of_gift_card", gift_card_id, *_]:
                paid[int(gift_card_id)] -= amount_cents
    gifts = tuple(GiftMoney(gift_card_id, cents) for gift_card_id, cents in paid.items() if cents > 0)
    return Tenders(gifts, balance_cents)


async def move_balance(
    connection: Connection, bill: Bill, amount_cents: int, at: datetime, *, key: str
) -> None:
    """Once under its key. Raises `sqlalchemy.exc.IntegrityError` when the balance has less than that."""
    entry = (
        upsert(CustomerBalanceEntry)
        .values(
            user_id=bill.user_id,
            currency=bill.currency,
            invoice_id=bill.invoice_id,
            key=key,
            amount_cents=amount_cents,
            occurred_at=at,
        )
        .on_conflict_do_nothing(index_elements=[CustomerBalanceEntry.key])
        .returning(CustomerBalanceEntry.id)
    )
    if (await connection.execute(entry)).one_or_none() is None:
        return
    moved = await connection.execute(
        update(CustomerBalance)
        .where(CustomerBalance.user_id == bill.user_id, CustomerBalance.currency == bill.currency)
        .values(balance_cents=CustomerBalance.balance_cents + amount_cents)
    )
    if moved.rowcount == 0:
        await _open_balance(connection, bill, amount_cents)


def _cards_of(user_id: int, currency: str) -> Select[*tuple[Any, ...]]:
    """Used up and expired ones too, in the order of their use."""
    return (
        select(GiftCard.id, GiftCard.balance_cents, GiftCard.expires_at)
        .where(GiftCard.redeemed_by == user_id, GiftCard.currency == currency)
        .order_by(GiftCard.redeemed_at, GiftCard.id)
    )


async def _open_balance(connection: Connection, bill: Bill, amount_cents: int) -> None:
    """Two may open it at once; a first movement that takes something out is refused by the guard."""
    await connection.execute(
        upsert(CustomerBalance)
        .values(user_id=bill.user_id, currency=bill.currency, balance_cents=amount_cents)
        .on_conflict_do_update(
            index_elements=[CustomerBalance.user_id, CustomerBalance.currency],
            set_={"balance_cents": CustomerBalance.balance_cents + amount_cents},
        )
    )


async def _move_on_card(
    connection: Connection, bill: Bill, gift: GiftMoney, at: datetime, *, key: str
) -> None:
    await connection.execute(
        insert(GiftCardEntry).values(
            gift_card_id=gift.gift_card_id,
            invoice_id=bill.invoice_id,
            key=f"{key}:gift_card:{gift.gift_card_id}",
            amount_cents=gift.cents,
            occurred_at=at,
        )
    )
    await connection.execute(
        update(GiftCard)
        .where(GiftCard.id == gift.gift_card_id)
        .values(balance_cents=GiftCard.balance_cents + gift.cents)
    )
