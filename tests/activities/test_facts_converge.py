"""Whatever order reports come in, and however often: one outcome."""

from dataclasses import dataclass, replace
from itertools import permutations

import pytest

from db.database import Database
from domain.ending import cancel
from domain.payment import ReportedStatus
from domain.renewing import fall_due
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, PAID_AT, Customer, payment_under_way
from tests.activities.ledger_check import assert_books_are_true
from tests.activities.life import LifeBooks

SUCCEEDED, FAILED, CHARGEBACK = ReportedStatus
EARNED = {"revenue": -1_631, "vat_payable": -359}
Fact = tuple[int, ReportedStatus]

# Of two attempts to pay one renewal, and what is true once all of them are known.
FACTS: dict[str, tuple[Fact, ...]] = {
    "the first pays after all": ((0, FAILED), (0, SUCCEEDED), (1, FAILED)),
    "the second pays": ((0, FAILED), (1, FAILED), (1, SUCCEEDED)),
    "both pay": ((0, FAILED), (0, SUCCEEDED), (1, SUCCEEDED)),
    "none pays": ((0, FAILED), (1, FAILED)),
    "the first pays and is charged back": ((0, FAILED), (0, SUCCEEDED), (0, CHARGEBACK)),
    "the second pays, and what the first never paid is charged back": ((0, CHARGEBACK), (1, SUCCEEDED)),
    "both pay and one is charged back": ((0, SUCCEEDED), (1, SUCCEEDED), (1, CHARGEBACK)),
}


async def past_due_with_two_attempts(customer: Customer) -> tuple[SubscriptionState, tuple[int, int]]:
    paid = await customer.start_and_pay()
    ends_at = paid.period.end
    opened = await customer.open_period(paid, ends_at - A_DAY)
    due = (await customer.record(fall_due(opened, ends_at), at=ends_at)).state
    asked = await customer.open_attempt(due, ends_at, is_automatic=False)
    return asked, (payment_under_way(due), payment_under_way(asked))


@dataclass(frozen=True)
class Outcome:
    life: LifeBooks
    is_parked: bool
    is_flagged: bool


async def told(customer: Customer, facts: tuple[Fact, ...], *, after_the_end: bool) -> Outcome:
    """Each fact twice: in its place, and once more in the end. Why a payment failed is told by the first."""
    state, attempts = await past_due_with_two_attempts(customer)
    at = state.period.end + A_DAY
    if after_the_end:
        state = (await customer.record(cancel(state, at_period_end=False, at=at), at=at)).state
    for index, status in (*facts, *facts):
        await customer.report(attempts[index], status, amount_cents=1_990)
        await customer.settle_all(at)
    life = await customer.life(state)
    statuses = [words.split(" ")[2] for words in life.payments]
    [flagged] = await customer.rows("SELECT flagged_at FROM users WHERE id = :user_id")
    return Outcome(
        replace(life, payments=statuses, timeline=[], reminders=[]),
        is_parked=(await customer.load(state.subscription_id)).parked_reason == "chargeback",
        is_flagged=flagged["flagged_at"] == at,
    )


def expected(facts: tuple[Fact, ...], *, after_the_end: bool) -> Outcome:
    paid = [(attempt, SUCCEEDED) in facts for attempt in (0, 1)]
    known = [{status for index, status in facts if index == attempt} for attempt in (0, 1)]
    disputes = [f"{attempt + 1} 1990" for attempt in (0, 1) if known[attempt] >= {SUCCEEDED, CHARGEBACK}]
    is_renewed = any(paid) and not after_the_end
    status, invoice = ("active", "paid") if is_renewed else ("past_due", "open")
    if after_the_end:
        status, invoice = "canceled", "void"
    life = LifeBooks(
        status=status,
        invoices=[
            "subscription_create paid 2026-01-31 2026-03-02",
            f"subscription_cycle {invoice} 2026-03-02 2026-04-01",
        ],
        payments=["succeeded", *("succeeded" if each else "failed" for each in paid)],
        periods=["2026-01-31 2026-03-02", *(["2026-03-02 2026-04-01"] if is_renewed else [])],
        refunds=["late_payment created 1990"] * (sum(paid) if after_the_end else 0),
        reminders=[],
        balances=_balances(sum(paid), len(disputes), after_the_end=after_the_end),
        timeline=[],
        disputes=disputes,
    )
    is_disputed = bool(disputes)
    return Outcome(life, is_parked=is_disputed and not after_the_end, is_flagged=is_disputed)


def _balances(paid: int, disputed: int, *, after_the_end: bool) -> dict[str, int]:
    """Money for a void invoice pays for nothing; what paid an invoice twice is the customer's balance."""
    balances = EARNED | {"cash_at_provider": 1_990 * (1 + paid - disputed)}
    if after_the_end:
        balances |= {"unapplied_cash": -1_990 * paid}
    else:
        balances |= {"deferred_revenue": -1_631, "vat_payable": -718}
        balances |= {"customer_balance": -1_990 * (paid - 1)} if paid else {"receivable": 1_990}
    balances |= {"disputes": 1_990 * disputed}
    return {account: cents for account, cents in balances.items() if cents}


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


ONE_PAYMENT = (FAILED, SUCCEEDED, SUCCEEDED, CHARGEBACK, "too little")
"""Five events of one payment; the last of them is only put aside."""


@pytest.mark.parametrize("first", sorted(set(ONE_PAYMENT)))
async def test_every_order_of_five_events_of_one_payment_comes_to_the_same(
    database: Database, first: str
) -> None:
    for order in sorted({order for order in permutations(ONE_PAYMENT) if order[0] == first}):
        customer = await Customer.signup(database)
        opened = await customer.start()
        for event in order:
            is_short = event == "too little"
            status = SUCCEEDED if is_short else ReportedStatus(event)
            await customer.report(opened.answer.payment_id, status, amount_cents=1_989 if is_short else 1_990)
            await customer.settle_all(PAID_AT)

        life = await customer.life(opened.state)
        assert (life.status, life.invoices, life.payments, life.disputes) == (
            "active",
            ["subscription_create paid 2026-01-31 2026-03-02"],
            ["1 mock succeeded"],
            ["1 1990"],
        ), order
        assert life.balances == {"disputes": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}, order
        await assert_books_are_true(customer)
