"""A report of success pays the invoice and activates, once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.paying import paid
from domain.payment import ReportedStatus
from tests.activities.customer import (
    PAID_AT,
    PERIOD_END,
    REPORT_TRACE,
    STARTED_AT,
    Customer,
    payment_under_way,
)
from tests.activities.everything import everything_of, rows_of
from tests.book import Book

REMINDED_AT = PERIOD_END - timedelta(days=3)
SOLD = Book(
    status="active",
    invoices=["paid"],
    payments=["succeeded"],
    timeline=["opened", "activated"],
    balances={"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359},
    reports=["applied"],
)


@pytest.mark.parametrize(
    ("amount_cents", "currency"), [(None, None), (1_990, None), (None, "EUR"), (1_990, "EUR")]
)
async def test_a_payment_in_full_activates(
    customer: Customer, amount_cents: int | None, currency: str | None
) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=amount_cents, currency=currency)

    state = await customer.settle(report_id)

    assert (
        state
        == paid(opened.state, payment_under_way(opened.state), PAID_AT).state
        == await customer.load(state.subscription_id)
    )
    assert await customer.book(state.subscription_id) == SOLD


async def test_what_is_written(customer: Customer) -> None:
    opened = await customer.start()
    before = await everything_of(customer)
    report_id = await customer.report(opened.answer.payment_id)
    await customer.settle(report_id)
    after = await everything_of(customer)

    [invoice], [payment] = before["invoices"], before["payments"]
    paid = {"status": "paid", "paid_at": PAID_AT, "paid_by_payment_id": payment["id"]}
    assert after["invoices"] == [invoice | paid]
    assert after["payments"] == [
        payment | {"status": "succeeded", "received_cents": 1_990, "settled_at": PAID_AT}
    ]
    assert after["periods"] == [
        {
            "subscription_id": opened.answer.subscription_id,
            "invoice_id": invoice["id"],
            "starts_at": STARTED_AT,
            "ends_at": PERIOD_END,
        }
    ]
    movement = {
        "subscription_id": opened.answer.subscription_id,
        "key": f"payment:{payment['id']}:received",
        "occurred_at": PAID_AT,
        "currency": "EUR",
    }
    assert after["ledger"] == [
        *before["ledger"],
        movement | {"account": "cash_at_provider", "amount_cents": 1_990},
        movement | {"account": "receivable", "amount_cents": -1_990},
    ]
    assert after["timeline"] == [
        *before["timeline"],
        {
            "subscription_id": opened.answer.subscription_id,
            "version": 2,
            "event": "activated",
            "actor": "provider:mock",
            "cause": f"payment report {report_id}",
            "note_id": None,
            "trace_id": REPORT_TRACE,
            "details": {
                "invoice_id": invoice["id"],
                "payment_id": payment["id"],
                "amount_cents": 1_990,
                "currency": "EUR",
            },
            "occurred_at": PAID_AT,
        },
    ]
    [report] = after["reports"]
    assert (report["status"], report["applied_at"]) == ("applied", PAID_AT)
    [row] = after["subscriptions"]
    assert (row["status"], row["version"]) == ("active", 2)
    assert (row["next_action"], row["next_action_at"]) == ("open_renewal", REMINDED_AT)
    assert row["access_until"] == PERIOD_END + timedelta(days=7)
    assert [(event["event"], event["due_at"]) for event in after["outbox"]] == [
        ("invoice.finalized", STARTED_AT),
        ("subscription.created", STARTED_AT),
        ("invoice.paid", PAID_AT),
        ("subscription.activated", PAID_AT),
        ("renewal.upcoming", REMINDED_AT),
    ]


async def test_the_paid_period_is_the_one_that_began_with_the_start(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id)

    state = await customer.settle(report_id, at=STARTED_AT + timedelta(hours=22))

    assert state.period == opened.state.period


async def test_a_report_is_applied_once(customer: Customer) -> None:
    report_id = await customer.report((await customer.start()).answer.payment_id)
    first = await customer.settle(report_id)
    written = await everything_of(customer)

    assert await customer.settle(report_id, at=PERIOD_END) == first
    assert await everything_of(customer) == written


async def test_a_second_report_of_the_same_success_changes_nothing(customer: Customer) -> None:
    opened = await customer.start()
    first = await customer.settle(await customer.report(opened.answer.payment_id))

    for amount_cents in (None, 1_990, 5_000, 1):
        report_id = await customer.report(opened.answer.payment_id, amount_cents=amount_cents)
        assert await customer.settle(report_id) == first

    assert await customer.book(first.subscription_id) == replace(SOLD, reports=["applied"] * 5)


async def test_a_failure_after_the_success_changes_nothing(customer: Customer) -> None:
    opened = await customer.start()
    paid = await customer.settle(await customer.report(opened.answer.payment_id))

    late = await customer.report(opened.answer.payment_id, ReportedStatus.FAILED)

    assert await customer.settle(late) == paid
    assert await customer.book(paid.subscription_id) == replace(SOLD, reports=["applied"] * 2)


async def test_one_report_settled_at_once_by_several_is_settled_once(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id)

    states = await asyncio.gather(*(customer.settle(report_id) for _ in range(4)))

    assert states == [paid(opened.state, payment_under_way(opened.state), PAID_AT).state] * 4
    assert await customer.book(opened.answer.subscription_id) == SOLD


async def test_several_reports_at_once_pay_once(customer: Customer) -> None:
    opened = await customer.start()
    reports = [await customer.report(opened.answer.payment_id) for _ in range(4)]

    states = await asyncio.gather(*(customer.settle(report_id) for report_id in reports))

    assert states == [paid(opened.state, payment_under_way(opened.state), PAID_AT).state] * 4
    assert await customer.book(opened.answer.subscription_id) == replace(SOLD, reports=["applied"] * 4)


async def test_what_is_above_the_price_belongs_to_the_customer(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=2_500, currency="EUR")

    state = await customer.settle(report_id)

    assert await customer.book(state.subscription_id) == replace(
        SOLD,
        timeline=["opened", "activated", "payment_overpaid"],
        balances={
            "cash_at_provider": 2_500,
            "deferred_revenue": -1_631,
            "vat_payable": -359,
            "customer_balance": -510,
        },
    )
    [payment] = await rows_of(customer, "payments")
    assert (payment["amount_cents"], payment["received_cents"]) == (1_990, 2_500)
    _, activated, overpaid = await rows_of(customer, "timeline")
    assert activated["details"]["amount_cents"] == 2_500
    assert overpaid["details"]["amount_cents"] == 510
