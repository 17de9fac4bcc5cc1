"""Staff put plans on sale, price them anew, and retire them. Nothing published is ever edited."""

import asyncio
import uuid
from typing import Any

import pytest

from tests.client import Student, refusal
from tests.lives import Life, World
from tests.staff import make_plan, new_plan

DEFAULTS = {"seats": 1, "trial_days": 0, "grace_days": 7, "freeze_days_per_year": 30, "retired_at": None}


async def find(staff: Student, code: str) -> dict[str, Any]:
    """The plan, wherever in the list it is."""
    cursor: str | None = None
    while True:
        page = (await staff.get("/admin/plans", limit=100, **({"cursor": cursor} if cursor else {}))).json()
        for plan in page["items"]:
            if plan["code"] == code:
                found: dict[str, Any] = plan
                return found
        cursor = page["next_cursor"]
        assert cursor is not None, f"there is no plan {code}"


async def on_sale(student: Student, code: str) -> dict[str, Any] | None:
    return next((plan for plan in (await student.get("/plans")).json() if plan["code"] == code), None)


async def test_a_plan_with_nothing_but_what_it_needs(admin: Student, support: Student) -> None:
    body = new_plan()
    made = await admin.post("/admin/plans", body)

    assert made.status_code == 201, made.text
    plan = made.json()
    [price], [policy] = plan["prices"], plan["dunning_policies"]
    assert plan == {
        "id": plan["id"],
        "code": body["code"],
        "name": body["name"],
        "period_iso": "P1M",
        "created_at": plan["created_at"],
        **DEFAULTS,
        "prices": [
            {
                "version": 1,
                "price_cents": 1_290,
                "currency": "EUR",
                "vat_rate_bp": 2_200,
                "created_at": price["created_at"],
            }
        ],
        "dunning_policies": [
            {
                "version": 1,
                "retry_days": [2, 7, 14, 21],
                "final_action": "cancel",
                "created_at": policy["created_at"],
            }
        ],
    }
    assert await find(support, body["code"]) == plan
    assert (await on_sale(admin, body["code"])) == {
        name: plan[name] for name in ("id", "code", "name", "period_iso", "seats", "trial_days")
    } | {"price_cents": 1_290, "currency": "EUR"}


async def test_a_plan_with_everything(admin: Student) -> None:
    terms = {
        "period_iso": "P1Y",
        "currency": "CHF",
        "seats": 5,
        "trial_days": 14,
        "grace_days": 3,
        "freeze_days_per_year": 180,
    }
    dunning = {"retry_days": [1, 200], "final_action": "unpaid"}
    code = await make_plan(admin, **terms, vat_rate_bp=810, dunning=dunning)

    plan = await find(admin, code)
    assert {name: plan.get(name) for name in terms} == {**terms, "currency": None}
    [price], [policy] = plan["prices"], plan["dunning_policies"]
    assert (price["currency"], price["vat_rate_bp"]) == ("CHF", 810)
    assert {name: policy[name] for name in dunning} == dunning


async def test_a_new_price_is_for_new_starts_and_running_ones_keep_theirs(
    world: World, admin: Student
) -> None:
    code = await make_plan(admin, vat_rate_bp=400)
    before = await Life.begin(world, code)
    await before.pay()
    priced = await admin.post(f"/admin/plans/{code}/prices", {"price_cents": 1_490, "currency": "EUR"})
    after = await Life.begin(world, code)

    assert priced.status_code == 201, priced.text
    assert [
        (price["version"], price["price_cents"], price["vat_rate_bp"]) for price in priced.json()["prices"]
    ] == [
        (1, 1_290, 400),
        (2, 1_490, 400),
    ]
    for life, price_cents in ((before, 1_290), (after, 1_490)):
        explained = (await admin.get(f"/admin/subscriptions/{life.subscription_id}/explain")).json()
        assert explained["explanation"]["plan"]["price_cents"] == price_cents
        [invoice] = (await life.student.get("/invoices")).json()["items"]
        assert invoice["total_cents"] == price_cents


async def test_a_retired_plan_takes_no_new_starts_and_runs_on(world: World, admin: Student) -> None:
    code = await make_plan(admin)
    life = await Life.begin(world, code)
    retired = await admin.post(f"/admin/plans/{code}/retire")
    again = await admin.post(f"/admin/plans/{code}/retire")

    assert retired.status_code == 200
    assert retired.json()["retired_at"] is not None
    assert again.json() == retired.json() == await find(admin, code)
    assert await on_sale(admin, code) is None
    assert refusal(await (await Student.signup(world.http)).start(code)) == (404, "plan_not_found")
    await life.pay()
    price = {"price_cents": 1, "currency": "EUR"}
    assert refusal(await admin.post(f"/admin/plans/{code}/prices", price)) == (409, "plan_retired")
    policy = await admin.post(f"/admin/plans/{code}/dunning-policies", {"retry_days": [5]})
    assert policy.status_code == 201
    assert [version["retry_days"] for version in policy.json()["dunning_policies"]] == [[2, 7, 14, 21], [5]]


async def test_a_new_policy_is_for_the_next_invoice(world: World, admin: Student) -> None:
    code = await make_plan(admin)
    before = await Life.begin(world, code)
    await admin.post(f"/admin/plans/{code}/dunning-policies", {"retry_days": [5]})
    after = await Life.begin(world, code)

    async def rules(life: Life) -> tuple[int, list[int]]:
        told = (await admin.get(f"/admin/subscriptions/{life.subscription_id}/explain")).json()
        used = told["explanation"]["rules"]
        return used["dunning_policy_version"], used["dunning_retry_days"]

    assert await rules(before) == (1, [2, 7, 14, 21])
    assert await rules(after) == (2, [5])


async def test_a_code_is_taken_for_ever(admin: Student) -> None:
    body = new_plan()
    await admin.post("/admin/plans", body)
    await admin.post(f"/admin/plans/{body['code']}/retire")

    assert refusal(await admin.post("/admin/plans", body)) == (409, "plan_code_taken")


async def test_of_many_at_once_with_one_code_one_is_made(admin: Student) -> None:
    body = new_plan()
    answers = await asyncio.gather(*(admin.post("/admin/plans", body) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {refusal(answer) for answer in answers if answer.is_error} == {(409, "plan_code_taken")}
    assert len((await find(admin, body["code"]))["prices"]) == 1


async def test_many_versions_at_once_are_numbered_one_after_the_other(admin: Student) -> None:
    code = await make_plan(admin)
    answers = await asyncio.gather(
        *(
            admin.post(f"/admin/plans/{code}/prices", {"price_cents": 1_300 + cents, "currency": "EUR"})
            for cents in range(6)
        ),
        *(admin.post(f"/admin/plans/{code}/dunning-policies", {"retry_days": [day]}) for day in range(1, 7)),
    )

    assert {answer.status_code for answer in answers} == {201}
    plan = await find(admin, code)
    for versions in (plan["prices"], plan["dunning_policies"]):
        assert [version["version"] for version in versions] == list(range(1, 8))


async def test_one_key_is_one_plan(admin: Student) -> None:
    key, body = uuid.uuid4().hex, new_plan()
    first = await admin.post("/admin/plans", body, key=key)
    again = await admin.post("/admin/plans", body, key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await admin.post("/admin/plans", new_plan(), key=key)
    assert refusal(other) == (422, "idempotency_key_reused")


async def test_of_many_at_once_under_one_key_all_get_one_answer(admin: Student) -> None:
    code, key = await make_plan(admin), uuid.uuid4().hex
    price = {"price_cents": 1_490, "currency": "EUR"}
    answers = await asyncio.gather(
        *(admin.post(f"/admin/plans/{code}/prices", price, key=key) for _ in range(6))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert len((await find(admin, code))["prices"]) == 2


async def test_a_plan_is_sold_in_one_currency(admin: Student) -> None:
    """Who runs at an older price may be moved to any newer one, and pays with promo codes and gift cards."""
    code = await make_plan(admin)

    refused = await admin.post(f"/admin/plans/{code}/prices", {"price_cents": 1_490, "currency": "USD"})

    assert refusal(refused) == (409, "currency_mismatch")
    assert [price["currency"] for price in (await find(admin, code))["prices"]] == ["EUR"]


async def test_a_refusal_leaves_the_key_free(admin: Student) -> None:
    key, body = uuid.uuid4().hex, new_plan()
    too_long = body | {"dunning": {"retry_days": [28]}}
    assert refusal(await admin.post("/admin/plans", too_long, key=key)) == (422, "dunning_window_too_long")

    assert (await admin.post("/admin/plans", body, key=key)).status_code == 201


@pytest.mark.parametrize(
    ("period_iso", "retry_days"),
    [("P1M", [27]), ("P30D", [29]), ("P1W", [1, 6]), ("P1Y", [364]), ("P2D", [1])],
)
async def test_dunning_ends_before_the_shortest_period_does(
    admin: Student, period_iso: str, retry_days: list[int]
) -> None:
    code = await make_plan(admin, period_iso=period_iso, dunning={"retry_days": retry_days})

    longer = {"retry_days": [*retry_days[:-1], retry_days[-1] + 1]}
    refused = await admin.post(f"/admin/plans/{code}/dunning-policies", longer)
    assert refusal(refused) == (422, "dunning_window_too_long")
    refused = await admin.post("/admin/plans", new_plan(period_iso=period_iso, dunning=longer))
    assert refusal(refused) == (422, "dunning_window_too_long")


async def test_a_short_plan_needs_a_policy_of_its_own(admin: Student) -> None:
    refused = await admin.post("/admin/plans", new_plan(period_iso="P1W"))
    assert refusal(refused) == (422, "dunning_window_too_long")


WRONG: dict[str, list[Any]] = {
    "code": ["", " ", "-x", "a b", "é", "x" * 65, "a/b", 7, None],
    "name": ["", "  ", "x" * 201, 7, None],
    "period_iso": [
        "",
        "P0D",
        "P0M",
        "P1M1D",
        "P1Y2W",
        "PT12H",
        "P1.5M",
        "-P1M",
        "P11Y",
        "P121M",
        "P9999D",
        "month",
        1,
    ],
    "price_cents": [0, -1, 1.5, "100", 100_000_001, None],
    "currency": ["", "eur", "EURO", "XXX", "JPY", "€", 978, None],
    "seats": [0, 101, "1"],
    "trial_days": [-1, 366],
    "grace_days": [-1, 91],
    "freeze_days_per_year": [-1, 181],
    "vat_rate_bp": [-1, 10_001, 22.0],
    "dunning": [
        {},
        {"retry_days": []},
        {"retry_days": list(range(1, 12))},
        {"retry_days": [0]},
        {"retry_days": [7, 2]},
        {"retry_days": [2, 2]},
        {"retry_days": ["2"]},
        {"retry_days": [40_000]},
        {"retry_days": [2], "final_action": "forget"},
        {"retry_days": [2], "grace": 1},
        [2],
    ],
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_field_out_of_its_bounds(admin: Student, name: str) -> None:
    body = new_plan()
    for value in WRONG[name]:
        answer = await admin.post("/admin/plans", body | {name: value})
        assert refusal(answer) == (422, "validation_failed"), value
        assert all(error["field"].startswith(name) for error in answer.json()["errors"]), value
    assert (await admin.post("/admin/plans", body)).status_code == 201


@pytest.mark.parametrize("name", ["price_cents", "currency", "vat_rate_bp"])
async def test_a_price_out_of_its_bounds(admin: Student, name: str) -> None:
    code = await make_plan(admin)
    for value in WRONG[name]:
        if value is None and name == "vat_rate_bp":
            continue
        body = {"price_cents": 1, "currency": "EUR", name: value}
        answer = await admin.post(f"/admin/plans/{code}/prices", body)
        assert refusal(answer) == (422, "validation_failed"), value
    assert len((await find(admin, code))["prices"]) == 1


async def test_a_code_that_no_plan_can_have(admin: Student) -> None:
    for code in ("%00", "a%20b", "x" * 65, "%F0%9F%8D%9D"):
        answer = await admin.post(f"/admin/plans/{code}/retire")
        assert refusal(answer) == (422, "validation_failed"), code


async def test_page_by_page_it_is_the_same(admin: Student) -> None:
    await make_plan(admin)
    whole = (await admin.get("/admin/plans", limit=100)).json()["items"]
    paged: list[Any] = []
    cursor: str | None = None
    while cursor is not None or not paged:
        page = (await admin.get("/admin/plans", limit=3, **({"cursor": cursor} if cursor else {}))).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if len(paged) >= len(whole):
            break

    assert paged[: len(whole)] == whole
    assert [plan["code"] for plan in whole[:4]] == ["P30D", "P6M", "P1Y", "P1Y-FAMILY"]
    assert refusal(await admin.get("/admin/plans", cursor="first")) == (422, "invalid_cursor")


async def test_a_trial_of_a_new_plan_is_had(admin: Student, student: Student) -> None:
    started = await student.start(await make_plan(admin, trial_days=14))

    assert (started.status_code, started.json()["status"]) == (201, "trialing")
