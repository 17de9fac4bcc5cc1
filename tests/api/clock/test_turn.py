"""The clock of one subscription is turned on the running stack; everything happens as if time had passed."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from tests.client import Student, refusal
from tests.clock_turn import events, instant, turn, turn_to_the_end, turned
from tests.deadline import LONGEST_SECONDS
from tests.lives import Life

SOON = timedelta(minutes=10)


async def test_an_unpaid_start_expires_when_it_should(admin: Student, unpaid: Life) -> None:
    due_at = instant((await unpaid.student.get("/me/subscription")).json()["next_action_at"])

    answer = await turned(admin, unpaid, "P1D")

    shown = (await unpaid.student.get(f"/subscriptions/{unpaid.subscription_id}")).json()
    assert events(answer) == ["expired"]
    assert (shown["status"], instant(shown["ended_at"])) == ("incomplete_expired", due_at)
    assert timedelta() <= instant(answer["happened"][0]["occurred_at"]) - due_at < SOON
    assert timedelta() <= instant(answer["advanced_to"]) - due_at < SOON  # it stops with the subscription
    assert (answer["next_action"], answer["next_action_at"], answer["waiting_for"]) == (None, None, None)
    assert (await unpaid.book()).timeline == ["opened", "expired"]
    await unpaid.closes()


async def test_before_its_date_nothing_comes(admin: Student, unpaid: Life) -> None:
    before = datetime.now(UTC)

    answer = await turned(admin, unpaid, "PT22H59M")

    assert events(answer) == []
    assert (answer["next_action"], answer["waiting_for"]) == ("expire", "payment")
    assert timedelta() <= instant(answer["advanced_to"]) - before - timedelta(hours=22, minutes=59) < SOON
    assert abs(instant(answer["now"]) - before) < SOON
    assert (await unpaid.book()).status == "incomplete"


async def test_a_paid_period_ends_at_its_end_and_takes_only_its_own_lessons(
    admin: Student, active: Life
) -> None:
    neighbor = await Life.begin(active.world)
    await neighbor.pay()
    await active.post("cancel")

    answer = await turned(admin, active, "P31D")

    shown = (await active.student.get("/me/subscription")).json()
    assert events(answer) == ["ended"]
    assert (shown["status"], shown["ended_at"]) == ("canceled", shown["current_period_end"])
    assert refusal(await active.student.get("/content/modules")) == (403, "subscription_inactive")
    assert (await active.book()).timeline == ["opened", "activated", "cancel_scheduled", "ended"]
    theirs = (await neighbor.student.get("/me/subscription")).json()
    assert (theirs["status"], theirs["access"]["allowed"]) == ("active", True)
    assert (await neighbor.student.get("/content/modules")).is_success
    assert (await neighbor.book()).timeline == ["opened", "activated"]


async def test_many_small_steps_are_one_big_one(admin: Student, active: Life) -> None:
    stepped, began_at = active, datetime.now(UTC)
    jumped = await Life.begin(active.world)
    await jumped.pay()

    answers = [await turned(admin, stepped, "P4D") for _ in range(6)]
    at_once = await turned(admin, jumped, "P24D")

    assert [events(answer) for answer in answers] == [[]] * 6
    assert instant(answers[-1]["advanced_to"]) - began_at - timedelta(days=24) < SOON
    assert at_once["happened"] == []
    assert at_once["waiting_for"] == answers[-1]["waiting_for"] == "due_date"
    dues = [await turned(admin, life, "P7D") for life in (stepped, jumped)]
    assert [events(due) for due in dues] == [["renewal_opened", "fell_due"]] * 2
    assert [due["waiting_for"] for due in dues] == ["payment", "payment"]
    books = [await life.book() for life in (stepped, jumped)]
    assert books[0] == books[1]


async def test_commands_and_payments_meet_its_own_time(admin: Student, unpaid: Life) -> None:
    ahead = await turned(admin, unpaid, "PT12H")

    await unpaid.pay()
    canceled = (await unpaid.post("cancel", {"at_period_end": False})).json()

    assert canceled["status"] == "canceled"
    assert instant(canceled["ended_at"]) >= instant(ahead["advanced_to"])


async def test_a_clock_that_moved_without_its_row_is_measured_anew(admin: Student, active: Life) -> None:
    """As when the API died between a jump and the write that follows it."""
    began_at = datetime.now(UTC)
    await active.post("cancel")
    await active.wait(timedelta(days=10))

    answer = await turned(admin, active, "PT1H")

    assert timedelta() <= instant(answer["advanced_to"]) - began_at - timedelta(days=10, hours=1) < SOON
    ended = await turned(admin, active, "P20D")
    assert events(ended) == ["ended"]
    assert refusal(await active.student.get("/content/modules")) == (403, "subscription_inactive")


async def test_access_is_judged_in_its_own_time(admin: Student, active: Life) -> None:
    """While the worker is away nothing ends the period, and only the time tells that it is over."""
    await active.post("cancel", {"at_period_end": True})
    until = instant((await active.student.get("/me/subscription")).json()["access"]["until"])
    await active.world.stack.stop_worker()
    try:
        cut_short = await turn(admin, active, "P31D")
        shown = (await active.student.get("/me/subscription")).json()
        lessons = await active.student.get("/content/modules")
    finally:
        await active.world.stack.start_worker()

    assert refusal(cut_short) == (503, "workflow_interrupted")
    assert until > datetime.now(UTC) + timedelta(days=29)
    assert (shown["status"], shown["access"]["reason"]) == ("active", "expired")
    assert refusal(lessons) == (403, "subscription_inactive")
    await active.closes()


async def test_cut_short_it_is_finished_by_the_same_request(admin: Student, unpaid: Life) -> None:
    key = uuid.uuid4().hex
    await unpaid.world.stack.stop_worker()
    try:
        began = asyncio.get_running_loop().time()
        cut_short = await turn(admin, unpaid, "P1D", key=key)
        took = asyncio.get_running_loop().time() - began
    finally:
        await unpaid.world.stack.start_worker()
    assert refusal(cut_short) == (503, "workflow_interrupted")
    assert "retry-after" in cut_short.headers
    assert took < LONGEST_SECONDS

    finished = await turn_to_the_end(admin, unpaid, "P1D", key=key)
    again = await turn(admin, unpaid, "P1D", key=key)

    assert finished.status_code == again.status_code == 200
    assert events(finished.json()) == ["expired"]
    assert again.json() == finished.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (await unpaid.book()).timeline == ["opened", "expired"]


async def test_what_was_cut_short_ends_where_it_was_to_end(admin: Student, unpaid: Life) -> None:
    """Not as far again from where it stopped."""
    key, began_at = uuid.uuid4().hex, datetime.now(UTC)
    await unpaid.world.stack.stop_worker()
    try:
        await unpaid.report()  # it cannot be applied now, so nothing is quiet
        cut_short = await turn(admin, unpaid, "P20D", key=key)
    finally:
        await unpaid.world.stack.start_worker()
    assert refusal(cut_short) == (503, "workflow_interrupted")

    finished = await turned(admin, unpaid, "P20D", key=key)

    assert timedelta() <= instant(finished["advanced_to"]) - began_at - timedelta(days=20) < SOON
    assert (await unpaid.book()).timeline == ["opened", "activated"]


async def test_of_two_at_once_one_is_refused(admin: Student, active: Life) -> None:
    await active.post("cancel")

    answers = await asyncio.gather(*(turn_to_the_end(admin, active, "P31D") for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {refusal(answer) for answer in answers if answer.is_error} <= {
        (409, "clock_in_use"),
        (409, "subscription_ended"),
    }
    assert (await active.book()).timeline == ["opened", "activated", "cancel_scheduled", "ended"]


async def test_clocks_of_many_are_turned_at_once(admin: Student, active: Life) -> None:
    lives = [active, *await asyncio.gather(*(Life.begin(active.world) for _ in range(4)))]

    answers = await asyncio.gather(*(turned(admin, life, "P31D") for life in lives))

    assert [events(answer) for answer in answers] == [["renewal_opened", "fell_due"], *([["expired"]] * 4)]
