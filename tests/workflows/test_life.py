"""What happens to a subscription over time: real server, real worker, its clock turned by time skipping."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from tests.book import Book
from tests.deadline import eventually
from tests.lives import Life, World

PRICE, NET, VAT = 1_990, 1_631, 359


async def test_an_unpaid_start_expires_after_23_hours_and_not_before(world: World) -> None:
    life = await Life.begin(world)

    await life.wait(timedelta(hours=22, minutes=59))
    assert (await life.book()).status == "incomplete"
    await life.wait(timedelta(minutes=2))

    await life.closes()
    assert await life.book() == Book(
        status="incomplete_expired",
        invoices=["void"],
        payments=["failed"],
        timeline=["opened", "expired"],
        balances={},
        reports=[],
    )
    assert (await life.student.get("/content/modules")).json()["reason"] == "none"


async def test_money_that_comes_after_the_expiry_goes_back(world: World) -> None:
    life = await Life.begin(world)
    await life.wait(timedelta(hours=24))
    await life.closes()

    await life.report("SUCCEEDED")

    async def is_refunded() -> bool:
        return "refunded" in (await life.book()).timeline

    await eventually(is_refunded)
    assert await life.book() == Book(
        status="incomplete_expired",
        invoices=["void"],
        payments=["succeeded"],
        timeline=["opened", "expired", "late_payment_received", "refund_opened", "refunded"],
        balances={},
        reports=["applied"],
    )


async def test_a_paid_period_is_followed_by_one_that_somebody_has_to_pay(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    assert (await life.book()).balances == {
        "cash_at_provider": PRICE,
        "deferred_revenue": -NET,
        "vat_payable": -VAT,
    }

    await life.wait(timedelta(days=26, hours=23))
    assert (await life.book()).timeline == ["opened", "activated"]
    await life.wait(timedelta(hours=2))
    await life.is_quiet()
    assert (await life.book()).timeline == ["opened", "activated", "renewal_opened"]
    await life.wait(timedelta(days=3))
    await life.is_quiet()

    assert await life.book() == Book(
        status="past_due",
        invoices=["paid", "open"],
        payments=["succeeded", "pending"],
        timeline=["opened", "activated", "renewal_opened", "fell_due"],
        balances={
            "cash_at_provider": PRICE,
            "receivable": PRICE,
            "revenue": -NET,
            "deferred_revenue": -NET,
            "vat_payable": -2 * VAT,
        },
        reports=["applied"],
    )
    shown = (await life.student.get("/me/subscription")).json()
    assert shown["access"]["allowed"]  # for the days of grace


async def test_a_scheduled_cancellation_ends_it_with_its_period(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()

    canceled = await life.post("cancel", {"at_period_end": True})

    assert (canceled.json()["status"], canceled.json()["cancel_at_period_end"]) == ("active", True)
    assert canceled.json()["access"]["until"] == canceled.json()["current_period_end"]
    await life.wait(timedelta(days=29, hours=23))
    assert (await life.book()).status == "active"
    await life.wait(timedelta(hours=2))

    await life.closes()
    assert await life.book() == Book(
        status="canceled",
        invoices=["paid"],
        payments=["succeeded"],
        timeline=["opened", "activated", "cancel_scheduled", "ended"],
        balances={"cash_at_provider": PRICE, "revenue": -NET, "vat_payable": -VAT},
        reports=["applied"],
    )
    shown = (await life.student.get("/me/subscription")).json()
    assert shown["ended_at"] == shown["current_period_end"]  # late or not, it ends at its nominal end
    assert shown["access"] == {"allowed": False, "until": None, "reason": "expired", "source": "own"}


async def test_canceling_now_ends_access_and_earns_the_revenue(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()

    await life.post("cancel", {"at_period_end": False})

    await life.closes()
    assert await life.book() == Book(
        status="canceled",
        invoices=["paid"],
        payments=["succeeded"],
        timeline=["opened", "activated", "canceled"],
        balances={"cash_at_provider": PRICE, "revenue": -NET, "vat_payable": -VAT},
        reports=["applied"],
    )
    assert (await life.student.get("/content/modules")).status_code == 403


async def test_canceling_before_the_payment_voids_the_invoice(world: World) -> None:
    life = await Life.begin(world)

    await life.post("cancel", {"at_period_end": True})

    await life.closes()
    assert await life.book() == Book(
        status="canceled",
        invoices=["void"],
        payments=["failed"],
        timeline=["opened", "canceled"],
        balances={},
        reports=[],
    )


async def test_a_new_start_supersedes_the_unpaid_one(world: World) -> None:
    first = await Life.begin(world, "P30D")

    second = await Life.begin(world, "P1Y", student=first.student)

    await first.closes()
    book = await first.book()
    assert (book.status, book.invoices, book.timeline) == (
        "incomplete_expired",
        ["void"],
        ["opened", "expired"],
    )
    await second.pay()
    shown = (await second.student.get("/me/subscription")).json()
    assert (shown["subscription_id"], shown["plan_code"]) == (second.subscription_id, "P1Y")


async def test_a_decline_leaves_the_start_open_for_another_try(world: World) -> None:
    life = await Life.begin(world)

    await life.report("FAILED", decline_code="insufficient_funds")
    await life.applies_reports(1)
    assert (await life.book()).status == "incomplete"
    await life.pay()

    book = await life.book()
    assert (book.payments, book.timeline) == (
        ["succeeded"],
        ["opened", "payment_declined", "activated"],
    )


async def test_a_failure_reported_after_the_success_changes_nothing(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    before = await life.book()

    await life.report("FAILED")

    await life.applies_reports(2)
    after = await life.book()
    assert (after.status, after.payments, after.timeline, after.balances) == (
        before.status,
        before.payments,
        before.timeline,
        before.balances,
    )


async def test_superseding_one_whose_workflow_was_killed_by_hand(world: World) -> None:
    first = await Life.begin(world)
    await world.temporal.get_workflow_handle(first.workflow_id).terminate("by hand")

    second = await Life.begin(world, student=first.student)

    await second.pay()
    described = await world.temporal.get_workflow_handle(second.workflow_id).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert (await first.book()).status == "incomplete_expired"
