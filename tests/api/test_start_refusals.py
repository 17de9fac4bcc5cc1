"""A start that cannot be understood is refused, and nothing is written."""

import json
from typing import Any

import pytest

from tests.client import Student, refusal

NEVER = [
    "price",
    "price_cents",
    "amount_cents",
    "currency",
    "user_id",
    "status",
    "period_end",
    "discount_cents",
]


async def assert_nothing_started(student: Student) -> None:
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"
    assert (await student.get("/invoices")).json()["items"] == []


async def start_with(student: Student, body: Any) -> list[str]:
    """The fields that a start is refused for."""
    answer = await student.post_bytes("/subscriptions/start", json.dumps(body).encode(), key="k")
    assert refusal(answer) == (422, "validation_failed"), answer.text
    return [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "plan_code", ["P9Y", "p30d", "P30D ", " P30D", "è", "P30D' OR '1'='1", "../plans", "%"]
)
async def test_an_unknown_plan(bystander: Student, plan_code: str) -> None:
    assert refusal(await bystander.start(plan_code)) == (404, "plan_not_found")
    await assert_nothing_started(bystander)


@pytest.mark.parametrize(
    "value", [None, 1, True, [], {}, ["P30D"], "", "P" * 65, "P30D\x00", "\ud800", "P\udfff"]
)
async def test_a_plan_code_that_is_none(bystander: Student, value: Any) -> None:
    assert await start_with(bystander, {"plan_code": value}) == ["plan_code"]
    await assert_nothing_started(bystander)


@pytest.mark.parametrize("field", NEVER)
async def test_a_field_that_a_start_does_not_have(bystander: Student, field: str) -> None:
    for value in ("1", None):
        assert await start_with(bystander, {"plan_code": "P30D", field: value}) == [field]
    await assert_nothing_started(bystander)


async def test_a_plan_named_twice(bystander: Student) -> None:
    assert await start_with(bystander, {"plan_code": "P30D", "code": "P1Y"}) == ["code"]
    await assert_nothing_started(bystander)


@pytest.mark.parametrize("body", [{}, None, [], "P30D", 1])
async def test_a_body_without_a_plan(bystander: Student, body: Any) -> None:
    assert len(await start_with(bystander, body)) == 1
    await assert_nothing_started(bystander)


@pytest.mark.parametrize("body", [b'{"plan_code": "P30D"', b"plan_code=P30D", b"\x00", b"[" * 10_000])
async def test_a_body_that_is_not_json(bystander: Student, body: bytes) -> None:
    answer = await bystander.post_bytes("/subscriptions/start", body, key="k")

    assert refusal(answer) == (400, "invalid_json")
    await assert_nothing_started(bystander)
