"""Staff give invoices back to what they were paid with: card, balance, gift cards; once per request."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.book import read_book
from tests.client import Student, refusal, send_webhook
from tests.deadline import eventually
from tests.lives import Life, World
from tests.purse import give_gift_card

WHY = {"reason": "the lessons did not load"}
GIFT, BALANCE, CARD = 500, 400, 1_090


async def give_gift(world: World, student: Student, cents: int) -> None:
    await give_gift_card(world.database, student.id, cents, datetime.now(UTC))


@pytest.fixture
async def paid_by_all(world: World) -> Life:
    """Of who paid too much for a start that they canceled, and starts again, with a gift card and a card."""
    earlier = await Life.begin(world)
    await earlier.report(amount_cents=1_990 + BALANCE)
    await earlier.becomes("active")
    await earlier.post("cancel", {"at_period_end": False})
    await earlier.closes()
    await give_gift(world, earlier.student, GIFT)
    life = await Life.begin(world, student=earlier.student, card="tok_ok")
    await life.becomes("active")
    return life


async def invoice_of(life: Life) -> dict[str, Any]:
    """The newest one, as its buyer sees it."""
    newest, *_ = (await life.student.get("/invoices")).json()["items"]
    found: dict[str, Any] = newest
    return found


async def refund(
    admin: Student, invoice_id: int, amount_cents: int | None = None, key: str | None = None
) -> httpx2.Response:
    body = WHY if amount_cents is None else WHY | {"amount_cents": amount_cents}
    return await admin.post(f"/admin/invoices/{invoice_id}/refund", body, key=key)


async def left_of(staff: Student, invoice_id: int) -> dict[str, int]:
    answer = await staff.get(f"/admin/invoices/{invoice_id}")
    assert answer.status_code == 200, answer.text
    left: dict[str, int] = answer.json()["left"]
    return left


async def settles(life: Life, count: int) -> dict[str, Any]:
    """The invoice, when so many of its refunds have succeeded and the rest as well."""

    async def look() -> dict[str, Any]:
        invoice = await invoice_of(life)
        assert [refund["status"] for refund in invoice["refunds"]] == ["succeeded"] * count
        return invoice

    return await eventually(look)


def parts(answer: httpx2.Response) -> tuple[int, ...]:
    """In all; to card, balance and gift cards."""
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["refund"] is None) == (body["card_cents"] == 0)
    assert (body["credit_note"] is None) == (body["balance_cents"] + body["gift_cents"] == 0)
    return tuple(body[f"{name}_cents"] for name in ("amount", "card", "balance", "gift"))


async def test_three_parts_of_one_that_everything_has_paid(
    paid_by_all: Life, admin: Student, support: Student
) -> None:
    invoice = await invoice_of(paid_by_all)
    assert {name: cents for name, cents in invoice.items() if name.endswith("_cents")} == {
        "subtotal_cents": 1_990,
        "discount_cents": 0,
        "total_cents": 1_990,
        "gift_cents": GIFT,
        "balance_cents": BALANCE,
        "amount_due_cents": CARD,
        "net_cents": 1_631,
        "vat_cents": 359,
    }
    assert await left_of(support, invoice["id"]) == {
        "card_cents": CARD,
        "balance_cents": BALANCE,
        "gift_cents": GIFT,
    }

    assert parts(await refund(admin, invoice["id"], 1_000)) == (1_000, 1_000, 0, 0)
    await settles(paid_by_all, 1)
    assert parts(await refund(admin, invoice["id"], 300)) == (300, 90, 210, 0)
    await settles(paid_by_all, 2)
    assert parts(await refund(admin, invoice["id"])) == (690, 0, 190, 500)

    after = await settles(paid_by_all, 2)
    notes = after["credit_notes"]
    assert sorted(note["amount_cents"] for note in notes) == [90, 210, 690, 1_000]
    assert sum(note["net_cents"] for note in notes) == 1_631
    assert sum(note["vat_cents"] for note in notes) == 359
    by_refund = {note["refund_id"]: note["card_cents"] for note in notes if note["refund_id"]}
    assert by_refund == {each["id"]: each["amount_cents"] for each in after["refunds"]}
    assert {note["reason"] for note in notes} == {"staff"}
    assert (await paid_by_all.book()).balances == {"refunds": 1_631, "deferred_revenue": -1_631}
    [charge] = await paid_by_all.world.stack.psp.charges(paid_by_all.subscription_id)
    assert (charge["amount_cents"], charge["refunded_cents"]) == (CARD, CARD)
    refused = await refund(admin, invoice["id"], 1)
    assert (refusal(refused), refused.json()["left_cents"]) == ((409, "refund_exceeds_invoice"), 0)


async def test_one_that_a_gift_card_has_paid_asks_no_provider(world: World, admin: Student) -> None:
    student = await Student.signup(world.http)
    await give_gift(world, student, 2_500)
    started = (await student.start()).json()
    assert (started["payment_id"], started["status"], started["gift_cents"]) == (None, "active", 1_990)
    invoice_id = started["invoice_id"]
    assert refusal(await student.post(f"/invoices/{invoice_id}/pay")) == (409, "invoice_not_payable")

    answer = await refund(admin, invoice_id)

    assert parts(answer) == (1_990, 0, 0, 1_990)
    [note] = (await student.get(f"/invoices/{invoice_id}")).json()["credit_notes"]
    assert note == answer.json()["credit_note"]
    assert (note["gift_cents"], note["net_cents"], note["vat_cents"]) == (1_990, 1_631, 359)
    book = await read_book(world.database, started["subscription_id"])
    assert book.balances == {"refunds": 1_631, "deferred_revenue": -1_631}
    assert book.timeline[-1] == "refunded"


async def test_one_key_is_one_refund_of_all_its_parts(paid_by_all: Life, admin: Student) -> None:
    invoice_id, key = (await invoice_of(paid_by_all))["id"], uuid.uuid4().hex
    first = await refund(admin, invoice_id, 1_200, key)
    await settles(paid_by_all, 1)
    again = await refund(admin, invoice_id, 1_200, key)

    assert parts(first) == (1_200, 1_090, 110, 0)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert refusal(await refund(admin, invoice_id, 1_201, key)) == (422, "idempotency_key_reused")
    assert sum((await left_of(admin, invoice_id)).values()) == 790


async def test_thirty_at_once_give_back_no_more_than_was_paid(paid_by_all: Life, admin: Student) -> None:
    """Each takes 100: nineteen get it, of whatever tender is next."""
    invoice_id = (await invoice_of(paid_by_all))["id"]

    async def ask() -> tuple[int, str | None]:
        """Asked again under its key where a busy machine answers too late."""
        key = uuid.uuid4().hex

        async def answered() -> tuple[int, str | None] | None:
            told = refusal(await refund(admin, invoice_id, 100, key))
            return None if told[0] == 503 or told[1] == "idempotency_in_progress" else told

        told = await eventually(answered, timeout=60)
        assert told is not None
        return told

    answers = await asyncio.gather(*(ask() for _ in range(30)))

    assert sorted(answers, key=str) == [(202, None)] * 19 + [(409, "refund_exceeds_invoice")] * 11
    assert sum((await left_of(admin, invoice_id)).values()) == 90
    after = await settles(paid_by_all, 11)
    assert sum(note["amount_cents"] for note in after["credit_notes"]) == 1_900
    [charge] = await paid_by_all.world.stack.psp.charges(paid_by_all.subscription_id)
    assert charge["refunded_cents"] == CARD


async def test_a_payment_gives_back_what_is_left_of_its_invoice_only(
    paid_by_all: Life, admin: Student
) -> None:
    invoice_id = (await invoice_of(paid_by_all))["id"]
    await refund(admin, invoice_id, 1_000)
    path = f"/admin/payments/{paid_by_all.payment_id}"

    assert (await admin.get(path)).json()["left_cents"] == 90
    assert refusal(await admin.post(f"{path}/refund", WHY | {"amount_cents": 91})) == (
        409,
        "refund_exceeds_payment",
    )
    assert (await admin.post(f"{path}/refund", WHY)).json()["amount_cents"] == 90
    assert await left_of(admin, invoice_id) == {
        "card_cents": 0,
        "balance_cents": BALANCE,
        "gift_cents": GIFT,
    }
    await settles(paid_by_all, 2)


async def test_what_is_not_paid_has_nothing_to_give_back(unpaid: Life, admin: Student) -> None:
    invoice_id = (await invoice_of(unpaid))["id"]
    assert refusal(await refund(admin, invoice_id)) == (409, "refund_exceeds_invoice")


async def test_support_reads_and_gives_nothing_back(active: Life, support: Student) -> None:
    invoice = await invoice_of(active)
    shown = (await support.get(f"/admin/invoices/{invoice['id']}")).json()
    left = {"card_cents": 1_990, "balance_cents": 0, "gift_cents": 0}
    assert shown == invoice | {"user_id": active.student.id, "left": left}
    assert refusal(await refund(support, invoice["id"])) == (403, "forbidden")


async def test_a_surplus_that_was_refunded_is_not_in_the_balance_any_more(
    unpaid: Life, admin: Student
) -> None:
    answer = await send_webhook(
        unpaid.world.http,
        unpaid.world.stack.webhook_secret,
        unpaid.payment_id,
        "SUCCEEDED",
        amount_cents=2_500,
    )
    assert answer.status_code == 200
    await unpaid.becomes("active")
    opened = await admin.post(f"/admin/payments/{unpaid.payment_id}/refund", WHY | {"amount_cents": 510})
    assert opened.status_code == 202
    invoice = await settles(unpaid, 1)

    assert invoice["credit_notes"] == []
    assert sum((await left_of(admin, invoice["id"])).values()) == 1_990
    assert (await unpaid.book()).balances == {
        "cash_at_provider": 1_990,
        "deferred_revenue": -1_631,
        "vat_payable": -359,
    }
