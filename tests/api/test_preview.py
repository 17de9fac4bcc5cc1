"""What a start would bill, asked over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from ops.settings import Settings
from tests.client import Student, refusal
from tests.lives import Life, World
from tests.plans import plan_on_sale

START_AT = "2026-03-01T00:00:00Z"


async def preview(student: Student, plan_code: str = "P30D", **fields: Any) -> httpx2.Response:
    return await student.post("/subscriptions/preview", {"plan_code": plan_code, **fields})


async def previewed(student: Student, plan_code: str = "P30D", **fields: Any) -> dict[str, Any]:
    answer = await preview(student, plan_code, **fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def change(at: str, plan_code: str) -> dict[str, str]:
    return {"at": at, "plan_code": plan_code}


def freeze(since: str, until: str) -> dict[str, str]:
    return {"from": since, "until": until}


async def test_the_whole_answer(bystander: Student) -> None:
    amounts = {
        "subtotal_cents": 1_990,
        "discount_cents": 0,
        "total_cents": 1_990,
        "vat_cents": 359,
        "gift_cents": 0,
        "balance_cents": 0,
        "amount_due_cents": 1_990,
    }
    period = {"period_start": START_AT, "period_end": "2026-03-31T00:00:00Z"}

    assert await previewed(bystander, start_at=START_AT) == {
        "start_at": START_AT,
        "trial_ends_at": None,
        "ends_at": "2026-03-31T00:00:00Z",
        "currency": "EUR",
        "invoices": [
            {
                **amounts,
                **period,
                "billing_reason": "subscription_create",
                "currency": "EUR",
                "lines": [
                    {
                        **period,
                        "kind": "plan",
                        "description": "Italian lessons, 30 days",
                        "amount_cents": 1_990,
                    }
                ],
            }
        ],
        "totals": amounts,
    }


async def test_without_a_start_it_is_now(bystander: Student) -> None:
    asked_at = datetime.now(UTC)
    start_at = datetime.fromisoformat((await previewed(bystander))["start_at"])

    assert asked_at - timedelta(seconds=1) < start_at < datetime.now(UTC) + timedelta(seconds=1)


async def test_the_plan_may_be_called_code_as_in_a_start(bystander: Student) -> None:
    body = {"code": "P30D", "start_at": START_AT}
    answer = await bystander.post("/subscriptions/preview", body)

    assert answer.json() == await previewed(bystander, start_at=START_AT)


@pytest.mark.parametrize(
    ("start_at", "ends"),
    [
        ("2026-08-31T09:30:00Z", ["2027-02-28", "2027-08-31", "2028-02-29"]),
        ("0001-08-31T09:30:00Z", ["0002-02-28", "0002-08-31", "0003-02-28"]),
        ("9000-08-31T09:30:00Z", ["9001-02-28", "9001-08-31", "9002-02-28"]),
    ],
)
async def test_from_any_instant_on(bystander: Student, start_at: str, ends: list[str]) -> None:
    seen = await previewed(bystander, "P6M", start_at=start_at, periods=3)

    assert [invoice["period_end"] for invoice in seen["invoices"]] == [f"{end}T09:30:00Z" for end in ends]
    assert seen["ends_at"] == f"{ends[-1]}T09:30:00Z"


async def test_changes_and_freezes_on_the_way(bystander: Student) -> None:
    """Both times 60 % of the paid time are left; what is credited above the charge goes to the balance."""
    seen = await previewed(
        bystander,
        start_at=START_AT,
        periods=4,
        changes=[change("2026-03-23T00:00:00Z", "P1Y"), change("2026-08-16T00:00:00Z", "P6M")],
        freezes=[freeze("2026-03-06T00:00:00Z", "2026-03-16T00:00:00Z")],
    )

    lines = [[(line["kind"], line["amount_cents"]) for line in i["lines"]] for i in seen["invoices"]]
    assert lines == [
        [("plan", 1_990)],
        [("plan", 17_990), ("proration_credit", -1_194)],
        [("plan", 9_990), ("proration_credit", -10_794), ("credit_to_balance", 804)],
        [("plan", 9_990)],
    ]
    assert [(i["billing_reason"], i["balance_cents"], i["amount_due_cents"]) for i in seen["invoices"]] == [
        ("subscription_create", 0, 1_990),
        ("subscription_update", 0, 16_796),
        ("subscription_update", 0, 0),
        ("subscription_cycle", 804, 9_186),
    ]
    assert seen["ends_at"] == "2027-08-16T00:00:00Z"
    assert seen["totals"]["amount_due_cents"] == 1_990 + 16_796 + 9_186


async def test_sixty_periods_with_fifty_changes(bystander: Student) -> None:
    began = datetime.fromisoformat(START_AT)
    changes = [
        change((began + timedelta(days=30 * n + 15)).isoformat(), "P1Y-FAMILY" if n % 2 else "P1Y")
        for n in range(50)
    ]

    seen = await previewed(bystander, start_at=START_AT, periods=60, changes=changes)

    of_changes_within_a_period = 49
    assert len(seen["invoices"]) == 60 + of_changes_within_a_period
    assert seen["totals"]["amount_due_cents"] == sum(i["amount_due_cents"] for i in seen["invoices"])


async def test_a_trial_is_for_whom_has_had_none(world: World, admin: Student, student: Student) -> None:
    async with plan_on_sale(admin, "P1M", trial_days=14) as plan:
        before = await previewed(student, plan, start_at=START_AT)
        life = await Life.begin(world, plan, student=student)
        assert (await life.post("cancel", {"at_period_end": False})).is_success
        after = await previewed(student, plan, start_at=START_AT)

    assert before["trial_ends_at"] == before["invoices"][0]["period_start"] == "2026-03-15T00:00:00Z"
    assert before["invoices"][0]["billing_reason"] == "subscription_cycle"
    assert (after["trial_ends_at"], after["invoices"][0]["period_start"]) == (None, START_AT)


async def test_who_has_a_subscription_may_look_too(active: Life) -> None:
    assert (await preview(active.student, "P1Y")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"plan_code": "P9Y"}, (404, "plan_not_found")),
        ({"promo_code": "NONE"}, (404, "promo_code_not_found")),
        ({"gift_code": "NONE"}, (404, "gift_card_not_found")),
        ({"changes": [change("2026-03-05T00:00:00Z", "P9Y")]}, (404, "plan_not_found")),
        ({"changes": [change("2026-03-05T00:00:00Z", "P30D")]}, (409, "plan_unchanged")),
        ({"changes": [change("2026-02-28T23:59:59Z", "P1Y")]}, (409, "plan_change_not_possible")),
        ({"changes": [change("2026-03-31T00:00:00Z", "P1Y")]}, (409, "plan_change_not_possible")),
        (
            {
                "changes": [change("2026-03-10T00:00:00Z", "P1Y")],
                "freezes": [freeze("2026-03-05T00:00:00Z", "2026-03-15T00:00:00Z")],
            },
            (409, "plan_change_not_possible"),
        ),
        (
            {"freezes": [freeze("2026-02-28T00:00:00Z", "2026-03-05T00:00:00Z")]},
            (409, "freeze_only_from_active"),
        ),
        (
            {"freezes": [freeze("2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z")]},
            (409, "freeze_only_from_active"),
        ),
        (
            {"freezes": [freeze("2026-03-05T00:00:00Z", "2026-04-05T00:00:00Z")]},
            (409, "freeze_allowance_spent"),
        ),
        (
            {"freezes": [freeze("2026-03-05T00:00:00Z", "9999-12-31T23:59:59Z")]},
            (409, "freeze_allowance_spent"),
        ),
    ],
    ids=str,
)
async def test_what_the_rules_refuse(
    bystander: Student, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    asked = {"plan_code": "P30D", "start_at": START_AT} | fields

    assert refusal(await bystander.post("/subscriptions/preview", asked)) == expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"periods": 0}, "periods"),
        ({"periods": 61}, "periods"),
        ({"periods": "3"}, "periods"),
        ({"start_at": "9001-01-01T00:00:00Z"}, "start_at"),
        ({"start_at": "2026-03-01T00:00:00"}, "start_at"),
        ({"changes": [{"at": "2026-03-05T00:00:00Z"}]}, "changes.0.plan_code"),
        ({"changes": [change("soon", "P1Y")]}, "changes.0.at"),
        ({"changes": [change("2026-03-05T00:00:00Z", "P1Y") | {"when": "now"}]}, "changes.0.when"),
        (
            {"changes": [change("2026-03-06T00:00:00Z", "P1Y"), change("2026-03-05T00:00:00Z", "P6M")]},
            "changes",
        ),
        (
            {"changes": [change("2026-03-05T00:00:00Z", "P1Y"), change("2026-03-05T01:00:00+01:00", "P6M")]},
            "changes",
        ),
        ({"changes": [change(f"2026-03-05T00:00:{s:02}Z", "P1Y") for s in range(51)]}, "changes"),
        ({"changes": {"at": "2026-03-05T00:00:00Z", "plan_code": "P1Y"}}, "changes"),
        ({"freezes": [{"from": "2026-03-05T00:00:00Z"}]}, "freezes.0.until"),
        ({"freezes": [freeze("2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z")]}, "freezes.0"),
        (
            {
                "freezes": [
                    freeze("2026-03-05T00:00:00Z", "2026-03-07T00:00:00Z"),
                    freeze("2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z"),
                ]
            },
            "freezes",
        ),
        ({"promo_code": ""}, "promo_code"),
        ({"promo_code": "P" * 65}, "promo_code"),
        ({"payment_method": {"provider": "sandbox", "token": "tok_ok"}}, "payment_method"),
    ],
    ids=str,
)
async def test_what_cannot_be_understood(bystander: Student, fields: dict[str, Any], field: str) -> None:
    answer = await preview(bystander, **fields)

    assert refusal(answer) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_guessing_codes_has_an_end(student: Student, settings: Settings) -> None:
    tries = settings.promo_codes_per_user_per_hour
    guesses = [await preview(student, promo_code=f"GUESS-{n}") for n in range(tries + 1)]

    refusals = [refusal(answer) for answer in guesses]
    assert refusals[:-1] == [(404, "promo_code_not_found")] * tries
    assert refusals[-1] == (429, "too_many_attempts")
    assert int(guesses[-1].headers["retry-after"]) > 0
    assert (await preview(student)).status_code == 200
