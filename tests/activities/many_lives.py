"""Years of many customers, lived by chance, and what must hold of all books afterwards, to the cent."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

from sqlalchemy import text

from api.schemas.events import DATA_OF
from db.database import Connection, Database
from db.queries import ledger_reports
from db.queries.life_invariants import LIFE_INVARIANTS
from db.queries.overdue import OVERDUE
from domain.events import EventName
from domain.window import Window
from payments.manual_mock import ManualMock
from payments.providers import Providers
from tests.activities.announced import MISSING_OR_WITHOUT_A_FACT
from tests.activities.customer import STARTED_AT, Customer
from tests.activities.ledger_check import assert_own_books_are_true
from tests.activities.plans import sell
from tests.activities.year import LivedSubscription
from tests.balanced_books import check_against_provider
from tests.gift_cards import check_purses
from tests.psp import SandboxPsp
from tests.violations import find_violations

AT_ONCE = 4
A_YEAR = timedelta(days=365)
SEED = 20_260_131

SEVERAL_PERIODS_OF_ONE_INVOICE = "SELECT invoice_id FROM periods GROUP BY invoice_id HAVING count(*) > 1"
TIME_THAT_NO_INVOICE_IS_FOR = """
    SELECT * FROM (SELECT subscription_id, upper(during) AS ended,
        lead(lower(during)) OVER (PARTITION BY subscription_id ORDER BY during) AS began FROM periods) AS each
    WHERE ended <> began AND NOT EXISTS (SELECT FROM timeline_entries t
        WHERE t.subscription_id = each.subscription_id AND t.details ? 'skipped_periods')
"""
CASH_AT_THE_SANDBOX = """
    SELECT sum(e.amount_cents)::bigint FROM ledger_entries e
    JOIN ledger_transactions t ON t.id = e.transaction_id
    JOIN payments p ON p.provider = 'sandbox' AND (t.key = concat('payment:', p.id, '\\:received')
        OR t.key IN (SELECT concat('refund:', r.id, '\\:paid') FROM refunds r WHERE r.payment_id = p.id)
        OR t.key IN (SELECT concat('dispute:', d.id, '\\:opened') FROM disputes d WHERE d.payment_id = p.id))
    WHERE e.account = 'cash_at_provider'
"""
TURN_TO_THE_END = text("UPDATE subscriptions SET clock_offset = :end - clock_timestamp()")


async def live_a_year(
    database: Database,
    psp: SandboxPsp,
    numbers: range,
    *,
    are_calm: bool = False,
    when_lived: Callable[[], None] = lambda: None,
) -> list[Customer]:
    """What happens to each depends on the seed and its number, not on its neighbors."""
    dearer = await sell(database, period_iso="P30D", price_cents=2_990)
    plans = ("P30D", "P30D", dearer, dearer, *(() if are_calm else ("P6M", "P1Y")))
    providers = Providers(ManualMock(), psp.adapter())
    gate = asyncio.Semaphore(AT_ONCE)

    async def live(customer: Customer, number: int) -> None:
        async with gate:
            chance = Random(SEED + number)  # noqa: S311 - a year that can be lived again, no secret
            life = LivedSubscription(customer, providers, chance, STARTED_AT, plans=plans, is_calm=are_calm)
            await life.start()
            await life.live_until(STARTED_AT + A_YEAR)
        when_lived()

    customers = [await Customer.signup(database, psp) for _ in numbers]
    try:
        async with asyncio.TaskGroup() as lives:
            for number, customer in zip(numbers, customers, strict=True):
                lives.create_task(live(customer, number))
    finally:
        await providers.close()
    return customers


async def check_all_books(database: Database, psp: SandboxPsp, customers: list[Customer]) -> Counter[str]:
    """Ledger, invoices, payments and the provider's own book. Returns how often each thing happened."""
    async with database.transaction() as connection:
        await connection.execute(TURN_TO_THE_END, {"end": STARTED_AT + A_YEAR})
    async with database.read() as connection:
        await _check_rules(connection)
        await _check_events(connection)
        totals = await ledger_reports.trial_balance(connection, Window())
        told = await connection.execute(text("SELECT event, count(*) FROM timeline_entries GROUP BY event"))
        happened = Counter({row.event: row.count for row in told})
    assert sum(total.balance_cents for total in totals) == 0
    await check_purses(database)
    for customer in customers:
        await assert_own_books_are_true(customer)
    await _check_provider(database, psp)
    return happened


async def _check_rules(connection: Connection) -> None:
    """As reconciliation asks them at the year's end, which is each subscription's own now."""
    asked = {each.__name__: await each(connection) for each in (*LIFE_INVARIANTS, *OVERDUE)}
    found = await find_violations(connection) | {name: rows for name, rows in asked.items() if rows}
    assert not found, found
    for none in (MISSING_OR_WITHOUT_A_FACT, SEVERAL_PERIODS_OF_ONE_INVOICE, TIME_THAT_NO_INVOICE_IS_FOR):
        rows = list(await connection.execute(text(none)))
        assert not rows, f"{rows}: {none}"


async def _check_events(connection: Connection) -> None:
    for event, details in await connection.execute(text("SELECT event, details FROM outbox")):
        DATA_OF[EventName(event)].model_validate(details)


async def _check_provider(database: Database, psp: SandboxPsp) -> None:
    """It is asked for each charge: none is there twice, and the cash in the ledger is what it kept."""
    async with database.read() as connection:
        subscriptions = (await connection.execute(text("SELECT id FROM subscriptions"))).scalars().all()
        cash_cents = (await connection.execute(text(CASH_AT_THE_SANDBOX))).scalar_one()
    for subscription_id in subscriptions:
        await check_against_provider(database, psp, subscription_id)
    charges = [charge for each in subscriptions for charge in await psp.charges(each)]
    assert cash_cents == sum(
        charge["amount_cents"] - charge["refunded_cents"] - charge["charged_back_cents"]
        for charge in charges
        if charge["status"] == "succeeded"
    )
