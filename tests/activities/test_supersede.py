"""A new start takes the place of the user's earlier one that was never paid."""

import pytest

from domain.ending import cancel, expire
from domain.payment import ReportedStatus
from domain.refusals import RefusalCode
from domain.subscription import Status
from payments.provider import OutcomeUnknownError
from tests.activities.customer import IN_THE_PERIOD, STARTED_AT, Customer, payment_under_way
from tests.activities.everything import everything_of, rows_of
from tests.activities.refused import refused
from tests.book import Book


async def test_the_earlier_one_is_given_up_whole(customer: Customer) -> None:
    first = await customer.start("P30D", key="first")
    second = await customer.start("P1Y", key="second", at=IN_THE_PERIOD)

    assert second.superseded_workflow_id == f"{customer.user_id}:first"
    assert await customer.book(first.answer.subscription_id) == Book(
        status="incomplete_expired",
        invoices=["void"],
        payments=["failed"],
        timeline=["opened", "expired"],
        balances={},
        reports=[],
    )
    assert await customer.book(second.answer.subscription_id) == Book(
        status="incomplete",
        invoices=["open"],
        payments=["pending"],
        timeline=["opened"],
        balances={"receivable": 17_990, "deferred_revenue": -14_746, "vat_payable": -3_244},
        reports=[],
    )


async def test_what_is_written_about_the_earlier_one(customer: Customer) -> None:
    first = await customer.start(key="first")
    await customer.start(key="second", at=IN_THE_PERIOD)

    row, _ = await rows_of(customer, "subscriptions")
    assert (row["status"], row["ended_at"], row["canceled_at"]) == ("incomplete_expired", IN_THE_PERIOD, None)
    assert (row["version"], row["next_action"], row["next_action_at"]) == (2, None, None)
    assert await customer.load(first.answer.subscription_id) == expire(first.state, IN_THE_PERIOD).state

    invoice, _ = await rows_of(customer, "invoices")
    assert (invoice["status"], invoice["voided_at"]) == ("void", IN_THE_PERIOD)
    assert invoice["number"].startswith("IT-2026-")

    payment, _ = await rows_of(customer, "payments")
    assert (payment["status"], payment["failure_code"]) == ("failed", "invoice_voided")
    assert (payment["settled_at"], payment["received_cents"]) == (IN_THE_PERIOD, None)

    _, expired, _ = await rows_of(customer, "timeline")
    assert (expired["event"], expired["version"]) == ("expired", 2)
    assert (expired["actor"], expired["cause"]) == (f"user:{customer.user_id}", "superseded by a new start")
    assert expired["details"] == {
        "invoice_id": first.answer.invoice_id,
        "amount_cents": 1_990,
        "currency": "EUR",
    }


async def test_a_second_call_names_the_superseded_one_again(customer: Customer) -> None:
    await customer.start(key="first")
    second = await customer.start(key="second")
    written = await everything_of(customer)

    assert await customer.start(key="second") == second
    assert await everything_of(customer) == written


async def test_a_start_after_an_ended_one_supersedes_nothing(customer: Customer) -> None:
    first = await customer.start(key="first")
    await customer.record(expire(first.state, IN_THE_PERIOD))

    assert (await customer.start(key="second")).superseded_workflow_id is None


async def test_a_second_call_names_none_after_one_that_was_paid(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    await customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD))
    first_call = await customer.start(key="next")

    assert await customer.start(key="next") == first_call
    assert first_call.superseded_workflow_id is None


async def test_a_declined_start_may_be_superseded(customer: Customer) -> None:
    first = await customer.start(key="first")
    await customer.settle(await customer.report(first.answer.payment_id, ReportedStatus.FAILED))

    second = await customer.start(key="second", at=STARTED_AT)

    assert second.superseded_workflow_id == f"{customer.user_id}:first"
    assert (await customer.load(first.answer.subscription_id)).status is Status.INCOMPLETE_EXPIRED


async def test_three_starts_leave_the_last(customer: Customer) -> None:
    opened = [await customer.start(key=key) for key in ("first", "second", "third")]

    assert [each.superseded_workflow_id for each in opened] == [
        None,
        f"{customer.user_id}:first",
        f"{customer.user_id}:second",
    ]
    books = [await customer.book(each.answer.subscription_id) for each in opened]
    assert [book.status for book in books] == ["incomplete_expired", "incomplete_expired", "incomplete"]


async def test_one_that_is_being_charged_is_not_superseded(card_holder: Customer) -> None:
    first = await card_holder.start(method_id=await card_holder.card("answer_lost"))
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(first.state, STARTED_AT)

    with refused(RefusalCode.PAYMENT_IN_PROGRESS):
        await card_holder.start()

    assert (await card_holder.collect(first.state, STARTED_AT)).status is Status.ACTIVE


async def test_a_confirmation_that_nobody_waits_for_is_withdrawn(card_holder: Customer) -> None:
    first = await card_holder.start(method_id=await card_holder.card("3ds"))
    waiting = await card_holder.collect(first.state, STARTED_AT)
    await card_holder.start(at=IN_THE_PERIOD)

    superseded = await card_holder.load(waiting.subscription_id)
    assert superseded.withdrawing_payment_id == payment_under_way(waiting)

    settled = await card_holder.withdraw_payment(superseded, IN_THE_PERIOD)
    assert (settled.state.is_finished, settled.unsent_refund_ids) == (True, ())
    assert await card_holder.charges(superseded) == ["canceled"]
