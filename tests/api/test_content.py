"""The lessons: for whom they open, and what everybody else is told."""

from api.routes.content import WHAT_TO_DO
from domain.access import NoAccess
from tests.api.past_due import past_due
from tests.client import Student, refusal
from tests.clock_turn import turned
from tests.lives import Life, World
from tests.plans import plan_on_sale

LESSONS = [
    {"code": "alphabet", "title": "Alfabeto e pronuncia", "min_tier": 1},
    {"code": "greetings", "title": "Saluti e presentazioni", "min_tier": 1},
    {"code": "present-tense", "title": "Il presente indicativo", "min_tier": 1},
    {"code": "at-the-bar", "title": "Al bar e al ristorante", "min_tier": 1},
    {"code": "articles", "title": "Articoli e preposizioni", "min_tier": 1},
    {"code": "past-tense", "title": "Passato prossimo e imperfetto", "min_tier": 1},
    {"code": "travel", "title": "In viaggio", "min_tier": 1},
    {"code": "subjunctive", "title": "Il congiuntivo senza paura", "min_tier": 1},
]


async def reason_for_none(student: Student) -> str:
    answer = await student.get("/content/modules")
    assert refusal(answer) == (403, "subscription_inactive")
    assert "alphabet" not in answer.text
    reason: str = answer.json()["reason"]
    return reason


def test_there_is_something_to_do_about_every_reason() -> None:
    assert set(WHAT_TO_DO) == set(NoAccess)


async def test_who_has_paid_gets_all_of_them_in_order(active: Life) -> None:
    answer = await active.student.get("/content/modules")

    assert (answer.status_code, answer.json()) == (200, LESSONS)


async def test_each_reason_says_what_to_do(student: Student) -> None:
    answer = await student.get("/content/modules")
    assert (answer.json()["reason"], answer.json()["detail"]) == (
        "none",
        "Start a subscription to open the lessons.",
    )

    started = (await student.start()).json()
    answer = await student.get("/content/modules")
    assert (answer.json()["reason"], answer.json()["detail"]) == (
        "payment_required",
        "The payment has not arrived yet. Pay the open invoice to open the lessons.",
    )

    await student.post(f"/subscriptions/{started['subscription_id']}/cancel", {})
    answer = await student.get("/content/modules")
    assert (answer.json()["reason"], answer.json()["detail"]) == (
        "expired",
        "The subscription has ended. Start a new one to open the lessons again.",
    )


async def test_a_decline_opens_nothing(unpaid: Life) -> None:
    await unpaid.report("FAILED")
    await unpaid.applies_reports(1)

    assert await reason_for_none(unpaid.student) == "payment_required"


async def test_a_new_start_does_not_give_back_what_has_ended(active: Life) -> None:
    await active.post("cancel", {"at_period_end": False})
    assert await reason_for_none(active.student) == "expired"

    await active.student.start()
    assert await reason_for_none(active.student) == "payment_required"


async def test_nobody_gets_in_on_somebody_else_s_subscription(active: Life, bystander: Student) -> None:
    answer = await bystander.http.get(
        "/content/modules", params={"user_id": active.student.id}, headers=bystander.bearer
    )

    assert refusal(answer) == (403, "subscription_inactive")
    assert answer.json()["reason"] == "none"


async def test_who_is_past_due_keeps_access_for_the_days_of_grace(world: World, admin: Student) -> None:
    life = await past_due(world, admin)
    assert (await life.student.get("/content/modules")).status_code == 200

    await turned(admin, life, "P7D")
    assert await reason_for_none(life.student) == "payment_required"
    await turned(admin, life, "P21D")
    assert await reason_for_none(life.student) == "expired", "dunning is over"


async def test_a_trial_opens_them(admin: Student, world: World) -> None:
    async with plan_on_sale(admin, "P1M", trial_days=7) as plan_code:
        student = await Student.signup(world.http)
        await student.start(plan_code)
    assert (await student.get("/content/modules")).status_code == 200
