"""Whatever order reports come in, and however often: one outcome."""

from dataclasses import replace
from itertools import permutations

import pytest

from db.database import Database
from domain.ending import cancel
from domain.payment import ReportedStatus
from domain.renewing import fall_due
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, Customer, payment_under_way
from tests.activities.ledger_check import assert_books_are_true
from tests.activities.life import LifeBooks

FAILED, SUCCEEDED = ReportedStatus.FAILED, ReportedStatus.SUCCEEDED
EARNED = {"revenue": -1_631, "vat_payable": -359}
Fact = tuple[int, ReportedStatus]

# Of two attempts to pay one renewal, and what is true once all of them are known.
FACTS: dict[str, tuple[Fact, ...]] = {
    "the first pays after all": ((0, FAILED), (0, SUCCEEDED), (1, FAILED)),
    "the second pays": ((0, FAILED), (1, FAILED), (1, SUCCEEDED)),
    "both pay": ((0, FAILED), (0, SUCCEEDED), (1, SUCCEEDED)),
    "none pays": ((0, FAILED), (1, FAILED)),
}


async def past_due_with_two_attempts(customer: Customer) -> tuple[SubscriptionState, tuple[int, int]]:
    paid = await customer.start_and_pay()
    ends_at = paid.period.end
    opened = await customer.open_period(paid, ends_at - A_DAY)
    due = (await customer.record(fall_due(opened, ends_at), at=ends_at)).state
    asked = await customer.open_attempt(due, ends_at, is_automatic=False)
    return asked, (payment_under_way(due), payment_under_way(asked))


async def told(customer: Customer, facts: tuple[Fact, ...], *, after_the_end: bool) -> LifeBooks:
    """Each fact twice: in its place, and once more in the end. Why a payment failed is told by the first."""
    state, attempts = await past_due_with_two_attempts(customer)
    at = state.period.end + A_DAY
    if after_the_end:
        state = (await customer.record(cancel(state, at_period_end=False, at=at), at=at)).state
    for index, status in (*facts, *facts):
        await customer.settle(await customer.report(attempts[index], status), at=at)
    life = await customer.life(state)
    statuses = [words.split(" ")[2] for words in life.payments]
    return replace(life, payments=statuses, timeline=[], reminders=[])


def expected(facts: tuple[Fact, ...], *, after_the_end: bool) -> LifeBooks:
    paid = [(attempt, SUCCEEDED) in facts for attempt in (0, 1)]
    surplus = 1_990 * (sum(paid) if after_the_end else max(sum(paid) - 1, 0))
    surplus_lies_on = "unapplied_cash" if after_the_end else "customer_balance"
    sold = {} if after_the_end else {"deferred_revenue": -1_631, "vat_payable": -718}
    owed = {} if after_the_end or any(paid) else {"receivable": 1_990}
    balances = EARNED | {"cash_at_provider": 1_990 * (1 + sum(paid))} | sold | owed
    status, invoice = ("active", "paid") if any(paid) else ("past_due", "open")
    if after_the_end:
        status, invoice = "canceled", "void"
    is_renewed = status == "active"
    return LifeBooks(
        status=status,
        invoices=[
            "subscription_create paid 2026-01-31 2026-03-02",
            f"subscription_cycle {invoice} 2026-03-02 2026-04-01",
        ],
        payments=["succeeded", *("succeeded" if each else "failed" for each in paid)],
        periods=["2026-01-31 2026-03-02", *(["2026-03-02 2026-04-01"] if is_renewed else [])],
        refunds=["late_payment created 1990"] * (sum(paid) if after_the_end else 0),
        reminders=[],
        balances=balances | ({surplus_lies_on: -surplus} if surplus else {}),
        timeline=[],
    )


@pytest.mark.parametrize("after_the_end", [False, True], ids=["past due", "canceled"])
@pytest.mark.parametrize("facts", list(FACTS.values()), ids=FACTS)
async def test_every_order_comes_to_the_same(
    database: Database, facts: tuple[Fact, ...], *, after_the_end: bool
) -> None:
    for order in permutations(facts):
        customer = await Customer.signup(database)
        assert await told(customer, order, after_the_end=after_the_end) == expected(
            facts, after_the_end=after_the_end
        )
        await assert_books_are_true(customer)
