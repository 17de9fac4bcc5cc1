"""A chargeback in the books: once for each payment, for what is left of it, and nothing more is billed."""

from dataclasses import replace
from itertools import permutations

import pytest
from temporalio.exceptions import ApplicationError

from db.database import Database
from domain import parking
from domain.due import next_step
from domain.ending import cancel, end_period
from domain.payment import ReportedStatus
from domain.refund import RefundStatus
from domain.subscription import SubscriptionState
from tests.activities.customer import IN_THE_PERIOD, PAID_AT, PERIOD_END, Customer
from tests.activities.everything import rows_of
from tests.activities.ledger_check import assert_books_are_true
from tests.activities.refunding import open_refund, send
from tests.book import Book

SUCCEEDED, FAILED, CHARGEBACK = ReportedStatus
PRICE = 1_990
SOLD = {"deferred_revenue": -1_631, "vat_payable": -359}


async def charged_back(
    customer: Customer, payment_id: int | None, amount_cents: int | None = None
) -> SubscriptionState:
    return await customer.settle(
        await customer.report(payment_id, CHARGEBACK, amount_cents=amount_cents), at=IN_THE_PERIOD
    )


async def paid(customer: Customer) -> tuple[SubscriptionState, int]:
    state = await customer.start_and_pay()
    [payment] = await rows_of(customer, "payments")
    return state, payment["id"]


async def disputed(customer: Customer) -> list[int]:
    return [row["amount_cents"] for row in await rows_of(customer, "disputes")]


async def test_what_it_writes(customer: Customer) -> None:
    state, payment_id = await paid(customer)

    stopped = await charged_back(customer, payment_id, PRICE)

    assert stopped == replace(state, version=state.version + 1, parked_reason="chargeback")
    assert next_step(stopped) is None
    assert await customer.book(state.subscription_id) == Book(
        status="active",
        invoices=["paid"],
        payments=["succeeded"],
        timeline=["opened", "activated", "charged_back", "parked"],
        balances=SOLD | {"disputes": PRICE},
        reports=["applied", "applied"],
    )
    *_, report = await rows_of(customer, "reports")
    assert await rows_of(customer, "disputes") == [
        {
            "payment_id": payment_id,
            "report_id": report["id"],
            "amount_cents": PRICE,
            "currency": "EUR",
            "opened_at": IN_THE_PERIOD,
        }
    ]
    told, parked = (await rows_of(customer, "timeline"))[-2:]
    about = {"payment_id": payment_id, "amount_cents": PRICE, "currency": "EUR"}
    assert told["details"].items() >= about.items()
    assert parked["details"] == {"reason": "chargeback", "payment_id": payment_id}
    assert {told["actor"], parked["actor"]} == {"provider:mock"}
    [user] = await customer.rows("SELECT flagged_at FROM users WHERE id = :user_id")
    assert user["flagged_at"] == IN_THE_PERIOD


async def test_access_stays_as_it_was_paid_for(customer: Customer) -> None:
    _, payment_id = await paid(customer)
    [before] = await rows_of(customer, "subscriptions")

    await charged_back(customer, payment_id)

    [after] = await rows_of(customer, "subscriptions")
    assert (after["access_until"], after["next_action"]) == (before["access_until"], None)
    assert (after["parked_reason"], after["status"]) == ("chargeback", "active")


async def test_told_again_with_other_words_it_is_still_one(customer: Customer) -> None:
    _, payment_id = await paid(customer)
    stopped = await charged_back(customer, payment_id, 500)
    resumed = (await customer.record(parking.unpark(stopped, IN_THE_PERIOD))).state

    assert await charged_back(customer, payment_id, PRICE) == resumed
    assert await charged_back(customer, payment_id) == resumed
    assert await disputed(customer) == [500]
    assert (await customer.book(resumed.subscription_id)).timeline.count("charged_back") == 1


@pytest.mark.parametrize(
    ("refunded_cents", "claimed_cents", "disputed_cents"),
    [
        (0, None, [PRICE]),
        (0, 1, [1]),
        (0, 5_000, [PRICE]),
        (990, None, [1_000]),
        (990, PRICE, [1_000]),
        (PRICE, None, []),
        (PRICE, PRICE, []),
    ],
)
async def test_only_what_is_left_is_taken(
    customer: Customer, refunded_cents: int, claimed_cents: int | None, disputed_cents: list[int]
) -> None:
    state, payment_id = await paid(customer)
    if refunded_cents:
        await send(customer, await open_refund(customer, payment_id, refunded_cents))

    stopped = await charged_back(customer, payment_id, claimed_cents)

    assert await disputed(customer) == disputed_cents
    assert stopped.parked_reason == "chargeback"
    book = await customer.book(state.subscription_id)
    assert book.timeline[-2:] == ["charged_back", "parked"]
    assert book.balances.get("disputes", 0) == sum(disputed_cents)


async def test_what_was_charged_back_is_not_refunded_as_well(customer: Customer) -> None:
    _, payment_id = await paid(customer)
    await charged_back(customer, payment_id, 1_500)

    with pytest.raises(ApplicationError) as refused:
        await open_refund(customer, payment_id, 491)
    assert refused.value.details[0].facts == {"left_cents": 490}
    assert await send(customer, await open_refund(customer, payment_id)) is RefundStatus.SUCCEEDED
    assert [row["amount_cents"] for row in await rows_of(customer, "refunds")] == [490]


@pytest.mark.parametrize(
    ("claimed_cents", "disputed_cents", "outcome"),
    [
        (PRICE, [PRICE], RefundStatus.FAILED),
        (991, [991], RefundStatus.FAILED),
        (990, [990], RefundStatus.SUCCEEDED),
        (None, [990], RefundStatus.SUCCEEDED),
    ],
)
async def test_a_refund_under_way_goes_out_only_if_it_still_fits(
    customer: Customer, claimed_cents: int | None, disputed_cents: list[int], outcome: RefundStatus
) -> None:
    _, payment_id = await paid(customer)
    refund_id = await open_refund(customer, payment_id, 1_000)
    await charged_back(customer, payment_id, claimed_cents)

    assert await send(customer, refund_id) is outcome
    assert await disputed(customer) == disputed_cents


@pytest.mark.parametrize("order", list(permutations((SUCCEEDED, FAILED, CHARGEBACK))))
async def test_every_order_of_a_first_payments_facts(
    customer: Customer, order: tuple[ReportedStatus, ...]
) -> None:
    opened = await customer.start()
    for fact in (*order, *order):
        await customer.report(opened.answer.payment_id, fact)
        await customer.settle_all(PAID_AT)

    book = await customer.book(opened.answer.subscription_id)
    assert (book.status, book.payments, book.balances) == (
        "active",
        ["succeeded"],
        SOLD | {"disputes": PRICE},
    )
    assert book.reports == ["applied"] * 6
    assert (await customer.load(opened.answer.subscription_id)).parked_reason == "chargeback"
    assert await disputed(customer) == [PRICE]


@pytest.mark.parametrize("facts", [(), (FAILED,)], ids=["waiting", "failed"])
async def test_what_was_never_paid_waits_for_its_success(
    customer: Customer, facts: tuple[ReportedStatus, ...]
) -> None:
    opened = await customer.start()
    for fact in facts:
        await customer.settle(await customer.report(opened.answer.payment_id, fact))
    before = await customer.load(opened.answer.subscription_id)

    assert await charged_back(customer, opened.answer.payment_id) == before
    *_, report = await rows_of(customer, "reports")
    assert (report["status"], report["parked_reason"]) == ("parked", "payment_not_paid")
    assert (await customer.book(before.subscription_id)).timeline[-1] == "payment_parked"
    assert await disputed(customer) == []


@pytest.mark.parametrize(("amount_cents", "currency"), [(0, None), (0, "EUR"), (PRICE, "USD")])
async def test_what_can_not_be_booked_waits_for_a_person(
    customer: Customer, amount_cents: int, currency: str | None
) -> None:
    state, payment_id = await paid(customer)
    report_id = await customer.report(payment_id, CHARGEBACK, amount_cents=amount_cents, currency=currency)

    assert await customer.settle(report_id) == state
    *_, report = await rows_of(customer, "reports")
    assert (report["status"], report["parked_reason"]) == ("parked", "amount_mismatch")


async def test_after_the_end_it_is_only_recorded(customer: Customer) -> None:
    state, payment_id = await paid(customer)
    ended = (await customer.record(end_period(state), at=PERIOD_END)).state

    assert await charged_back(customer, payment_id) == ended
    book = await customer.book(ended.subscription_id)
    assert (book.status, book.timeline[-1]) == ("canceled", "charged_back")
    assert book.balances == {"disputes": PRICE, "revenue": -1_631, "vat_payable": -359}
    [user] = await customer.rows("SELECT flagged_at FROM users WHERE id = :user_id")
    assert user["flagged_at"] is not None


async def test_money_that_came_too_late_is_charged_back_too(customer: Customer) -> None:
    opened = await customer.start()
    await customer.record(cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD))
    settled = await customer.settle_whole(await customer.report(opened.answer.payment_id), IN_THE_PERIOD)
    [refund_id] = settled.unsent_refund_ids

    await charged_back(customer, opened.answer.payment_id, PRICE)

    assert await send(customer, refund_id) is RefundStatus.FAILED
    assert (await customer.book(opened.answer.subscription_id)).balances == {
        "disputes": PRICE,
        "unapplied_cash": -PRICE,
    }


async def test_nothing_is_charged_until_staff_decide(card_holder: Customer) -> None:
    """The renewal was ready to be charged when the first payment was charged back."""
    first = await card_holder.start_with_card()
    billed = await card_holder.open_period(first, PERIOD_END)
    payments = await rows_of(card_holder, "payments")
    stopped = await card_holder.settle(
        await card_holder.report(payments[0]["id"], CHARGEBACK, provider="sandbox"), at=PERIOD_END
    )

    assert await card_holder.collect(billed, PERIOD_END) == stopped
    assert await card_holder.charges(first) == ["succeeded"]

    resumed = (await card_holder.record(parking.unpark(stopped, PERIOD_END), at=PERIOD_END)).state
    renewed = await card_holder.collect(resumed, PERIOD_END)
    assert (renewed.status, renewed.parked_reason, renewed.period.start) == ("active", None, PERIOD_END)
    assert await card_holder.charges(first) == ["succeeded", "succeeded"]


async def test_money_that_comes_meanwhile_does_not_let_it_go_on(database: Database) -> None:
    customer = await Customer.signup(database)
    state, payment_id = await paid(customer)
    opened = await customer.open_period(state, IN_THE_PERIOD)
    await charged_back(customer, payment_id)

    assert opened.attempt is not None
    ahead = await customer.settle(await customer.report(opened.attempt.payment_id), at=IN_THE_PERIOD)

    assert ahead.paid_ahead is not None
    assert (ahead.parked_reason, next_step(ahead)) == ("chargeback", None)
    await assert_books_are_true(customer)
