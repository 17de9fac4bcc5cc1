"""The two ends that time alone brings: an unpaid start is given up, a paid period is over."""

from datetime import timedelta

from activities.contracts import RecordedSubscription
from db.queries.life_invariants import what_has_ended_went_on
from domain.ending import cancel, end_period, expire
from domain.payment import ReportedStatus
from domain.subscription import Status
from tests.activities.customer import PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.book import Book

EXPIRES_AT = STARTED_AT + timedelta(hours=23)
TWO_DAYS_LATE = PERIOD_END + timedelta(days=2)


async def test_an_unpaid_start_is_given_up(customer: Customer) -> None:
    opened = await customer.start()
    change = expire(opened.state, EXPIRES_AT)

    assert await customer.record(change, at=EXPIRES_AT) == RecordedSubscription(change.state, written=True)
    assert await customer.book(opened.answer.subscription_id) == Book(
        status="incomplete_expired",
        invoices=["void"],
        payments=["failed"],
        timeline=["opened", "expired"],
        balances={},
        reports=[],
    )
    [payment] = await rows_of(customer, "payments")
    assert (payment["failure_code"], payment["settled_at"]) == ("invoice_voided", EXPIRES_AT)


async def test_a_declined_start_keeps_the_reason_of_its_decline(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(
        opened.answer.payment_id, ReportedStatus.FAILED, decline_code="stolen_card"
    )
    await customer.record(expire(await customer.settle(report_id), EXPIRES_AT))

    [payment] = await rows_of(customer, "payments")
    assert (payment["status"], payment["failure_code"]) == ("failed", "stolen_card")


async def test_a_report_that_waits_comes_before_the_expiry(customer: Customer) -> None:
    opened = await customer.start()
    reports = (
        await customer.report(opened.answer.payment_id, ReportedStatus.FAILED),
        await customer.report(opened.answer.payment_id),
    )
    before = await everything_of(customer)

    recorded = await customer.record(expire(opened.state, EXPIRES_AT), at=EXPIRES_AT)

    assert recorded == RecordedSubscription(opened.state, written=False, unread_report_ids=reports)
    assert await everything_of(customer) == before

    states = [await customer.settle(report_id, at=EXPIRES_AT) for report_id in reports]
    assert [state.status for state in states] == [Status.INCOMPLETE, Status.ACTIVE]
    after_all = await customer.record(expire(opened.state, EXPIRES_AT), at=EXPIRES_AT)
    assert after_all == RecordedSubscription(states[-1], written=False)


async def test_reports_that_were_read_do_not_hold_the_expiry_up(customer: Customer) -> None:
    opened = await customer.start()
    state = opened.state
    for amount_cents, status in ((1, ReportedStatus.SUCCEEDED), (None, ReportedStatus.FAILED)):
        state = await customer.settle(
            await customer.report(opened.answer.payment_id, status, amount_cents=amount_cents)
        )

    recorded = await customer.record(expire(state, EXPIRES_AT))

    assert recorded.written
    assert (await customer.book(opened.answer.subscription_id)).reports == ["parked", "applied"]


async def test_a_paid_period_is_over(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    recorded = await customer.record(end_period(paid), at=TWO_DAYS_LATE)

    assert recorded == RecordedSubscription(end_period(paid).state, written=True)
    assert await customer.book(paid.subscription_id) == Book(
        status="canceled",
        invoices=["paid"],
        payments=["succeeded"],
        timeline=["opened", "activated", "ended"],
        balances={"cash_at_provider": 1_990, "revenue": -1_631, "vat_payable": -359},
        reports=["applied"],
    )
    [period] = await rows_of(customer, "periods")
    assert (period["starts_at"], period["ends_at"]) == (STARTED_AT, PERIOD_END)
    [row] = await rows_of(customer, "subscriptions")
    assert (row["ended_at"], row["next_action"], row["next_action_at"]) == (PERIOD_END, None, None)


async def test_a_renewal_that_came_late_makes_way_for_the_end_before_it(card_holder: Customer) -> None:
    """The worker was away over the period's end; a cancellation came between its steps."""
    late = await card_holder.open_period(await card_holder.start_with_card(), TWO_DAYS_LATE)
    canceled = cancel(late, at_period_end=True, at=TWO_DAYS_LATE)
    assert canceled is not None
    scheduled = await card_holder.record(canceled, at=TWO_DAYS_LATE)
    ended = await card_holder.record(end_period(scheduled.state), at=TWO_DAYS_LATE)

    assert (ended.state.status, ended.state.ended_at) == (Status.CANCELED, PERIOD_END)
    assert (await card_holder.book(late.subscription_id)).invoices == ["paid", "void"]
    async with card_holder.database.read() as connection:
        offenders = [row["subscription_id"] for row in await what_has_ended_went_on(connection)]
    assert late.subscription_id not in offenders
