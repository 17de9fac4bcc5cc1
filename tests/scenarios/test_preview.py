"""What was previewed is billed: the same start on the virtual clock, line by line and charge by charge."""

from datetime import datetime, timedelta
from typing import Any

from tests.client import Student
from tests.clock_turn import instant
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Lived
from tests.staff import make_promo_code

DAY = timedelta(days=1)
SIX = 6
FOUND_ON_BOTH = (
    "billing_reason",
    "period_start",
    "period_end",
    "currency",
    "lines",
    "total_cents",
    "vat_cents",
)


async def preview(student: Student, plan: str, start_at: datetime, **fields: Any) -> dict[str, Any]:
    body = {"plan_code": plan, "start_at": start_at.isoformat(), "periods": SIX, **fields}
    answer = await student.post("/subscriptions/preview", body)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


def foreseen(seen: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: invoice[name] for name in FOUND_ON_BOTH} | {"charged": invoice["amount_due_cents"]}
        for invoice in seen["invoices"]
    ]


async def billed(lived: Lived) -> list[dict[str, Any]]:
    """All invoices, each with what was really charged for it."""
    return [
        {name: invoice[name] for name in FOUND_ON_BOTH}
        | {"charged": sum(p["amount_cents"] for p in invoice["payments"] if p["status"] == "succeeded")}
        for invoice in await lived.invoices()
    ]


async def with_balance(world: World, surplus_cents: int) -> Student:
    """Somebody who has once paid too much for what they gave up."""
    life = await Life.begin(world)
    await life.report(amount_cents=1_990 + surplus_cents, currency="EUR")
    await life.becomes("active")
    assert (await life.post("cancel", {"at_period_end": False})).is_success
    await life.closes()
    return life.student


async def test_what_was_previewed_is_billed(world: World, admin: Student) -> None:
    start_at = instant("2035-01-31T09:30:00Z")
    student = await with_balance(world, 2_500)
    async with plan_on_sale(admin, "P1M") as plan:
        seen = await preview(student, plan, start_at)
        lived = await Lived.begin(world, admin, plan, student=student, card="tok_ok", start_at=start_at)
    await lived.until(instant(seen["ends_at"]) - timedelta(hours=1))

    old, *invoices = await billed(lived)
    assert old["charged"] == 1_990
    assert invoices == foreseen(seen)
    assert [invoice["charged"] for invoice in invoices] == [0, 0, 470, 990, 990, 990]
    assert [invoice["balance_cents"] for invoice in seen["invoices"]] == [990, 990, 520, 0, 0, 0]
    await lived.is_settled()


async def test_what_an_unpaid_start_holds_is_there_for_the_next(world: World) -> None:
    student = await with_balance(world, 2_500)
    first = await Life.begin(world, "P6M", student=student)

    seen = await preview(student, "P6M", instant("2026-03-01T00:00:00Z"))
    await Life.begin(world, "P6M", student=student)

    paid = [(i["balance_cents"], i["amount_due_cents"]) for i in seen["invoices"][:2]]
    assert paid == [(2_500, 7_490), (0, 9_990)]
    newest, superseded, _ = (await student.get("/invoices")).json()["items"]
    assert [payment["amount_cents"] for payment in newest["payments"]] == [7_490]
    assert (superseded["subscription_id"], superseded["status"]) == (first.subscription_id, "void")


async def test_with_a_trial_and_freezes_on_the_way(world: World, admin: Student) -> None:
    """Frozen by hand, at whatever instant that is: a preview from the same instants is what was billed."""
    start_at = instant("2034-01-15T12:00:00.250000Z")
    async with plan_on_sale(admin, "P1M", trial_days=14) as plan:
        student = await Student.signup(world.http)
        unfrozen = await preview(student, plan, start_at)
        lived = await Lived.begin(world, admin, plan, student=student, card="tok_ok", start_at=start_at)
        for day in (20, 100):
            await lived.until_day(day)
            until = lived.own_now + 9 * DAY
            assert (await lived.life.post("freeze", {"until": until.isoformat()})).is_success
        await lived.until(instant(unfrozen["ends_at"]) + 18 * DAY - timedelta(hours=1))
        seen = await preview(await Student.signup(world.http), plan, start_at, freezes=await freezes(lived))

    assert await billed(lived) == foreseen(seen)
    assert instant(seen["ends_at"]) > instant(unfrozen["ends_at"]) + 18 * DAY - A_MOMENT
    await lived.is_settled()


async def test_with_codes_changes_and_a_freeze_on_the_way(world: World, admin: Student) -> None:
    """Up within the period, frozen, to another interval, and renewed: each at whatever instant that is."""
    start_at = instant("2034-03-01T08:00:00Z")
    promo = await make_promo_code(admin, percent_off=25, duration="repeating", duration_periods=3)
    gift, same_gift = await issue(admin, 2_000, count=2)
    codes = {"promo_code": promo, "gift_code": gift}
    async with plan_on_sale(admin, "P30D", price_cents=2_990) as plus:
        lived = await Lived.begin(world, admin, "P30D", card="tok_ok", start_at=start_at, **codes)
        await lived.until_day(12)
        assert (await lived.life.post("change-plan", {"plan_code": plus})).is_success
        await lived.until_day(15)
        until = lived.own_now + 9 * DAY
        assert (await lived.life.post("freeze", {"until": until.isoformat()})).is_success
        await lived.until_day(50)
        assert (await lived.life.post("change-plan", {"plan_code": "P6M"})).is_success
        await lived.until_day(250)
        invoices = await billed(lived)
        seen = await preview(
            await Student.signup(world.http),
            "P30D",
            start_at,
            periods=4,
            promo_code=promo,
            gift_code=same_gift,
            changes=changes(invoices, plus, "P6M"),
            freezes=await freezes(lived),
        )

    assert invoices == foreseen(seen)
    assert [(i["billing_reason"], i["discount_cents"] > 0, i["gift_cents"]) for i in seen["invoices"]] == [
        ("subscription_create", True, 1_492),
        ("subscription_update", True, 450),
        ("subscription_cycle", True, 58),
        ("subscription_update", True, 0),
        ("subscription_cycle", False, 0),
    ]
    await lived.is_settled()


def changes(invoices: list[dict[str, Any]], *plans: str) -> list[dict[str, str]]:
    """To these plans, when their invoices say."""
    made_at = [i["period_start"] for i in invoices if i["billing_reason"] == "subscription_update"]
    return [{"at": at, "plan_code": plan} for at, plan in zip(made_at, plans, strict=True)]


async def freezes(lived: Lived) -> list[dict[str, str]]:
    """From when it was frozen, and until when it was to be: it thaws then, however late we are."""
    return [
        {"from": entry["occurred_at"], "until": entry["details"]["until"]}
        for entry in await lived.entries()
        if entry["event"] == "frozen"
    ]
