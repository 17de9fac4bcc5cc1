"""A user's own invoices: whole, in pages, by status."""

import re
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.client import Student, refusal
from tests.lives import Life, World

NUMBER = re.compile(r"IT-20\d\d-\d{6}")


async def pages(student: Student, limit: int, **params: str) -> list[list[dict[str, Any]]]:
    """Every page of the list, until there is no next one."""
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        answer = await student.get(
            "/invoices", limit=limit, **params, **({"cursor": cursor} if cursor else {})
        )
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
    return found


async def read(life: Life) -> dict[str, Any]:
    """The only invoice of its student, from the list and by its id alike."""
    [listed] = (await life.student.get("/invoices")).json()["items"]
    answer = await life.student.get(f"/invoices/{listed['id']}")
    assert (answer.status_code, answer.json()) == (200, listed)
    invoice: dict[str, Any] = answer.json()
    return invoice


async def test_an_open_one(student: Student) -> None:
    started = (await student.start("P30D")).json()

    answer = await student.get(f"/invoices/{started['invoice_id']}")
    assert answer.status_code == 200
    invoice = answer.json()
    assert NUMBER.fullmatch(invoice["number"])
    assert invoice["number"][3:7] == invoice["finalized_at"][:4]
    period = {"period_start": started["period_start"], "period_end": started["period_end"]}
    assert invoice == {
        "id": started["invoice_id"],
        "number": invoice["number"],
        "subscription_id": started["subscription_id"],
        "billing_reason": "subscription_create",
        "status": "open",
        "currency": "EUR",
        "promo_code": None,
        "subtotal_cents": 1_990,
        "discount_cents": 0,
        "total_cents": 1_990,
        "gift_cents": 0,
        "balance_cents": 0,
        "amount_due_cents": 1_990,
        "net_cents": 1_631,
        "vat_cents": 359,
        "vat_rate_bp": 2_200,
        **period,
        "finalized_at": started["period_start"],
        "paid_at": None,
        "voided_at": None,
        "lines": [
            {"kind": "plan", "description": "Italian lessons, 30 days", "amount_cents": 1_990, **period},
        ],
        "payments": [
            {
                "id": started["payment_id"],
                "attempt_no": 1,
                "provider": "mock",
                "status": "pending",
                "amount_cents": 1_990,
                "currency": "EUR",
                "failure_code": None,
                "action_url": None,
                "created_at": started["period_start"],
                "settled_at": None,
            }
        ],
        "refunds": [],
        "credit_notes": [],
    }


async def test_a_paid_one(unpaid: Life) -> None:
    before = await read(unpaid)
    await unpaid.pay()
    after = await read(unpaid)

    paid_at = after["paid_at"]
    assert datetime.fromisoformat(paid_at) > datetime.fromisoformat(before["finalized_at"])
    [payment] = before["payments"]
    assert after == before | {
        "status": "paid",
        "paid_at": paid_at,
        "payments": [payment | {"status": "succeeded", "settled_at": paid_at}],
    }


async def test_a_void_one_keeps_its_number(unpaid: Life) -> None:
    before = await read(unpaid)
    await unpaid.post("cancel", {})
    after = await read(unpaid)

    voided_at = after["voided_at"]
    assert datetime.fromisoformat(voided_at) > datetime.fromisoformat(before["finalized_at"])
    [payment] = before["payments"]
    failed = {"status": "failed", "failure_code": "invoice_voided", "settled_at": voided_at}
    assert after == before | {"status": "void", "voided_at": voided_at, "payments": [payment | failed]}


@pytest.mark.parametrize(
    ("plan_code", "net_cents", "vat_cents", "total_cents"),
    [
        ("P30D", 1_631, 359, 1_990),
        ("P6M", 8_189, 1_801, 9_990),
        ("P1Y", 14_746, 3_244, 17_990),
        ("P1Y-FAMILY", 29_500, 6_490, 35_990),
    ],
)
async def test_the_price_includes_its_vat(
    world: World, plan_code: str, net_cents: int, vat_cents: int, total_cents: int
) -> None:
    invoice = await read(await Life.begin(world, plan_code))

    assert (invoice["net_cents"], invoice["vat_cents"]) == (net_cents, vat_cents)
    assert net_cents + vat_cents == invoice["total_cents"] == total_cents
    assert sum(line["amount_cents"] for line in invoice["lines"]) == total_cents
    assert [payment["amount_cents"] for payment in invoice["payments"]] == [total_cents]


async def test_the_list_in_pages(student: Student) -> None:
    assert await pages(student, 2) == [[]]
    ids = [(await student.start()).json()["invoice_id"] for _ in range(4)]

    by_two = await pages(student, 2)
    assert [len(page) for page in by_two] == [2, 2]
    assert [len(page) for page in await pages(student, 3)] == [3, 1]
    [whole] = await pages(student, 100)
    assert [invoice["id"] for invoice in whole] == sorted(ids, reverse=True)
    assert [invoice for page in by_two for invoice in page] == whole
    numbers = [invoice["number"] for invoice in whole]
    assert numbers == sorted(set(numbers), reverse=True)


async def test_the_list_by_status(student: Student) -> None:
    for _ in range(4):
        await student.start()

    [[still_open]] = await pages(student, 10, status="open")
    assert still_open["status"] == "open"
    void = await pages(student, 2, status="void")
    assert [[invoice["status"] for invoice in page] for page in void] == [["void", "void"], ["void"]]
    assert await pages(student, 10, status="paid") == [[]]
    assert await pages(student, 10, status="draft") == [[]]


async def test_a_page_stays_what_it_was_when_newer_ones_come(student: Student) -> None:
    for _ in range(3):
        await student.start()
    cursor = (await student.get("/invoices", limit=1)).json()["next_cursor"]
    before = (await student.get("/invoices", limit=1, cursor=cursor)).json()
    await student.start()

    after = (await student.get("/invoices", limit=1, cursor=cursor)).json()
    assert [invoice["id"] for invoice in after["items"]] == [invoice["id"] for invoice in before["items"]]


async def test_somebody_else_s_are_nowhere(
    world: World, http: httpx2.AsyncClient, bystander: Student
) -> None:
    life = await Life.begin(world)
    for _ in range(2):
        await life.student.start()
    newest = (await life.student.get("/invoices", limit=1)).json()

    others = await bystander.get(f"/invoices/{newest['items'][0]['id']}")
    missing = await bystander.get("/invoices/9223372036854775807")
    assert refusal(others) == (404, "invoice_not_found")
    assert others.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    for params in ({}, {"cursor": newest["next_cursor"]}, {"status": "void"}):
        answer = await bystander.get("/invoices", **params)
        assert answer.json() == {"items": [], "next_cursor": None}
    by_user = await bystander.get("/invoices", user_id=life.student.id)
    assert refusal(by_user) == (422, "validation_failed")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "all", "", "9" * 30])
async def test_a_limit_that_is_none(bystander: Student, limit: str) -> None:
    assert refusal(await bystander.get("/invoices", limit=limit)) == (422, "validation_failed")


@pytest.mark.parametrize(
    "cursor", ["", "!", "MQ==", "MA", "LTE", "abc", "è", "\x00", "OTIyMzM3MjAzNjg1NDc3NTgwOA"]
)
async def test_a_cursor_that_no_list_gave_out(bystander: Student, cursor: str) -> None:
    assert refusal(await bystander.get("/invoices", cursor=cursor)) == (422, "invalid_cursor")


async def test_a_cursor_that_is_too_long(bystander: Student) -> None:
    assert refusal(await bystander.get("/invoices", cursor="M" * 101)) == (422, "validation_failed")


@pytest.mark.parametrize("status", ["", "OPEN", "unpaid", "open,paid", "\x00"])
async def test_a_status_that_is_none(bystander: Student, status: str) -> None:
    assert refusal(await bystander.get("/invoices", status=status)) == (422, "validation_failed")
