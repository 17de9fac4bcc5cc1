"""Who is erased leaves no seat taken, and nobody with access by what was theirs."""

import pytest

from tests.client import Student, refusal
from tests.families import accept, begin_family, events_out, has_lessons, invite, join, member_ids
from tests.lives import Life, World

WHY = {"reason": "asked by letter"}


@pytest.fixture
async def family(world: World) -> Life:
    return await begin_family(world)


async def erase(admin: Student, student: Student) -> None:
    erased = await admin.post(f"/admin/users/{student.id}/erase", WHY)
    assert erased.status_code == 200, erased.text


async def test_a_member_s_seat_is_free_and_the_others_are_told(family: Life, admin: Student) -> None:
    member, stays = await join(family), await join(family)

    await erase(admin, member)

    assert await member_ids(family) == [stays.id]
    [told] = await events_out(family, "family.member_left")
    assert (told["user_id"], told["member_user_id"]) == (family.student.id, member.id)
    timeline = await family.student.get(f"/subscriptions/{family.subscription_id}/timeline")
    left = timeline.json()["items"][-1]
    assert (left["event"], left["actor"], left["cause"]) == (
        "member_left",
        f"user:{admin.id}",
        "account closed",
    )
    assert left["details"]["membership_id"] == told["membership_id"]


async def test_who_has_left_before_leaves_no_second_time(family: Life, admin: Student) -> None:
    member = await join(family)
    assert (await member.post(f"/subscriptions/{family.subscription_id}/leave")).is_success

    await erase(admin, member)

    assert len(await events_out(family, "family.member_left")) == 1


async def test_an_owner_s_members_have_no_access_and_are_free_to_join(family: Life, admin: Student) -> None:
    member, invited = await join(family), await invite(family)
    other = await begin_family(family.world)
    await family.post("cancel", {"at_period_end": False})
    await family.closes()

    await erase(admin, family.student)

    assert not await has_lessons(member)
    assert refusal(await accept(family.student, invited["token"])) in (
        (404, "invitation_not_found"),
        (401, "token_expired"),
    )
    assert refusal(await accept(other.student, invited["token"])) == (404, "invitation_not_found")
    await join(other, member)
    assert await has_lessons(member)
    assert await events_out(family, "family.member_left") == []
