"""A subscription that was handed on: each is told, and has erased, what was theirs, and not the other's."""

from typing import Any

import pytest

from tests.client import Student
from tests.families import begin_family, join, of, transfer
from tests.lives import Life, World

OWN, STAFF_S, OF_REFUND, HEIR_S = "vado in ferie", "she has called", "she has called again", "troppo caro"


@pytest.fixture
async def family(world: World) -> Life:
    return await begin_family(world)


async def records_of(student: Student) -> dict[str, Any]:
    told = await student.get("/auth/me/export")
    assert told.status_code == 200, told.text
    records: dict[str, Any] = told.json()["records"]
    return records


def notes_in(records: dict[str, Any]) -> set[str]:
    return {note["text"] for note in records["notes"]}


async def hand_it_on(family: Life, admin: Student) -> Student:
    """With notes of its owner and of staff from before, and of staff and of the next owner from after it."""
    owner, on_behalf = family.student, f"/admin/subscriptions/{family.subscription_id}"
    heir = await join(family)
    for answer in (
        await owner.post(of(family, "cancel"), {"reason": OWN}),
        await owner.post(of(family, "uncancel")),
        await admin.post(f"{on_behalf}/cancel", {"at_period_end": True, "reason": STAFF_S}),
        await admin.post(f"{on_behalf}/uncancel", {"reason": STAFF_S}),
        await transfer(family, heir),
        await heir.post(of(family, "cancel"), {"reason": HEIR_S}),
        await admin.post(
            f"/admin/payments/{family.payment_id}/refund", {"amount_cents": 100, "reason": OF_REFUND}
        ),
    ):
        assert answer.is_success, answer.text
    await family.is_quiet()
    return heir


async def test_each_export_has_what_was_theirs(family: Life, admin: Student) -> None:
    owner = family.student
    heir = await hand_it_on(family, admin)

    hers, his = await records_of(owner), await records_of(heir)

    assert (notes_in(hers), notes_in(his)) == ({OWN, STAFF_S, OF_REFUND}, {HEIR_S})
    of_her = [entry["event"] for entry in hers["timeline_entries"]]
    assert of_her[:2] == ["opened", "activated"]
    assert [event for event in of_her if event in {"transferred", "refund_opened"}] == [
        "transferred",
        "refund_opened",
    ]
    assert [entry["event"] for entry in his["timeline_entries"]] == ["transferred", "cancel_scheduled"]
    assert {event["event"] for event in his["outbox"]} & {"invoice.paid", "subscription.created"} == set()
    assert {"invoice.paid", "subscription.created", "subscription.transferred"} <= {
        event["event"] for event in hers["outbox"]
    }
    assert (len(hers["periods"]), his["periods"]) == (1, [])
    assert (hers["subscriptions"], len(his["subscriptions"])) == ([], 1)


async def test_the_next_owner_s_timeline_has_nothing_of_the_one_before(family: Life, admin: Student) -> None:
    heir = await hand_it_on(family, admin)

    told = (await heir.get(of(family, "timeline"))).json()["items"]

    assert [(entry["event"], entry["note"]) for entry in told] == [
        ("transferred", None),
        ("cancel_scheduled", HEIR_S),
    ]


async def test_who_handed_it_on_is_erased_with_what_was_written_then(family: Life, admin: Student) -> None:
    owner = family.student
    heir = await hand_it_on(family, admin)
    erased = await admin.post(f"/admin/users/{owner.id}/erase", {"reason": "asked by letter"})
    assert erased.status_code == 200, erased.text

    assert notes_in(await records_of(heir)) == {HEIR_S}
    for_staff = await admin.get(f"/admin/subscriptions/{family.subscription_id}/timeline", limit=100)
    notes = [entry["note"] for entry in for_staff.json()["items"] if entry["note"]]
    assert sorted(notes) == sorted(["erased"] * 4 + [HEIR_S])
