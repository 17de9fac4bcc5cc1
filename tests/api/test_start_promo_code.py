"""Starting with a promo code over HTTP: what the answer says, and everything that a code is refused for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_start_refusals import assert_nothing_started
from tests.client import Student, refusal
from tests.lives import World
from tests.staff import make_plan, make_promo_code

NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)


async def counted(admin: Student, code: str) -> int:
    count: int = (await admin.get(f"/admin/promo-codes/{code}")).json()["redemption_count"]
    return count


async def invoices_of(student: Student) -> list[tuple[int, str, list[tuple[str, int]], int]]:
    """Total, status, lines and number of payments of each."""
    return [
        (
            invoice["total_cents"],
            invoice["status"],
            [(line["kind"], line["amount_cents"]) for line in invoice["lines"]],
            len(invoice["payments"]),
        )
        for invoice in (await student.get("/invoices")).json()["items"]
    ]


async def test_what_a_start_with_a_code_answers(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, duration="repeating", duration_periods=3)
    answer = await student.start(promo_code=f" {code.lower()} ")

    assert answer.status_code == 201, answer.text
    started = answer.json()
    assert {
        name: started[name] for name in ("promo_code", "discount_cents", "gift_cents", "amount_cents")
    } == {
        "promo_code": code,
        "discount_cents": 398,
        "gift_cents": 0,
        "amount_cents": 1_592,
    }
    assert (started["status"], started["payment_status"], started["provider"]) == (
        "incomplete",
        "pending",
        "mock",
    )
    assert await invoices_of(student) == [(1_592, "open", [("plan", 1_990), ("discount", -398)], 1)]
    shown = (await student.get("/me/subscription")).json()
    assert (shown["promo_code"], shown["promo_periods_left"]) == (code, 3)
    assert await counted(admin, code) == 1


async def test_a_hundred_percent_is_active_without_a_payment(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, percent_off=100, duration="forever")
    started = (await student.start(promo_code=code)).json()

    assert (started["status"], started["payment_status"], started["payment_id"]) == (
        "active",
        "not_required",
        None,
    )
    assert (started["promo_code"], started["discount_cents"], started["amount_cents"]) == (code, 1_990, 0)
    assert await invoices_of(student) == [(0, "paid", [("plan", 1_990), ("discount", -1_990)], 0)]
    [invoice] = (await student.get("/invoices")).json()["items"]
    assert (invoice["id"], invoice["number"][:3]) == (started["invoice_id"], "IT-")
    shown = (await student.get(f"/subscriptions/{started['subscription_id']}")).json()
    assert (shown["promo_code"], shown["promo_periods_left"], shown["access"]["allowed"]) == (
        code,
        None,
        True,
    )
    assert (await student.get("/content/modules")).status_code == 200


async def test_more_off_than_it_costs_is_lost(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, amount_off_cents=5_000, currency="EUR")
    started = (await student.start(promo_code=code)).json()

    assert (started["status"], started["discount_cents"], started["amount_cents"]) == ("active", 1_990, 0)


async def test_a_trial_keeps_it_for_later(student: Student, admin: Student) -> None:
    code, plan = await make_promo_code(admin), await make_plan(admin, trial_days=14)
    started = (await student.start(plan, promo_code=code)).json()

    assert (started["status"], started["invoice_id"]) == ("trialing", None)
    assert (started["promo_code"], started["discount_cents"]) == (code, 0)
    shown = (await student.get("/me/subscription")).json()
    assert (shown["promo_code"], shown["promo_periods_left"]) == (code, 1)


async def test_the_same_key_gets_the_same_answer_and_one_redemption(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=1)
    first = await student.start(promo_code=code, key="k")
    again = await student.start(promo_code=code.lower(), key="k")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await counted(admin, code) == 1
    other = await make_promo_code(admin)
    for another in ({"promo_code": other}, {}):
        refused = await student.start(key="k", **another)
        assert refusal(refused) == (422, "idempotency_key_reused")
    assert await counted(admin, other) == 0


async def test_a_new_start_may_use_the_code_of_the_unpaid_one(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=1, max_redemptions_per_user=1)
    assert (await student.start(promo_code=code)).status_code == 201

    assert (await student.start("P1Y", promo_code=code)).status_code == 201
    assert await counted(admin, code) == 1
    assert (await student.start("P1Y")).status_code == 201
    assert await counted(admin, code) == 0


REFUSED: dict[str, tuple[tuple[int, str], dict[str, Any]]] = {
    "not yet": ((409, "promo_code_expired"), {"valid_from": (NOW + A_DAY).isoformat()}),
    "over": ((409, "promo_code_expired"), {"valid_until": (NOW - A_DAY).isoformat()}),
    "other plans": ((409, "promo_code_not_applicable"), {"plan_codes": ["P1Y", "P6M"]}),
    "other currency": ((409, "currency_mismatch"), {"amount_off_cents": 500, "currency": "USD"}),
}


@pytest.mark.parametrize(("expected", "terms"), REFUSED.values(), ids=REFUSED)
async def test_a_code_that_is_not_for_this_start(
    student: Student, admin: Student, expected: tuple[int, str], terms: dict[str, Any]
) -> None:
    code = await make_promo_code(admin, **terms)

    for _ in range(2):
        assert refusal(await student.start(promo_code=code, key="k")) == expected
    await assert_nothing_started(student)
    assert await counted(admin, code) == 0
    assert (await student.start(key="k")).status_code == 201, "its key was not burnt"


async def test_it_is_the_time_of_the_start_that_counts(student: Student, admin: Student) -> None:
    in_2035 = {"valid_from": "2035-01-01T00:00:00Z", "valid_until": "2036-01-01T00:00:00Z"}
    code = await make_promo_code(admin, **in_2035)
    assert refusal(await student.start(promo_code=code)) == (409, "promo_code_expired")
    later = await student.start(promo_code=code, start_at="2036-01-01T00:00:00Z")
    assert refusal(later) == (409, "promo_code_expired")

    started = await student.start(promo_code=code, start_at="2035-12-31T12:00:00Z")

    assert (started.status_code, started.json()["discount_cents"]) == (201, 398)
    redeemed = (await admin.get(f"/admin/promo-codes/{code}")).json()["first_redeemed_at"]
    assert redeemed == started.json()["period_start"]
    ended = await admin.patch(f"/admin/promo-codes/{code}", {"valid_until": NOW.isoformat()})
    assert refusal(ended) == (422, "validation_failed"), "it would end before it begins"


async def test_one_that_is_gone(world: World, student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=1)
    assert (await (await Student.signup(world.http)).start(promo_code=code)).status_code == 201

    assert refusal(await student.start(promo_code=code)) == (409, "promo_code_exhausted")
    await assert_nothing_started(student)
    assert await counted(admin, code) == 1


async def test_one_a_user(student: Student, admin: Student) -> None:
    code = await make_promo_code(admin, percent_off=100, max_redemptions_per_user=1)
    started = (await student.start(promo_code=code)).json()
    canceled = await student.post(
        f"/subscriptions/{started['subscription_id']}/cancel", {"at_period_end": False}
    )
    assert canceled.is_success
    before = await invoices_of(student)

    assert refusal(await student.start(promo_code=code)) == (409, "promo_code_exhausted")
    assert await invoices_of(student) == before
    assert await counted(admin, code) == 1, "what was redeemed stays so"


async def test_an_unknown_code(bystander: Student) -> None:
    for code in ("NOWHERE", "' OR 1=1 --", "%", "🍝", "x" * 64):
        assert refusal(await bystander.start(promo_code=code)) == (404, "promo_code_not_found"), code
    await assert_nothing_started(bystander)


@pytest.mark.parametrize("value", ["", "  ", "x" * 65, 20, True, [], {}, ["BENVENUTO"]])
async def test_a_code_that_is_none(bystander: Student, value: Any) -> None:
    answer = await bystander.start(promo_code=value)

    assert refusal(answer) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == ["promo_code"]
    await assert_nothing_started(bystander)


async def test_guessing_is_limited_also_for_the_right_one(
    world: World, student: Student, admin: Student
) -> None:
    code = await make_promo_code(admin)
    for number in range(world.stack.settings.promo_codes_per_user_per_hour):
        guessed = await student.start(promo_code=f"GUESS-{number}")
        assert refusal(guessed) == (404, "promo_code_not_found")

    for guess in ("ONE-TOO-MANY", code):
        limited = await student.start(promo_code=guess)
        assert refusal(limited) == (429, "too_many_attempts")
        assert int(limited.headers["retry-after"]) > 0
    await assert_nothing_started(student)
    assert (await student.start()).status_code == 201, "without a code nothing is guessed"
    assert (await (await Student.signup(world.http)).start(promo_code=code)).status_code == 201
