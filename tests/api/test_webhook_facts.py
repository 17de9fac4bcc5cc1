"""Reports converge: in any order, however often, a payment ends as what truly happened to it."""

import uuid

import httpx2
from sqlalchemy import text

from db.database import Database
from payments.provider import ChargeOrder
from tests.book import Book
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.forgotten import forget
from tests.lives import Life, World
from tests.stack import WEBHOOK_SECRET, Stack

PRICE = 1_990
PAID_TIMELINE = ["opened", "activated"]


async def settled(life: Life, reports: int) -> Book:
    """The books once that many reports have had their effect."""
    await life.applies_reports(reports)
    return await life.book()


async def is_refunded(life: Life) -> bool:
    return (await life.book()).timeline[-3:] == ["late_payment_received", "refund_opened", "refunded"]


async def next_payment_id(database: Database) -> int:
    """From the sequence itself: a transaction that was rolled back has taken a number too."""
    async with database.read() as connection:
        coming = text("SELECT last_value + is_called::int FROM payments_id_seq")
        found: int = (await connection.execute(coming)).scalar_one()
        return found


async def test_the_same_fact_again_is_a_duplicate(unpaid: Life) -> None:
    assert await unpaid.report() == {"ok": True}
    assert await unpaid.report() == {"ok": True, "duplicate": True}

    book = await settled(unpaid, 1)
    assert (book.status, book.timeline) == ("active", PAID_TIMELINE)
    assert await unpaid.report() == {"ok": True, "duplicate": True}
    assert await unpaid.book() == book


async def test_the_same_event_again_is_a_duplicate(unpaid: Life) -> None:
    event = uuid.uuid4().hex
    assert await unpaid.report(event_id=event) == {"ok": True}
    assert await unpaid.report(event_id=event) == {"ok": True, "duplicate": True}
    assert await unpaid.report("FAILED", event_id=event) == {"ok": True, "duplicate": True}

    assert (await settled(unpaid, 1)).status == "active"


async def test_two_events_with_one_fact_have_one_effect(unpaid: Life) -> None:
    for _ in range(3):
        assert await unpaid.report(event_id=uuid.uuid4().hex) == {"ok": True}

    book = await settled(unpaid, 3)
    assert (book.payments, book.timeline) == (["succeeded"], PAID_TIMELINE)
    assert book.reports == ["applied"] * 3


async def test_an_event_called_like_another_payment_s_fact_does_not_hide_it(
    world: World, unpaid: Life
) -> None:
    other = await Life.begin(world)
    for event in (f"{unpaid.payment_id}:SUCCEEDED", f"fact:{unpaid.payment_id}:SUCCEEDED"):
        assert await other.report("FAILED", event_id=event) == {"ok": True}

    assert await unpaid.report() == {"ok": True}
    await unpaid.becomes("active")


async def test_a_decline_leaves_the_invoice_open(unpaid: Life) -> None:
    await unpaid.report("FAILED", decline_code="insufficient_funds")

    book = await settled(unpaid, 1)
    assert (book.status, book.invoices, book.payments) == ("incomplete", ["open"], ["failed"])
    assert book.timeline == ["opened", "payment_declined"]
    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    assert invoice["payments"][0]["failure_code"] == "insufficient_funds"


async def test_a_success_after_a_failure_wins(unpaid: Life) -> None:
    await unpaid.report("FAILED")
    await settled(unpaid, 1)
    await unpaid.report("SUCCEEDED")

    book = await settled(unpaid, 2)
    assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    assert book.timeline == ["opened", "payment_declined", "activated"]
    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    assert invoice["payments"][0]["failure_code"] is None


async def test_a_failure_after_a_success_changes_nothing(active: Life) -> None:
    before = await active.book()
    assert await active.report("FAILED") == {"ok": True}

    after = await settled(active, 2)
    assert (after.status, after.payments, after.timeline) == ("active", ["succeeded"], before.timeline)
    assert after.balances == before.balances


async def test_a_report_that_says_nothing_new_wakes_nobody(active: Life) -> None:
    workflow = active.world.temporal.get_workflow_handle(active.workflow_id)
    length = (await workflow.describe()).history_length

    assert await active.report(event_id=uuid.uuid4().hex) == {"ok": True}
    assert (await active.book()).reports == ["applied", "applied"]

    assert (await workflow.describe()).history_length == length


async def test_too_little_money_is_set_aside_for_a_person(unpaid: Life) -> None:
    before = await unpaid.book()
    assert await unpaid.report(amount_cents=PRICE - 1, event_id=uuid.uuid4().hex) == {"ok": True}

    after = await settled(unpaid, 1)
    assert after.reports == ["parked"]
    assert (after.status, after.invoices, after.payments) == ("incomplete", ["open"], ["pending"])
    assert after.timeline == ["opened", "payment_parked"]
    assert after.balances == before.balances


async def test_so_is_nothing_and_money_of_another_country(unpaid: Life) -> None:
    await unpaid.report(amount_cents=0, event_id=uuid.uuid4().hex)
    await unpaid.report(amount_cents=PRICE, currency="USD", event_id=uuid.uuid4().hex)
    await unpaid.report(currency="USD", event_id=uuid.uuid4().hex)

    book = await settled(unpaid, 3)
    assert book.reports == ["parked"] * 3
    assert (book.status, book.payments) == ("incomplete", ["pending"])


async def test_the_right_amount_after_the_wrong_one_pays(unpaid: Life) -> None:
    await unpaid.report(amount_cents=1, event_id=uuid.uuid4().hex)
    await settled(unpaid, 1)
    await unpaid.report(amount_cents=PRICE, currency="EUR", event_id=uuid.uuid4().hex)

    book = await settled(unpaid, 2)
    assert (book.status, book.reports) == ("active", ["parked", "applied"])


async def test_too_much_money_pays_and_the_rest_is_the_customer_s(unpaid: Life) -> None:
    await unpaid.report(amount_cents=PRICE + 500, currency="EUR")

    book = await settled(unpaid, 1)
    assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    assert book.timeline == [*PAID_TIMELINE, "payment_overpaid"]
    assert book.balances["customer_balance"] == -500
    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    assert invoice["total_cents"] == PRICE


async def test_money_for_what_was_canceled_goes_back(unpaid: Life) -> None:
    await unpaid.post("cancel", {})
    await unpaid.closes()
    assert await unpaid.report() == {"ok": True}

    book = await settled(unpaid, 1)
    assert (book.status, book.invoices, book.payments) == ("canceled", ["void"], ["succeeded"])
    await eventually(lambda: is_refunded(unpaid))
    assert (await unpaid.book()).balances == {}
    assert (await unpaid.student.get("/content/modules")).status_code == 403


async def test_money_for_what_is_forgotten_goes_back(world: World, unpaid: Life) -> None:
    """Retention has removed the workflow and its history; the books remember."""
    await unpaid.post("cancel", {"at_period_end": False})
    await unpaid.closes()
    await forget(world, unpaid.workflow_id)

    assert await unpaid.report() == {"ok": True}

    await eventually(lambda: is_refunded(unpaid))
    book = await unpaid.book()
    assert (book.status, book.invoices, book.payments) == ("canceled", ["void"], ["succeeded"])
    assert (book.balances, book.reports) == ({}, ["applied"])


async def test_money_for_what_was_superseded_pays_for_nothing_newer(world: World, unpaid: Life) -> None:
    newer = await Life.begin(world, student=unpaid.student)
    assert await unpaid.report() == {"ok": True}

    book = await settled(unpaid, 1)
    assert (book.status, book.payments) == ("incomplete_expired", ["succeeded"])
    await eventually(lambda: is_refunded(unpaid))
    assert (await unpaid.book()).balances == {}
    assert (await newer.book()).status == "incomplete"


async def test_a_payment_that_is_not_ours_is_ignored_for_ever(
    world: World, http: httpx2.AsyncClient, student: Student, database: Database
) -> None:
    """Also when its number is given out later."""
    coming = await next_payment_id(database)
    for status in ("SUCCEEDED", "FAILED", "SUCCEEDED"):
        answer = await send_webhook(http, WEBHOOK_SECRET, coming, status)
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})

    life = await Life.begin(world, student=student)
    assert life.payment_id == coming
    book = await life.book()
    assert (book.status, book.payments, book.reports) == ("incomplete", ["pending"], ["ignored"] * 3)

    assert await life.report() == {"ok": True}, "what was said before there was a payment is no repetition"
    await life.becomes("active")
    assert (await life.book()).reports == ["ignored"] * 3 + ["applied"]


async def test_one_user_s_payment_changes_nobody_else(world: World, unpaid: Life) -> None:
    other = await Life.begin(world)
    before = await other.book()
    await unpaid.report()
    await unpaid.becomes("active")

    assert await other.book() == before
    assert (await other.student.get("/content/modules")).status_code == 403


async def test_the_right_amount_pays_after_a_wrong_one_was_parked(unpaid: Life) -> None:
    assert await unpaid.report(amount_cents=1, currency="EUR") == {"ok": True}
    assert await unpaid.report(amount_cents=1, currency="EUR") == {"ok": True, "duplicate": True}
    assert await unpaid.report(amount_cents=PRICE, currency="EUR") == {"ok": True}

    book = await settled(unpaid, 2)
    assert (book.status, book.payments, book.reports) == ("active", ["succeeded"], ["parked", "applied"])


async def test_a_provider_reports_its_own_payments_only(unpaid: Life) -> None:
    assert await unpaid.report(provider="sandbox") == {"ok": True, "ignored": True}

    book = await unpaid.book()
    assert (book.status, book.payments) == ("incomplete", ["pending"])
    assert await unpaid.report() == {"ok": True}


async def test_the_sandbox_reports_to_this_api(stack: Stack, database: Database) -> None:
    """Of a payment that we do not have: it is taken, and kept as none of ours."""
    payment_id = subscription_id = 8_000_000_000_000_000_001
    provider = stack.psp.adapter()
    await provider.charge(
        ChargeOrder(uuid.uuid4().hex, payment_id, subscription_id, "tok_stolen", PRICE, "EUR")
    )
    await provider.close()

    async def all_is_told() -> bool:
        return await stack.psp.pending(subscription_id) == 0

    await eventually(all_is_told)
    query = text(
        "SELECT provider, status, reported_status, decline_code FROM webhook_inbox WHERE payment_id = :id"
    )
    async with database.read() as connection:
        rows = (await connection.execute(query, {"id": payment_id})).all()
    assert [tuple(row) for row in rows] == [("sandbox", "ignored", "FAILED", "stolen_card")]
