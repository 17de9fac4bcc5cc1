"""A bank takes money back: the product is told by webhook, stops billing, and staff decide."""

import io
import uuid
from datetime import timedelta

import pypdf
import pytest

from tests.at_rest import comes_to_rest
from tests.book import Book
from tests.client import Student, refusal, send_webhook
from tests.deadline import eventually
from tests.lives import Life, World
from tests.stack import WEBHOOK_SECRET

PRICE = 1_990
SOLD = {"deferred_revenue": -1_631, "vat_payable": -359}
WHY = {"reason": "the bank has decided for us"}


async def is_told(life: Life, *events: str) -> Book:
    """The books once the timeline ends so."""

    async def look() -> bool:
        return (await life.book()).timeline[-len(events) :] == list(events)

    await eventually(look)
    await life.is_quiet()
    return await life.book()


async def charge_back(life: Life, amount_cents: int | None = None) -> None:
    """As the payer's bank does at the provider."""
    psp = life.world.stack.psp
    charges = await psp.charges(life.subscription_id)
    await psp.charge_back(charges[-1]["id"], amount_cents)


async def by_card(world: World) -> Life:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    return life


async def test_from_the_bank_to_the_ledger(world: World, support: Student) -> None:
    life = await by_card(world)
    before = (await life.student.get("/me/subscription")).json()

    await charge_back(life)
    book = await is_told(life, "charged_back", "parked")

    assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    assert book.balances == SOLD | {"disputes": PRICE}
    payment = (await support.get(f"/admin/payments/{life.payment_id}")).json()
    told = {"received_cents": PRICE, "disputed_cents": PRICE, "left_cents": 0, "refunds": []}
    assert payment.items() >= told.items()
    explained = (await support.get(f"/admin/subscriptions/{life.subscription_id}/explain")).json()
    assert explained["user_flagged_at"] is not None
    assert explained["explanation"]["parked_reason"] == "chargeback"
    assert explained["explanation"]["what_next"] == "Nothing until it is unparked."
    after = (await life.student.get("/me/subscription")).json()
    assert after["access"] == before["access"]
    [invoice] = (await life.student.get("/invoices")).json()["items"]
    paper = (await life.student.get(f"/invoices/{invoice['id']}.pdf")).content
    [page] = pypdf.PdfReader(io.BytesIO(paper)).pages
    assert "Charged back by the payer's bank on " in page.extract_text()
    await comes_to_rest(life)


async def test_nothing_is_renewed_until_staff_let_it_go_on(world: World, admin: Student) -> None:
    life = await by_card(world)
    await charge_back(life, 500)
    await is_told(life, "charged_back", "parked")
    await life.wait(timedelta(days=31))
    assert len(await world.stack.psp.charges(life.subscription_id)) == 1
    assert (await life.student.get("/content/modules")).status_code == 200

    answer = await admin.post(f"/admin/subscriptions/{life.subscription_id}/unpark", WHY)

    assert answer.status_code == 200, answer.text
    book = await is_told(life, "unparked", "renewal_opened", "renewed")
    assert book.payments == ["succeeded", "succeeded"]
    await comes_to_rest(life)


async def test_told_twice_and_again_with_another_event(active: Life) -> None:
    assert await active.report("CHARGEBACK") == {"ok": True}
    assert await active.report("CHARGEBACK") == {"ok": True, "duplicate": True}
    assert await active.report("CHARGEBACK", event_id=uuid.uuid4().hex, amount_cents=1) == {"ok": True}

    await active.applies_reports(3)
    book = await active.book()
    assert book.timeline == ["opened", "activated", "charged_back", "parked"]
    assert book.balances == SOLD | {"disputes": PRICE}


async def test_told_before_the_success_it_waits_for_it(unpaid: Life) -> None:
    assert await unpaid.report("CHARGEBACK") == {"ok": True}
    await is_told(unpaid, "payment_parked")
    assert (await unpaid.book()).reports == ["parked"]

    assert await unpaid.report("SUCCEEDED") == {"ok": True}

    book = await is_told(unpaid, "activated", "charged_back", "parked")
    assert (book.status, book.balances, book.reports) == (
        "active",
        SOLD | {"disputes": PRICE},
        ["applied", "applied"],
    )


async def test_after_the_end_it_is_recorded(active: Life, support: Student) -> None:
    """Its workflow has closed: nobody is left to be told but the books."""
    await active.post("cancel", {"at_period_end": False})
    await active.closes()

    await active.report("CHARGEBACK")

    async def is_recorded() -> bool:
        return (await active.book()).timeline[-1] == "charged_back"

    await eventually(is_recorded)
    book = await active.book()
    assert (book.status, book.reports[-1]) == ("canceled", "applied")
    assert book.balances == {"revenue": -1_631, "vat_payable": -359, "disputes": PRICE}
    explained = (await support.get(f"/admin/subscriptions/{active.subscription_id}/explain")).json()
    assert explained["user_flagged_at"] is not None


async def test_what_was_charged_back_is_not_refunded_too(world: World, admin: Student) -> None:
    life = await by_card(world)
    await charge_back(life, 1_500)
    await is_told(life, "charged_back", "parked")
    path = f"/admin/payments/{life.payment_id}/refund"

    assert refusal(await admin.post(path, WHY | {"amount_cents": 491})) == (409, "refund_exceeds_payment")
    assert (await admin.post(path, WHY)).json()["amount_cents"] == 490
    await is_told(life, "refund_opened", "refunded")
    [charge] = await world.stack.psp.charges(life.subscription_id)
    assert (charge["refunded_cents"], charge["charged_back_cents"]) == (490, 1_500)
    await comes_to_rest(life)


@pytest.mark.parametrize("status", ["chargeback", "CHARGEBACK_REVERSED", "DISPUTED", ""])
async def test_other_words_are_not_known(active: Life, status: str) -> None:
    answer = await send_webhook(active.world.http, WEBHOOK_SECRET, active.payment_id, status)

    assert refusal(answer) == (422, "unsupported_status")
