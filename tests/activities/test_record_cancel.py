"""Cancellations as they are recorded: scheduled, withdrawn, and carried out at once."""

from dataclasses import replace

from activities.contracts import RecordedSubscription
from domain.ending import cancel, uncancel
from domain.subscription import SubscriptionState
from tests.activities.customer import COMMAND_TRACE, IN_THE_PERIOD, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.book import Book

PAID = Book(
    status="active",
    invoices=["paid"],
    payments=["succeeded"],
    timeline=["opened", "activated"],
    balances={"cash_at_provider": 1_990, "deferred_revenue": -1_631, "vat_payable": -359},
    reports=["applied"],
)
EARNED = {"cash_at_provider": 1_990, "revenue": -1_631, "vat_payable": -359}


async def schedule(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    return (await customer.record(cancel(state, at_period_end=True, at=IN_THE_PERIOD))).state


async def test_a_cancellation_at_the_periods_end(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    change = cancel(paid, at_period_end=True, at=IN_THE_PERIOD)
    assert change is not None

    assert await customer.record(change) == RecordedSubscription(change.state, written=True)
    assert await customer.load(paid.subscription_id) == change.state
    assert await customer.book(paid.subscription_id) == replace(
        PAID, timeline=["opened", "activated", "cancel_scheduled"]
    )
    [row] = await rows_of(customer, "subscriptions")
    assert (row["cancel_at_period_end"], row["canceled_at"], row["ended_at"]) == (True, IN_THE_PERIOD, None)
    assert (row["version"], row["next_action"], row["next_action_at"]) == (3, "end_period", PERIOD_END)
    *_, scheduled = await rows_of(customer, "timeline")
    assert scheduled == {
        "subscription_id": paid.subscription_id,
        "version": 3,
        "event": "cancel_scheduled",
        "actor": f"user:{customer.user_id}",
        "cause": "asked for it",
        "note_id": None,
        "trace_id": COMMAND_TRACE,
        "details": {},
        "occurred_at": IN_THE_PERIOD,
    }


async def test_a_cancellation_withdrawn(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    before = await everything_of(customer)
    scheduled = await schedule(customer, paid)

    recorded = await customer.record(uncancel(scheduled))

    after = await everything_of(customer)
    assert recorded == RecordedSubscription(replace(paid, version=4), written=True)
    assert (await customer.book(paid.subscription_id)).timeline[-2:] == [
        "cancel_scheduled",
        "cancel_withdrawn",
    ]
    [row], [row_before] = after["subscriptions"], before["subscriptions"]
    assert row == row_before | {"version": 4, "state": row_before["state"] | {"version": 4}}
    for table in ("invoices", "payments", "periods", "ledger"):
        assert after[table] == before[table]


async def test_a_cancellation_now_cuts_the_period_and_earns_the_rest(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    recorded = await customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD))

    assert recorded.written
    assert await customer.book(paid.subscription_id) == replace(
        PAID, status="canceled", timeline=["opened", "activated", "canceled"], balances=EARNED
    )
    [period] = await rows_of(customer, "periods")
    assert (period["starts_at"], period["ends_at"]) == (STARTED_AT, IN_THE_PERIOD)
    [row] = await rows_of(customer, "subscriptions")
    assert (row["canceled_at"], row["ended_at"]) == (IN_THE_PERIOD, IN_THE_PERIOD)
    assert (row["current_period_end"], row["next_action"]) == (PERIOD_END, None)
    *_, debit, credit = await rows_of(customer, "ledger")
    assert {debit["key"], credit["key"]} == {f"invoice:{period['invoice_id']}:recognized"}
    assert {debit["occurred_at"], credit["occurred_at"]} == {IN_THE_PERIOD}


async def test_a_cancellation_now_of_one_that_was_to_end_anyway(customer: Customer) -> None:
    scheduled = await schedule(customer, await customer.start_and_pay())

    await customer.record(cancel(scheduled, at_period_end=False, at=IN_THE_PERIOD))

    book = await customer.book(scheduled.subscription_id)
    assert (book.status, book.balances) == ("canceled", EARNED)
    assert book.timeline == ["opened", "activated", "cancel_scheduled", "canceled"]


async def test_a_cancellation_in_the_instant_of_the_start_leaves_no_period(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    await customer.record(cancel(paid, at_period_end=False, at=STARTED_AT), at=STARTED_AT)

    assert await rows_of(customer, "periods") == []
    assert (await customer.book(paid.subscription_id)).balances == EARNED


async def test_a_cancellation_of_what_was_never_paid_voids_its_invoice(customer: Customer) -> None:
    opened = await customer.start()

    await customer.record(cancel(opened.state, at_period_end=True, at=IN_THE_PERIOD))

    assert await customer.book(opened.answer.subscription_id) == Book(
        status="canceled",
        invoices=["void"],
        payments=["failed"],
        timeline=["opened", "canceled"],
        balances={},
        reports=[],
    )
    *_, canceled = await rows_of(customer, "timeline")
    assert canceled["details"] == {
        "invoice_id": opened.answer.invoice_id,
        "amount_cents": 1_990,
        "currency": "EUR",
    }
