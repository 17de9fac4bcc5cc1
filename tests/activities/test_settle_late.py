"""Money that comes after the end never revives a subscription: it is on its way back to the customer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.ending import cancel, end_period, expire
from domain.lifecycle import Change
from domain.payment import ReportedStatus
from domain.subscription import SubscriptionState
from tests.activities.customer import IN_THE_PERIOD, PERIOD_END, Customer
from tests.activities.everything import rows_of
from tests.book import Book

LATE = PERIOD_END + timedelta(days=400)


def expired(state: SubscriptionState) -> Change | None:
    return expire(state, state.expires_at)


def canceled(state: SubscriptionState) -> Change | None:
    return cancel(state, at_period_end=False, at=IN_THE_PERIOD)


@pytest.mark.parametrize(
    ("end", "status", "event"),
    [(expired, "incomplete_expired", "expired"), (canceled, "canceled", "canceled")],
)
async def test_money_after_the_end_is_on_its_way_back(
    customer: Customer, end: object, status: str, event: str
) -> None:
    opened = await customer.start()
    assert callable(end)
    ended = (await customer.record(end(opened.state))).state

    report_id = await customer.report(opened.answer.payment_id, amount_cents=2_000)

    assert await customer.settle(report_id, at=LATE) == ended
    assert await customer.settle(report_id, at=LATE) == ended
    assert await customer.book(opened.answer.subscription_id) == Book(
        status=status,
        invoices=["void"],
        payments=["succeeded"],
        timeline=["opened", event, "late_payment_received", "refund_opened"],
        balances={"cash_at_provider": 2_000, "unapplied_cash": -2_000},
        reports=["applied"],
    )
    [payment] = await rows_of(customer, "payments")
    assert (payment["received_cents"], payment["failure_code"], payment["settled_at"]) == (2_000, None, LATE)
    *_, late = await rows_of(customer, "timeline")
    assert (late["version"], late["details"]["amount_cents"]) == (2, 2_000)
    assert await rows_of(customer, "periods") == []


async def test_late_money_for_a_superseded_start_leaves_the_new_one_alone(customer: Customer) -> None:
    first = await customer.start()
    second = await customer.start("P1Y")

    await customer.settle(await customer.report(first.answer.payment_id))

    assert (await customer.book(first.answer.subscription_id)).balances == {
        "cash_at_provider": 1_990,
        "unapplied_cash": -1_990,
    }
    assert await customer.load(second.answer.subscription_id) == second.state


@pytest.mark.parametrize("amount_cents", [1, 1_989])
async def test_too_little_money_after_the_end_goes_back_in_full(
    customer: Customer, amount_cents: int
) -> None:
    opened = await customer.start()
    ended = (await customer.record(expired(opened.state))).state
    report_id = await customer.report(opened.answer.payment_id, amount_cents=amount_cents, currency="EUR")

    settled = await customer.settle_whole(report_id, at=LATE)

    assert (settled.state, len(settled.unsent_refund_ids)) == (ended, 1)
    assert await customer.settle_whole(report_id, at=LATE) == settled
    life = await customer.life(ended)
    assert life.refunds == [f"late_payment created {amount_cents}"]
    assert life.balances == {"cash_at_provider": amount_cents, "unapplied_cash": -amount_cents}
    book = await customer.book(ended.subscription_id)
    assert (book.timeline[-2:], book.reports) == (["late_payment_received", "refund_opened"], ["applied"])


@pytest.mark.parametrize(("amount_cents", "currency"), [(0, None), (1_990, "USD"), (1, "USD")])
async def test_what_can_not_go_back_by_itself_is_parked_after_the_end_too(
    customer: Customer, amount_cents: int, currency: str | None
) -> None:
    opened = await customer.start()
    ended = (await customer.record(expired(opened.state))).state
    report_id = await customer.report(opened.answer.payment_id, amount_cents=amount_cents, currency=currency)

    assert await customer.settle(report_id, at=LATE) == ended
    book = await customer.book(ended.subscription_id)
    assert (book.timeline[-1], book.reports, book.balances) == ("payment_parked", ["parked"], {})


async def test_a_decline_after_the_end_is_no_news(customer: Customer) -> None:
    opened = await customer.start()
    ended = (await customer.record(expired(opened.state))).state
    before = await customer.book(opened.answer.subscription_id)

    report_id = await customer.report(opened.answer.payment_id, ReportedStatus.FAILED)

    assert await customer.settle(report_id, at=LATE) == ended
    assert await customer.book(opened.answer.subscription_id) == replace(before, reports=["applied"])


async def test_a_repeated_success_after_the_period_is_no_news(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    ended = (await customer.record(end_period(paid), at=PERIOD_END)).state
    before = await customer.book(paid.subscription_id)
    [payment] = await rows_of(customer, "payments")

    assert await customer.settle(await customer.report(payment["id"]), at=LATE) == ended
    assert await customer.book(paid.subscription_id) == replace(before, reports=["applied", "applied"])
