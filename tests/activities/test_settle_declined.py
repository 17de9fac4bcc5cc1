"""A report that brings no money, or not the money that was asked for."""

import asyncio
from itertools import permutations

import pytest

from db.queries.subscriptions import lock_state
from domain import paying
from domain.paying import paid
from domain.payment import DeclineKind, ReportedStatus
from domain.subscription import Status, SubscriptionState
from tests.activities.customer import PAID_AT, REPORT_TRACE, Customer, payment_under_way
from tests.activities.everything import rows_of
from tests.book import Book
from tests.db.waiting import wait_until_blocked

FAILED, SUCCEEDED = ReportedStatus.FAILED, ReportedStatus.SUCCEEDED
STILL_OWED = {"receivable": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}
SOLD = {"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359}


def declined(state: SubscriptionState, payment_id: int) -> SubscriptionState:
    change = paying.declined(state, payment_id, DeclineKind.SOFT, PAID_AT)
    assert change is not None
    return change.state


async def test_a_declined_payment_leaves_the_start_open(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, FAILED, decline_code="insufficient_funds")

    state = await customer.settle(report_id)

    assert state == declined(opened.state, payment_under_way(opened.state))
    assert state.unpaid_invoice.attempt is None
    assert await customer.book(opened.answer.subscription_id) == Book(
        status="incomplete",
        invoices=["open"],
        payments=["failed"],
        timeline=["opened", "payment_declined"],
        balances=STILL_OWED,
        reports=["applied"],
    )
    [payment] = await rows_of(customer, "payments")
    assert (payment["failure_code"], payment["settled_at"]) == ("insufficient_funds", PAID_AT)
    assert payment["received_cents"] is None
    _, entry = await rows_of(customer, "timeline")
    assert (entry["version"], entry["actor"], entry["trace_id"]) == (2, "provider:mock", REPORT_TRACE)
    assert entry["details"] == {
        "invoice_id": opened.answer.invoice_id,
        "payment_id": opened.answer.payment_id,
        "amount_cents": 1_990,
        "currency": "EUR",
        "code": "insufficient_funds",
    }


async def test_a_decline_without_a_word_is_just_a_decline(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id, FAILED))

    [payment] = await rows_of(customer, "payments")
    assert payment["failure_code"] == "declined"


async def test_a_second_decline_is_no_news(customer: Customer) -> None:
    opened = await customer.start()
    for code in ("first", "second"):
        await customer.settle(await customer.report(opened.answer.payment_id, FAILED, decline_code=code))

    book = await customer.book(opened.answer.subscription_id)
    assert (book.timeline, book.reports) == (["opened", "payment_declined"], ["applied", "applied"])
    [payment] = await rows_of(customer, "payments")
    assert payment["failure_code"] == "first"


async def test_a_success_after_a_decline_wins(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id, FAILED))

    state = await customer.settle(await customer.report(opened.answer.payment_id))

    payment_id = payment_under_way(opened.state)
    assert state == paid(declined(opened.state, payment_id), payment_id, PAID_AT).state
    assert await customer.book(state.subscription_id) == Book(
        status="active",
        invoices=["paid"],
        payments=["succeeded"],
        timeline=["opened", "payment_declined", "activated"],
        balances=SOLD,
        reports=["applied", "applied"],
    )
    [payment] = await rows_of(customer, "payments")
    assert payment["failure_code"] is None


@pytest.mark.parametrize(
    ("amount_cents", "currency"), [(1_989, None), (0, "EUR"), (1_990, "USD"), (None, "CHF"), (5_000, "USD")]
)
async def test_money_that_is_not_what_was_asked_for_is_parked(
    customer: Customer, amount_cents: int | None, currency: str | None
) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=amount_cents, currency=currency)

    assert await customer.settle(report_id) == opened.state
    assert await customer.settle(report_id) == opened.state
    assert await customer.book(opened.answer.subscription_id) == Book(
        status="incomplete",
        invoices=["open"],
        payments=["pending"],
        timeline=["opened", "payment_parked"],
        balances=STILL_OWED,
        reports=["parked"],
    )
    [report] = await rows_of(customer, "reports")
    assert (report["parked_reason"], report["applied_at"]) == ("amount_mismatch", None)
    _, parked = await rows_of(customer, "timeline")
    received = {"received_cents": amount_cents, "received_currency": currency}
    assert parked["details"] == {
        "invoice_id": opened.answer.invoice_id,
        "payment_id": opened.answer.payment_id,
        "amount_cents": 1_990,
        "currency": "EUR",
        **{name: value for name, value in received.items() if value is not None},
    }
    assert await rows_of(customer, "periods") == []


async def test_a_report_settled_at_once_by_several_is_parked_once(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=1)

    async with customer.database.transaction() as connection:
        await lock_state(connection, opened.answer.subscription_id)
        settlements = [asyncio.create_task(customer.settle(report_id)) for _ in range(3)]
        await wait_until_blocked(customer.database, "subscriptions", sessions=3)
    await asyncio.gather(*settlements)

    book = await customer.book(opened.answer.subscription_id)
    assert (book.timeline, book.reports) == (["opened", "payment_parked"], ["parked"])


async def test_what_is_parked_does_not_hinder_the_right_payment(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=1))

    state = await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=1_990))

    assert state.status is Status.ACTIVE
    assert (await customer.book(state.subscription_id)).balances == SOLD


@pytest.mark.parametrize(
    "order", list(permutations([(FAILED, None), (SUCCEEDED, 1_990), (SUCCEEDED, 1)])), ids=str
)
async def test_reports_converge_in_any_order(
    customer: Customer, order: tuple[tuple[ReportedStatus, int | None], ...]
) -> None:
    opened = await customer.start()
    for status, amount_cents in order:
        await customer.settle(
            await customer.report(opened.answer.payment_id, status, amount_cents=amount_cents)
        )

    book = await customer.book(opened.answer.subscription_id)
    assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    assert book.balances == SOLD
