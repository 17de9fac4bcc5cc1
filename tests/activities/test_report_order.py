"""Reports of one payment take effect in the order in which they came in, whoever is told of which first."""

from itertools import permutations

import pytest
from sqlalchemy import text

from db.database import Database
from domain.payment import ReportedStatus
from tests.activities.customer import PAID_AT, Customer
from tests.activities.ledger_check import assert_books_are_true

SUCCEEDED, FAILED, CHARGEBACK = ReportedStatus
NO_EFFECT = (
    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a bug'; END $$;"
    " CREATE TRIGGER {name} BEFORE UPDATE ON payments FOR EACH ROW WHEN (OLD.id = {id})"
    " EXECUTE FUNCTION {name}()"
)


async def timeline(customer: Customer) -> list[str]:
    rows = await customer.rows(
        "SELECT t.event FROM timeline_entries t JOIN subscriptions s ON s.id = t.subscription_id"
        " WHERE s.user_id = :user_id ORDER BY t.id"
    )
    return [row["event"] for row in rows]


async def inbox(customer: Customer) -> list[tuple[str, str | None]]:
    rows = await customer.rows(
        "SELECT w.status, w.last_failure FROM webhook_inbox w JOIN payments p ON p.id = w.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id ORDER BY w.id"
    )
    return [(row["status"], row["last_failure"]) for row in rows]


@pytest.mark.parametrize("told", list(permutations(range(3))), ids=str)
async def test_whoever_is_told_of_which_first(database: Database, told: tuple[int, ...]) -> None:
    customer = await Customer.signup(database)
    payment_id = (await customer.start()).answer.payment_id
    reports = [await customer.report(payment_id, status) for status in (FAILED, SUCCEEDED, CHARGEBACK)]

    for index in told:
        await customer.settle(reports[index])

    assert await timeline(customer) == ["opened", "payment_declined", "activated", "charged_back", "parked"]
    assert await inbox(customer) == [("applied", None)] * 3
    await assert_books_are_true(customer)


async def test_another_payment_does_not_wait_for_it(database: Database) -> None:
    one, other = await Customer.signup(database), await Customer.signup(database)
    await one.report((await one.start()).answer.payment_id, FAILED)

    paid = await other.settle(await other.report((await other.start()).answer.payment_id))

    assert paid.status == "active"
    assert await inbox(one) == [("received", None)]


async def test_what_keeps_it_from_its_effect_is_noted_beside_it(database: Database) -> None:
    """Beside the one that failed, also when it was to go before another."""
    customer = await Customer.signup(database)
    payment_id = (await customer.start()).answer.payment_id
    first, second = await customer.report(payment_id, FAILED), await customer.report(payment_id, SUCCEEDED)
    bug = f"bug_{payment_id}"
    async with database.transaction() as connection:
        await connection.execute(text(NO_EFFECT.format(name=bug, id=payment_id)))

    for report_id in (second, first):
        with pytest.raises(Exception, match="a bug"):
            await customer.settle(report_id)

    assert await inbox(customer) == [("received", "ProgrammingError"), ("received", None)]
    async with database.transaction() as connection:
        await connection.execute(text(f"DROP FUNCTION {bug} CASCADE"))
    assert (await customer.settle(second, PAID_AT)).status == "active"
    assert [status for status, _ in await inbox(customer)] == ["applied", "applied"]
