"""`italiano event`: what went out, for who has no browser at hand."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.cli.in_process import Done, italiano
from tests.client import Student
from tests.deadline import eventually
from tests.event_endpoint import Endpoint, all_delivered
from tests.event_receiver import EventReceiver
from tests.lives import Life, World

NOWHERE = "9000000000000000000"
BECAUSE = ("--reason", "their CRM was restored")
Event = Callable[..., Awaitable[Done]]


@pytest.fixture
def event(world: World) -> Event:
    async def run(*arguments: str) -> Done:
        return await italiano(world.stack, "event", *arguments)

    return run


@pytest.fixture
async def told(world: World, endpoint: Endpoint, receiver: EventReceiver) -> Life:
    """Its start and its invoice were told of, and nothing is on its way."""
    life = await Life.begin(world)

    async def is_told() -> bool:
        return receiver.sequences_of(life.subscription_id) == [1, 2] and await all_delivered(endpoint, life)

    await eventually(is_told)
    return life


async def test_those_of_a_subscription_are_listed_as_the_api_lists_them(
    told: Life, admin: Student, event: Event
) -> None:
    only = ("--subscription", str(told.subscription_id))
    over_http = await admin.get("/admin/events", subscription_id=told.subscription_id)

    listed = json.loads((await event("list", *only, "--json")).out)

    assert listed == over_http.json()["items"]
    assert [each["sequence"] for each in listed] == [1, 2]
    assert (
        json.loads((await event("list", *only, "--after", str(listed[0]["id"]), "--json")).out) == listed[1:]
    )
    assert [line.split()[3] for line in (await event("list", *only)).out.splitlines()[1:]] == [
        each["event"] for each in listed
    ]


async def test_one_is_shown_and_sent_once_more(
    told: Life, admin: Student, endpoint: Endpoint, receiver: EventReceiver, event: Event
) -> None:
    [first, second] = (await admin.get("/admin/events", subscription_id=told.subscription_id)).json()["items"]

    async def at_the_endpoint(one: dict[str, Any]) -> tuple[str, int, int]:
        shown = json.loads((await event("show", str(one["id"]), "--json")).out)
        assert {name: value for name, value in shown.items() if name != "deliveries"} == one
        [delivery] = [each for each in shown["deliveries"] if each["endpoint_id"] == endpoint.id]
        return delivery["status"], delivery["round"], delivery["last_status_code"]

    def times(one: dict[str, Any]) -> int:
        return [each.event["id"] for each in receiver.of(told.subscription_id)].count(one["message_id"])

    assert await at_the_endpoint(first) == ("delivered", 0, 204)
    lines = (await event("show", str(first["id"]))).out.splitlines()
    assert f"message id       {first['message_id']}" in lines
    assert f"  user_id: {told.student.id}" in lines
    assert [
        line for line in lines if line.startswith(f"endpoint {endpoint.id} at {receiver.url}: delivered, ")
    ]
    before = times(first)

    replay = ("replay", str(first["id"]), "--endpoint", str(endpoint.id), *BECAUSE)
    assert json.loads((await event(*replay, "--json")).out) == {"event_count": 1}

    async def came_again() -> bool:
        return times(first) > before and await at_the_endpoint(first) == ("delivered", 1, 204)

    await eventually(came_again)
    assert await at_the_endpoint(second) == ("delivered", 0, 204)
    path = "/admin/actions"
    actions = await admin.get(path, subject_kind="webhook_endpoint", subject_id=str(endpoint.id))
    newest = actions.json()["items"][0]
    assert (newest["action"], newest["reason"]) == ("webhook_endpoint.replayed", "their CRM was restored")
    assert newest["actor"].startswith("operator:")


async def test_what_was_named_twice_is_sent_once(
    told: Life, admin: Student, endpoint: Endpoint, event: Event
) -> None:
    items = (await admin.get("/admin/events", subscription_id=told.subscription_id)).json()["items"]
    numbers = [str(each["id"]) for each in items]

    done = await event("replay", *numbers, *numbers, "--endpoint", str(endpoint.id), *BECAUSE)

    assert done == Done(0, f"2 of 2 are sent to endpoint {endpoint.id} again\n", "")


async def test_what_is_refused_is_a_sentence(
    told: Life, admin: Student, endpoint: Endpoint, event: Event
) -> None:
    events = await admin.get("/admin/events", subscription_id=told.subscription_id)
    number, here = str(events.json()["items"][0]["id"]), str(endpoint.id)
    nowhere = f"FAIL event_not_found: There is no event {NOWHERE}.\n"

    assert await event("show", NOWHERE) == Done(1, "", nowhere)
    assert await event("replay", NOWHERE, "--endpoint", here, *BECAUSE) == Done(1, "", nowhere)
    assert await event("replay", number, "--endpoint", NOWHERE, *BECAUSE) == Done(
        1, "", "FAIL endpoint_not_found: There is no such endpoint.\n"
    )
    assert await event("replay", number, "--endpoint", here, "--reason", " ") == Done(
        1, "", "FAIL --reason: say why, in 1 to 500 characters\n"
    )
    await endpoint.post("disable")
    disabled = await event("replay", number, "--endpoint", here, *BECAUSE)
    assert (disabled.code, disabled.err) == (1, "FAIL endpoint_disabled: The endpoint is disabled.\n")
    too_many = await event("replay", *map(str, range(1, 102)), "--endpoint", here, *BECAUSE)
    assert (too_many.code, "at most 100 events" in too_many.err) == (2, True)
