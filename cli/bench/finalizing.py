"""The phases of `italiano bench finalize`: drafts as plain inserts, and the same with a number given last.

All writers number in one series and year, whose counter they have to take turns at; afterwards the numbers
are read: a gap or a number twice would make the rate worthless.
"""

import itertools
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli.bench.measured import Client, Laps, Measured, measure
from cli.bench.processor_time import ProcessorTime
from cli.bench.students import NO_PASSWORD
from db.database import Database
from db.queries import invoices, plan_terms, subscriptions, users
from domain.billing_calendar import Period
from domain.invoice import NUMBER_DIGITS, SERIES, BillingReason
from domain.plan import PlanTerms
from domain.pricing import bill_period
from domain.tenders import EMPTY_PURSE

PLAIN = "invoice as a plain draft"
FINALIZED = "invoice finalized"
PLAN_CODE = "P30D"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Customer:
    """Whose invoices they are: each for a day of its own."""

    user_id: int
    subscription_id: int
    plan: PlanTerms


async def measure_finalizing(
    database: Database, count: int, clients: int, processors: ProcessorTime
) -> AsyncIterator[Measured]:
    """So many invoices of each kind. Raises `RuntimeError` when the numbers are not one after the other."""
    customer = await _customer(database)
    yield await measure(PLAIN, clients, _writer(database, await _customer(database), count), processors)
    writer = _writer(database, customer, count, is_finalizing=True)
    yield await measure(FINALIZED, clients, writer, processors)
    await _check_numbers(database, customer, count)


def _writer(database: Database, customer: Customer, count: int, *, is_finalizing: bool = False) -> Client:
    """All clients take their days from one row of them."""
    days = iter(range(count))

    async def client(laps: Laps) -> None:
        for day in days:
            await laps.time(_write(database, customer, day, is_finalizing=is_finalizing))

    return client


async def _customer(database: Database) -> Customer:
    async with database.transaction() as connection:
        plan = await plan_terms.find_plan_on_sale(connection, PLAN_CODE)
        account = await users.insert_user(
            connection,
            email=f"bench-{secrets.token_hex(8)}@example.test",
            password_hash=NO_PASSWORD,
            role="student",
            locale="en",
        )
        if plan is None or account is None:
            raise RuntimeError(f"nobody can buy {PLAN_CODE}")
        subscription_id = await subscriptions.insert_subscription(
            connection,
            user_id=account.id,
            plan_id=plan.plan_id,
            plan_price_id=plan.plan_price_id,
            workflow_id=f"bench:{account.id}",
            idempotency_key="bench",
            request_hash="bench",
            period=Period(BEGIN, BEGIN + A_DAY),
            trial_ends_at=None,
        )
    return Customer(account.id, subscription_id, plan.terms)


async def _write(database: Database, customer: Customer, day: int, *, is_finalizing: bool) -> str | None:
    """Why it failed, if it did: a deadlock among others."""
    period = Period(BEGIN + day * A_DAY, BEGIN + (day + 1) * A_DAY)
    content = bill_period(BillingReason.SUBSCRIPTION_CYCLE, customer.plan, period, None, EMPTY_PURSE)
    try:
        async with database.transaction() as connection:
            invoice_id = await invoices.insert_draft(
                connection,
                subscription_id=customer.subscription_id,
                user_id=customer.user_id,
                content=content,
                at=BEGIN,
            )
            if is_finalizing:
                await invoices.finalize(connection, invoice_id, BEGIN)
    except Exception as error:  # noqa: BLE001 - told with the figures, whatever it is
        return f"{type(error).__name__}: {error}"
    return None


async def _check_numbers(database: Database, customer: Customer, count: int) -> None:
    async with database.read() as connection:
        numbers = await invoices.list_numbers(connection, customer.subscription_id)
    expected = (f"{SERIES}-{BEGIN.year}-{number:0{NUMBER_DIGITS}}" for number in itertools.count(1))
    if len(numbers) != count or numbers != list(itertools.islice(expected, count)):
        raise RuntimeError(f"{count} invoices have {len(set(numbers))} numbers, up to {max(numbers)}")
