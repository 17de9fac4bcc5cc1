"""Staff give payments back: within what is left, once per request, also after the end."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World

WHY = {"reason": "the lessons did not load"}
A_PAYMENT = 1_990


async def refund(
    admin: Student, life: Life, amount_cents: int | None = None, **headers: Any
) -> httpx2.Response:
    body = WHY if amount_cents is None else WHY | {"amount_cents": amount_cents}
    return await admin.post(f"/admin/payments/{life.payment_id}/refund", body, **headers)


async def read(staff: Student, life: Life) -> dict[str, Any]:
    answer = await staff.get(f"/admin/payments/{life.payment_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def settled(staff: Student, life: Life, count: int = 1) -> dict[str, Any]:
    """The payment, when so many of its refunds are settled and the rest as well."""

    async def look() -> dict[str, Any]:
        payment = await read(staff, life)
        assert [refund["status"] for refund in payment["refunds"]] == ["succeeded"] * count
        return payment

    return await eventually(look)


async def test_a_refund_of_all_that_is_left(active: Life, admin: Student, support: Student) -> None:
    answer = await refund(admin, active)

    assert answer.status_code == 202, answer.text
    opened = answer.json()
    assert opened == {
        "id": opened["id"],
        "payment_id": active.payment_id,
        "reason": "staff",
        "status": opened["status"],
        "amount_cents": A_PAYMENT,
        "currency": "EUR",
        "actor": f"user:{admin.id}",
        "note": WHY["reason"],
        "reference": opened["reference"],
        "trace_id": opened["trace_id"],
        "created_at": opened["created_at"],
        "settled_at": opened["settled_at"],
    }
    payment = await settled(support, active)
    [done] = payment["refunds"]
    assert payment["left_cents"] == 0
    assert (done["id"], done["note"]) == (opened["id"], WHY["reason"])
    book = await active.book()
    assert book.status == "active"
    assert book.invoices == ["paid"]
    assert book.timeline == ["opened", "activated", "refund_opened", "refunded"]
    assert book.balances == {"refunds": 1_631, "deferred_revenue": -1_631}


async def test_its_payer_sees_it_with_the_invoice_and_not_what_staff_wrote(
    active: Life, admin: Student
) -> None:
    await refund(admin, active, 990)
    [done] = (await settled(admin, active))["refunds"]

    [invoice] = (await active.student.get("/invoices")).json()["items"]
    assert (invoice["status"], invoice["refunds"]) == (
        "paid",
        [
            {
                "id": done["id"],
                "payment_id": active.payment_id,
                "reason": "staff",
                "status": "succeeded",
                "amount_cents": 990,
                "currency": "EUR",
                "created_at": done["created_at"],
                "settled_at": done["settled_at"],
            }
        ],
    )
    timeline = await active.student.get(f"/subscriptions/{active.subscription_id}/timeline")
    assert WHY["reason"] not in timeline.text


async def test_parts_of_it_add_up_to_the_whole(active: Life, admin: Student) -> None:
    for amount_cents in (1, 333, 1_000):
        assert (await refund(admin, active, amount_cents)).status_code == 202
    await refund(admin, active)

    payment = await settled(admin, active, 4)
    assert [part["amount_cents"] for part in payment["refunds"]] == [1, 333, 1_000, 656]
    assert (await active.book()).balances == {"refunds": 1_631, "deferred_revenue": -1_631}


async def test_never_above_what_is_left(active: Life, admin: Student) -> None:
    assert (await refund(admin, active, 990)).status_code == 202

    refused = await refund(admin, active, 1_001)
    assert refusal(refused) == (409, "refund_exceeds_payment")
    assert refused.json()["left_cents"] == 1_000
    assert (await refund(admin, active, 1_000)).status_code == 202
    assert refusal(await refund(admin, active)) == (409, "refund_exceeds_payment")
    await settled(admin, active, 2)


async def test_twenty_at_once_give_back_no_more_than_was_paid(active: Life, admin: Student) -> None:
    async def ask() -> tuple[int, str | None]:
        """Asked again under its key where a busy machine answers too late."""
        key = uuid.uuid4().hex

        async def answered() -> tuple[int, str | None] | None:
            told = refusal(await refund(admin, active, 200, key=key))
            return None if told[0] == 503 or told[1] == "idempotency_in_progress" else told

        told = await eventually(answered)
        assert told is not None
        return told

    answers = await asyncio.gather(*(ask() for _ in range(20)))
    assert sorted(answers, key=str) == [(202, None)] * 9 + [(409, "refund_exceeds_payment")] * 11
    payment = await settled(admin, active, 9)
    assert payment["left_cents"] == A_PAYMENT - 9 * 200
    assert (await active.book()).timeline.count("refunded") == 9


async def test_one_key_is_one_refund(active: Life, admin: Student) -> None:
    key = uuid.uuid4().hex
    first = await refund(admin, active, 500, key=key)
    await settled(admin, active)
    again = await refund(admin, active, 500, key=key)

    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert refusal(await refund(admin, active, 501, key=key)) == (422, "idempotency_key_reused")
    assert (await settled(admin, active))["left_cents"] == A_PAYMENT - 500


async def test_a_refusal_leaves_the_key_free(active: Life, admin: Student) -> None:
    key = uuid.uuid4().hex
    assert refusal(await refund(admin, active, 1_991, key=key)) == (409, "refund_exceeds_payment")
    assert (await refund(admin, active, 1_990, key=key)).status_code == 202
    await settled(admin, active)


async def test_nothing_to_give_back_of_what_was_not_paid(unpaid: Life, admin: Student) -> None:
    assert refusal(await refund(admin, unpaid)) == (409, "refund_exceeds_payment")


async def test_after_the_subscription_has_ended(active: Life, admin: Student) -> None:
    await active.post("cancel", {"at_period_end": False})
    await active.closes()
    assert (await refund(admin, active)).status_code == 202

    await settled(admin, active)
    assert (await active.book()).balances == {"refunds": 1_631, "revenue": -1_631}


async def test_a_card_gets_it_back_as_its_provider_tells(world: World, admin: Student) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    await refund(admin, life, 490)
    await refund(admin, life, 500)
    await settled(admin, life, 2)

    psp = world.stack.psp
    [charge] = await psp.charges(life.subscription_id)
    assert (charge["status"], charge["amount_cents"], charge["refunded_cents"]) == ("succeeded", 1_990, 990)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": 7},
        WHY | {"amount_cents": 0},
        WHY | {"amount_cents": -1},
        WHY | {"amount_cents": 1.5},
        WHY | {"amount_cents": "1"},
        WHY | {"amount_cents": 2**63},
    ],
)
async def test_a_request_that_is_none(active: Life, admin: Student, body: Any) -> None:
    answer = await admin.post(f"/admin/payments/{active.payment_id}/refund", body)
    assert refusal(answer) == (422, "validation_failed")
    assert (await read(admin, active))["refunds"] == []
