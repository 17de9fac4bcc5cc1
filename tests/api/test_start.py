"""What a start answers, and what it leaves behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import Student, refusal
from tests.lives import Life, World

MOST_STARTS_AN_HOUR = 20


async def invoices_of(student: Student) -> list[dict[str, Any]]:
    """The newest first."""
    items: list[dict[str, Any]] = (await student.get("/invoices", limit=100)).json()["items"]
    return items


async def test_a_start_answers_with_all_that_there_is_to_know(student: Student) -> None:
    before = datetime.now(UTC)
    answer = await student.start("P30D")
    after = datetime.now(UTC)

    assert answer.status_code == 201
    started = answer.json()
    begins, ends = (
        datetime.fromisoformat(started["period_start"]),
        datetime.fromisoformat(started["period_end"]),
    )
    assert before - timedelta(seconds=1) <= begins <= after + timedelta(seconds=1)
    assert ends - begins == timedelta(days=30)
    assert started["period_start"].endswith("Z")
    assert started["period_end"].endswith("Z")
    assert all(started[name] > 0 for name in ("subscription_id", "invoice_id", "payment_id"))
    assert started == {
        "subscription_id": started["subscription_id"],
        "invoice_id": started["invoice_id"],
        "payment_id": started["payment_id"],
        "promo_code": None,
        "gift_code": None,
        "discount_cents": 0,
        "gift_cents": 0,
        "amount_cents": 1_990,
        "currency": "EUR",
        "period_start": started["period_start"],
        "period_end": started["period_end"],
        "payment_status": "pending",
        "provider": "mock",
        "status": "incomplete",
    }
    assert answer.headers["location"] == f"/subscriptions/{started['subscription_id']}"
    assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize(
    ("plan_code", "amount_cents", "shortest_days", "longest_days"),
    [
        ("P30D", 1_990, 30, 30),
        ("P6M", 9_990, 181, 184),
        ("P1Y", 17_990, 365, 366),
        ("P1Y-FAMILY", 35_990, 365, 366),
    ],
)
async def test_each_plan_at_its_price_and_for_its_time(
    student: Student, plan_code: str, amount_cents: int, shortest_days: int, longest_days: int
) -> None:
    started = (await student.start(plan_code)).json()

    lasts = datetime.fromisoformat(started["period_end"]) - datetime.fromisoformat(started["period_start"])
    assert started["amount_cents"] == amount_cents
    assert timedelta(days=shortest_days) <= lasts <= timedelta(days=longest_days)
    assert (await student.get("/me/subscription")).json()["plan_code"] == plan_code


async def test_the_location_leads_to_the_subscription(student: Student) -> None:
    answer = await student.start()

    read = await student.get(answer.headers["location"])
    assert read.status_code == 200
    assert read.json()["subscription_id"] == answer.json()["subscription_id"]


async def test_a_new_start_takes_the_place_of_an_unpaid_one(world: World, unpaid: Life) -> None:
    student, key = unpaid.student, "the second try"
    again = await Life.begin(world, "P1Y", student=student, key=key)

    assert again.subscription_id != unpaid.subscription_id
    assert again.payment_id != unpaid.payment_id
    old = (await student.get(f"/subscriptions/{unpaid.subscription_id}")).json()
    assert old["status"] == "incomplete_expired"
    assert old["ended_at"] is not None
    assert old["next_action"] is None
    current = (await student.get("/me/subscription")).json()
    assert (current["subscription_id"], current["status"]) == (again.subscription_id, "incomplete")
    newer, older = await invoices_of(student)
    assert (newer["status"], newer["payments"][0]["status"]) == ("open", "pending")
    assert (older["status"], older["payments"][0]["status"]) == ("void", "failed")
    assert older["payments"][0]["failure_code"] == "invoice_voided"
    assert older["number"] is not None
    await unpaid.closes()


async def test_a_live_subscription_refuses_a_second_and_says_which_it_is(active: Life) -> None:
    before = await invoices_of(active.student)
    answer = await active.student.start("P1Y")

    assert refusal(answer) == (409, "subscription_exists")
    assert answer.json()["subscription_id"] == active.subscription_id
    assert await invoices_of(active.student) == before


async def test_one_that_will_end_is_live_until_then(active: Life) -> None:
    await active.post("cancel", {"at_period_end": True})

    assert refusal(await active.student.start()) == (409, "subscription_exists")


async def test_an_ended_one_makes_room(active: Life) -> None:
    await active.post("cancel", {"at_period_end": False})

    answer = await active.student.start("P6M")
    assert answer.status_code == 201
    assert answer.json()["subscription_id"] != active.subscription_id
    assert (await active.student.get("/me/subscription")).json()["status"] == "incomplete"


async def test_starts_are_limited_by_the_hour(student: Student, unpaid: Life) -> None:
    for _ in range(MOST_STARTS_AN_HOUR):
        assert (await student.start()).status_code == 201
    written = await invoices_of(student)

    refused = await student.start(key="one too many")
    assert refusal(refused) == (429, "too_many_starts")
    assert int(refused.headers["retry-after"]) > 0
    assert refusal(await student.start(key="one too many")) == (429, "too_many_starts")
    assert await invoices_of(student) == written
    assert len(written) == MOST_STARTS_AN_HOUR
    assert (await unpaid.student.start()).status_code == 201, "somebody else is not limited by it"
