"""People who want the same: what is left of a promo code, and gift cards."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from db.database import Database
from db.queries import gift_card_batches, ledger
from db.queries.gift_card_batches import NewBatch
from db.tables.accounts import User
from domain.ending import cancel
from domain.ledger import gift_cards_issued
from domain.subscription import SubscriptionState
from tests.activities.customer import PAID_AT, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.plans import sell
from tests.activities.refunding import open_refund
from tests.db.promo_codes import publish
from tests.db.rows import insert_row

PRICE, DEARER = 1_990, 3_990
BALANCE_CENTS = 400
REFUNDED_CENTS = 1_000
GIFTS_CENTS = (700, 300, 1_500, 6_000)
SHORT_OF_ALL = 3


@dataclass
class Person:
    """A user, in whose life time passes when something is due."""

    user_id: int
    now: datetime = STARTED_AT


@dataclass(frozen=True)
class Market:
    """Gift cards by the hashes of their codes."""

    people: list[Person]
    promo_code: str
    gift_hashes: list[str]
    plan_codes: list[str]


async def open_market(database: Database) -> Market:
    """Not all can have the code; one card is in use, one pays for a start that was not paid otherwise."""
    promo_code = await publish_code(database, SHORT_OF_ALL)
    gift_hashes = [await issue_card(database, cents) for cents in GIFTS_CENTS]
    plan_codes = ["P30D", await sell(database, period_iso="P30D", price_cents=DEARER), "P6M"]
    living, unpaid = await Customer.signup(database), await Customer.signup(database)
    await living.start(promo_code=promo_code, gift_code_hash=gift_hashes[-1])
    await unpaid.start(promo_code=promo_code, gift_code_hash=gift_hashes[-2])
    people = [Person(customer.user_id) for customer in (living, unpaid)]
    return Market([*people, await overpaid_and_ended(database)], promo_code, gift_hashes, plan_codes)


async def unpaid(database: Database) -> Person:
    customer = await Customer.signup(database)
    await customer.start()
    return Person(customer.user_id)


async def overpaid(database: Database) -> Person:
    """Lives, and has the surplus in the balance."""
    person, _ = await _pay_too_much(database)
    return person


async def overpaid_and_ended(database: Database) -> Person:
    """The surplus is what the next start is paid with, and what a refund gives back."""
    person, paid = await _pay_too_much(database)
    await _customer(database, person).record(cancel(paid, at_period_end=False, at=PAID_AT), PAID_AT)
    return person


async def getting_back(database: Database) -> Person:
    """A refund of the payment was opened, and nobody has sent it yet."""
    person, _ = await _pay_too_much(database)
    customer = _customer(database, person)
    [payment] = await rows_of(customer, "payments")
    await open_refund(customer, payment["id"], REFUNDED_CENTS)
    return person


async def _pay_too_much(database: Database) -> tuple[Person, SubscriptionState]:
    customer = await Customer.signup(database)
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=PRICE + BALANCE_CENTS)
    return Person(customer.user_id, PAID_AT), await customer.settle(report_id)


def _customer(database: Database, person: Person) -> Customer:
    return Customer(database, person.user_id, None)


Newcomer = Callable[[Database], Awaitable[Person]]


async def publish_code(database: Database, redemptions: int) -> str:
    async with database.transaction() as connection:
        return await publish(connection, percent_off=50, duration="forever", max_redemptions=redemptions)


async def issue_card(database: Database, cents: int) -> str:
    """As staff do. Returns the hash of its code."""
    word = uuid.uuid4()
    async with database.transaction() as connection:
        staff_id = await insert_row(connection, User, role="admin")
        batch = NewBatch(word.hex, cents, "EUR", expires_at=None, created_by=staff_id)
        batch_id = await gift_card_batches.insert_batch(connection, batch, [word.bytes * 2])
        await ledger.post_movement(connection, None, gift_cards_issued(batch_id, "EUR", cents), STARTED_AT)
    return (word.bytes * 2).hex()
