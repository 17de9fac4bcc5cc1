"""Members: invited, joined, left, removed; what each of them sees, and every refusal."""

import asyncio
import uuid

import pytest
from sqlalchemy import text

from tests.client import Student, refusal
from tests.families import (
    SEATS,
    accept,
    begin_family,
    events_out,
    has_lessons,
    invite,
    join,
    member_ids,
    of,
    shown,
    somebody,
)
from tests.lives import Life, World

NOT_FOUND = (404, "invitation_not_found")


@pytest.fixture
async def family(world: World) -> Life:
    return await begin_family(world)


async def test_a_member_joins_leaves_and_is_told_of(family: Life) -> None:
    token = (await invite(family))["token"]
    [waiting] = (await shown(family))["invitations"]
    member = await somebody(family.world)
    assert not await has_lessons(member)

    joined = (await accept(member, token)).json()

    assert joined["subscription_id"] == family.subscription_id
    assert await shown(family) == {
        "seats": {"taken": 2, "total": SEATS},
        "members": [{"user_id": member.id, "joined_at": joined["joined_at"]}],
        "invitations": [],
    }
    assert await has_lessons(member)

    left = await member.post(of(family, "leave"))
    assert (await member.post(of(family, "leave"))).json() == left.json()
    assert not await has_lessons(member)
    assert (await member.get("/me/subscription")).json()["status"] == "inactive"
    assert (await family.book()).timeline[-3:] == ["member_invited", "member_joined", "member_left"]
    owner = family.student.id
    of_all = {"user_id": owner, "plan_code": "P1Y-FAMILY"}
    told = await events_out(family, "family.member_invited", "family.member_joined", "family.member_left")
    membership_id = told[1]["membership_id"]
    assert told == [
        of_all
        | {
            "event": "family.member_invited",
            "invitation_id": waiting["id"],
            "membership_id": None,
            "member_user_id": None,
        },
        of_all
        | {
            "event": "family.member_joined",
            "invitation_id": waiting["id"],
            "membership_id": membership_id,
            "member_user_id": member.id,
        },
        of_all
        | {
            "event": "family.member_left",
            "invitation_id": None,
            "membership_id": membership_id,
            "member_user_id": member.id,
        },
    ]
    entries = (await family.student.get(of(family, "timeline"))).json()["items"]
    assert [entry["actor"] for entry in entries[-3:]] == [
        f"user:{owner}",
        f"user:{member.id}",
        f"user:{member.id}",
    ]


async def test_a_member_sees_no_money_and_commands_nothing(family: Life) -> None:
    member = await join(family)

    body = (await member.get("/me/subscription")).json()

    own = (await family.student.get("/me/subscription")).json()
    assert own["access"]["source"] == "own"
    assert own["next_action"] is not None
    hidden = {"next_action": None, "next_action_at": None}
    assert body == own | hidden | {"access": own["access"] | {"source": "family"}}
    for path in ("", "/timeline", "/members"):
        answer = await member.get(f"/subscriptions/{family.subscription_id}{path}")
        assert refusal(answer) == (404, "subscription_not_found")
    for command in ("cancel", "freeze", "members"):
        assert refusal(await member.post(of(family, command))) == (404, "subscription_not_found")
    assert (await member.get("/invoices")).json()["items"] == []
    invoice_id = (await family.student.get("/invoices")).json()["items"][0]["id"]
    assert refusal(await member.get(f"/invoices/{invoice_id}")) == (404, "invoice_not_found")


async def test_access_ends_with_the_owner_s_and_comes_back_with_it(family: Life) -> None:
    member = await join(family)

    await family.post("freeze")
    answer = await member.get("/content/modules")
    assert (answer.json()["reason"], answer.json()["detail"]) == (
        "frozen",
        "The family's subscription is frozen. Its owner can unfreeze it.",
    )
    await family.post("unfreeze")
    assert await has_lessons(member)

    token = (await invite(family))["token"]
    await family.post("cancel", {"at_period_end": False})
    assert (await member.get("/content/modules")).json()["reason"] == "expired"
    body = (await member.get("/me/subscription")).json()
    assert (body["status"], body["access"]["allowed"], body["access"]["source"]) == (
        "canceled",
        False,
        "family",
    )
    # It ended with the subscription, for good: what its owner starts anew begins without members.
    assert refusal(await accept(await somebody(family.world), token)) == NOT_FOUND
    assert refusal(await family.student.post(of(family, "members"))) == (409, "family_not_open")
    again = await begin_family_of(family)
    assert await member_ids(again) == []
    assert not await has_lessons(member)
    await join(again, member)  # the one before keeps nobody
    assert await has_lessons(member)


async def begin_family_of(ended: Life) -> Life:
    life = await Life.begin(ended.world, "P1Y-FAMILY", student=ended.student)
    await life.pay()
    return life


async def test_an_invitation_opens_one_door_once(family: Life) -> None:
    token = (await invite(family))["token"]
    first, second, third = [await somebody(family.world) for _ in range(3)]

    answers = await asyncio.gather(*(accept(student, token) for student in (first, second, third)))

    [winner] = [
        student for student, answer in zip((first, second, third), answers, strict=True) if answer.is_success
    ]
    assert [refusal(answer) for answer in answers if not answer.is_success] == [NOT_FOUND] * 2
    assert await member_ids(family) == [winner.id]
    assert (await accept(winner, token)).is_success  # twice is once
    assert await member_ids(family) == [winner.id]
    await winner.post(of(family, "leave"))
    assert refusal(await accept(winner, token)) == NOT_FOUND


async def test_every_door_that_does_not_open_says_the_same(family: Life) -> None:
    stranger = await somebody(family.world)
    taken_back, expired = await invite(family), await invite(family)
    path = of(family, f"invitations/{taken_back['id']}")
    assert (await family.student.delete(path)).status_code == 204
    assert refusal(await family.student.delete(path)) == NOT_FOUND
    await let_expire(family, expired["id"])

    tokens = (taken_back["token"], expired["token"], "x" * 43, "short", "%00", "a%2Fb")
    answers = [await accept(stranger, token) for token in tokens[:-1]]

    bodies = [answer.json() | {"request_id": ""} for answer in answers]
    assert [refusal(answer) for answer in answers] == [NOT_FOUND] * 5
    assert bodies == [bodies[0]] * 5
    assert (await shown(family))["invitations"] == []
    assert await member_ids(family) == []


async def let_expire(family: Life, invitation_id: int) -> None:
    """As if it had been made eight days ago."""
    query = (
        "UPDATE family_invitations SET invited_at = invited_at - interval '8 days',"
        " expires_at = expires_at - interval '8 days' WHERE id = :id"
    )
    async with family.world.database.transaction() as connection:
        await connection.execute(text(query), {"id": invitation_id})


async def test_the_token_is_shown_again_and_kept_nowhere(family: Life) -> None:
    key = uuid.uuid4().hex

    invitation = await invite(family, key=key)

    replayed = await family.student.post(of(family, "members"), key=key)
    assert (replayed.json(), replayed.headers["idempotency-replayed"]) == (invitation, "true")
    assert len((await shown(family))["invitations"]) == 1
    assert (await accept(await somebody(family.world), invitation["token"], key=key)).is_success
    async with family.world.database.read() as connection:
        kept = [
            *(
                await connection.execute(text("SELECT family_invitations::text FROM family_invitations"))
            ).scalars(),
            *(await connection.execute(text("SELECT answer::text FROM idempotency_keys"))).scalars(),
            *(await connection.execute(text("SELECT details::text FROM timeline_entries"))).scalars(),
            *(await connection.execute(text("SELECT details::text FROM outbox"))).scalars(),
        ]
    log = (family.world.stack.folder / "api.log").read_text()
    metrics = (await family.student.http.get("/metrics")).text
    assert kept
    for told in (log, metrics):
        assert "/invitations/{token}/accept" in told
        assert invitation["token"] not in told
    assert not [row for row in kept if row is not None and invitation["token"] in row]


async def test_who_has_a_seat_or_pays_already_gets_none(family: Life) -> None:
    token = (await invite(family))["token"]
    assert refusal(await accept(family.student, token)) == (409, "already_a_member")
    member = await join(family)
    assert refusal(await accept(member, token)) == (409, "already_a_member")
    other = await begin_family(family.world)
    assert refusal(await accept(member, (await invite(other))["token"])) == (409, "already_a_member")

    answer = await accept(other.student, token)
    assert refusal(answer) == (409, "subscription_exists")
    assert answer.json()["subscription_id"] == other.subscription_id
    await other.post("cancel", {"at_period_end": True})
    assert (await accept(other.student, token)).is_success
    # Both give access: the own one is shown while it lives, and what ends first does not lock out.
    body = (await other.student.get("/me/subscription")).json()
    assert (body["subscription_id"], body["access"]["source"]) == (other.subscription_id, "own")
    await other.post("cancel", {"at_period_end": False})
    body = (await other.student.get("/me/subscription")).json()
    assert (body["subscription_id"], body["access"]["source"]) == (family.subscription_id, "family")
    assert await has_lessons(other.student)


async def test_the_owner_gives_seats_and_takes_them(family: Life) -> None:
    member = await join(family)
    path = of(family, f"members/{member.id}")

    assert refusal(await member.delete(path)) == (404, "subscription_not_found")
    assert (await family.student.delete(path)).status_code == 204

    assert not await has_lessons(member)
    assert refusal(await family.student.delete(path)) == (404, "not_a_member")
    assert refusal(await family.student.delete(of(family, f"members/{family.student.id}"))) == (
        404,
        "not_a_member",
    )
    assert refusal(await family.student.post(of(family, "leave"))) == (409, "owner_cannot_leave")
    assert (await family.book()).timeline[-1] == "member_removed"
    await join(family, member)
    assert await member_ids(family) == [member.id]


async def test_a_full_house(family: Life) -> None:
    """An invitation holds no seat: it is good again when one is given back."""
    spare = (await invite(family))["token"]
    members = [await join(family) for _ in range(SEATS - 1)]
    late = await somebody(family.world)

    answer = await accept(late, spare)
    assert refusal(answer) == (409, "seats_full")
    assert (answer.json()["seats"], answer.json()["taken"]) == (SEATS, SEATS)
    assert refusal(await family.student.post(of(family, "members"))) == (409, "seats_full")

    await members[0].post(of(family, "leave"))
    assert (await accept(late, spare)).is_success


async def test_before_the_payment_and_on_a_plan_for_one(unpaid: Life, family: Life) -> None:
    assert refusal(await unpaid.student.post(of(unpaid, "members"))) == (409, "family_not_open")
    await unpaid.pay()
    assert refusal(await unpaid.student.post(of(unpaid, "members"))) == (409, "not_a_family_plan")
    for _ in range(20):
        await invite(family)
    assert refusal(await family.student.post(of(family, "members"))) == (409, "too_many_invitations")


async def test_fewer_seats_than_are_taken(family: Life) -> None:
    """Refused at once; and while a plan with fewer is to come, nobody joins beyond it."""
    waiting = (await invite(family))["token"]
    member = await join(family)
    change = of(family, "change-plan")

    for path in (f"{change}/preview", change):
        answer = await family.student.post(path, {"plan_code": "P1Y"})
        assert refusal(answer) == (409, "seats_taken")
        assert (answer.json()["seats"], answer.json()["taken"]) == (1, 2)

    await member.post(of(family, "leave"))
    assert (await family.student.post(change, {"plan_code": "P1Y"})).is_success
    late: Student = await somebody(family.world)
    assert refusal(await accept(late, waiting)) == (409, "not_a_family_plan")
    assert (await shown(family))["seats"] == {"taken": 1, "total": 1}

    assert (await family.student.post(change, {"plan_code": "P1Y-FAMILY"})).is_success  # taken back
    assert (await accept(late, waiting)).is_success


async def test_guesses_are_limited(family: Life) -> None:
    """Who holds a token is not."""
    token = (await invite(family))["token"]
    guesser = await somebody(family.world)
    limit = family.world.stack.settings.invitations_per_user_per_hour

    answers = [refusal(await accept(guesser, f"{number:043}")) for number in range(limit + 1)]

    assert answers == [NOT_FOUND] * limit + [(429, "too_many_attempts")]
    assert refusal(await accept(guesser, token)) == (429, "too_many_attempts")
    member = await somebody(family.world)
    for _ in range(3):
        assert (await accept(member, token)).is_success
