"""Endpoints that are told of events, as staff keep them: made, changed, tried out, stopped, told again."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from db.database import Database
from ops.settings import Settings
from tests.api.shell import client_of
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.event_endpoint import ENDPOINTS, Endpoint, all_delivered
from tests.event_receiver import OK, EventReceiver, answer
from tests.lives import Life, World
from tests.replay.event_shapes import give_up


async def changes_of(database: Database, endpoint: Endpoint) -> list[tuple[str, int | None]]:
    query = text(
        "SELECT change, changed_by FROM webhook_endpoint_changes WHERE endpoint_id = :id ORDER BY id"
    )
    async with database.read() as connection:
        return [(row[0], row[1]) for row in await connection.execute(query, {"id": endpoint.id})]


async def start(world: World, receiver: EventReceiver) -> Life:
    """Told of, too."""
    life = await Life.begin(world)

    async def told() -> bool:
        return receiver.sequences_of(life.subscription_id) == [1, 2]

    await eventually(told)
    return life


async def test_a_new_one_shows_its_secret_once(admin: Student, database: Database) -> None:
    body = {"url": "http://127.0.0.1:9/hook", "events": ["invoice.paid"], "description": "bookkeeping"}
    made = await admin.post(ENDPOINTS, body)
    endpoint = Endpoint(admin, made.json())

    assert made.status_code == 201
    assert endpoint.secret.startswith("whsec_")
    shown = await endpoint.read()
    assert shown == {name: value for name, value in made.json().items() if name != "secret"}
    assert shown | body == shown
    assert (shown["status"], shown["secret_version"], shown["created_by"]) == ("enabled", 1, admin.id)
    assert endpoint.secret not in (await admin.get(ENDPOINTS)).text
    async with database.read() as connection:
        stored = await connection.execute(
            text("SELECT e::text FROM webhook_endpoints e UNION ALL SELECT k::text FROM idempotency_keys k")
        )
        assert endpoint.secret not in " ".join(stored.scalars())
    await admin.delete(endpoint.path)


async def test_made_it_is_shown_again_wherever_its_name_leads_by_then(
    admin: Student, settings: Settings, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    key, body = uuid.uuid4().hex, {"url": "http://127.0.0.1:9/hook"}
    made = await admin.post(ENDPOINTS, body, key=key)

    async with client_of(create_app(settings.model_copy(update={"events_allow_private": False}))) as http:
        strict = Student(http, email=admin.email, password=admin.password)
        await strict.login()
        again = await strict.post(ENDPOINTS, body, key=key)
        another = await strict.post(ENDPOINTS, body, key=uuid.uuid4().hex)

    assert (again.status_code, again.json()) == (201, made.json())
    assert refusal(another) == (422, "endpoint_url_refused")
    await admin.delete(Endpoint(admin, made.json()).path)


async def test_the_same_request_makes_one_and_shows_the_same(admin: Student) -> None:
    key, body = uuid.uuid4().hex, {"url": "http://127.0.0.1:9/hook"}
    first, second = [await admin.post(ENDPOINTS, body, key=key) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    await admin.delete(f"{ENDPOINTS}/{first.json()['id']}")


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://127.0.0.1/#x", "nowhere", "http://"]
)
async def test_a_url_that_is_none(admin: Student, endpoint: Endpoint, url: str) -> None:
    assert refusal(await admin.post(ENDPOINTS, {"url": url})) == (422, "endpoint_url_refused")
    assert refusal(await admin.patch(endpoint.path, {"url": url})) == (422, "endpoint_url_refused")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": "x" * 2_001},
        {"url": "http://127.0.0.1:9/", "events": []},
        {"url": "http://127.0.0.1:9/", "events": ["invoice.eaten"]},
        {"url": "http://127.0.0.1:9/", "secret": "whsec_mine"},
    ],
)
async def test_a_body_that_is_none(admin: Student, body: dict[str, Any]) -> None:
    assert refusal(await admin.post(ENDPOINTS, body)) == (422, "validation_failed")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event_ids": []},
        {"event_ids": [1], "since": "2026-03-01T00:00:00Z"},
        {"event_ids": list(range(1, 102))},
        {"since": 1},
    ],
)
async def test_a_replay_of_nothing_in_particular(endpoint: Endpoint, body: dict[str, Any]) -> None:
    assert refusal(await endpoint.post("replay", body)) == (422, "validation_failed")


async def test_support_looks_and_changes_nothing(support: Student, endpoint: Endpoint) -> None:
    assert (await support.get(endpoint.path)).status_code == 200
    assert (await support.get("/admin/events")).status_code == 200
    for what in ("ping", "enable", "disable", "rotate-secret"):
        assert refusal(await support.post(f"{endpoint.path}/{what}")) == (403, "forbidden")
    assert refusal(await support.delete(endpoint.path)) == (403, "forbidden")


async def test_events_come_signed_and_numbered(
    world: World, receiver: EventReceiver, endpoint: Endpoint
) -> None:
    life = await start(world, receiver)

    created, finalized = sorted(receiver.of(life.subscription_id), key=lambda each: each.event["sequence"])
    assert (created.event["type"], finalized.event["type"]) == ("subscription.created", "invoice.finalized")
    assert list(created.event) == ["id", "type", "timestamp", "sequence", "subscription_id", "data"]
    assert created.event["id"] == created.headers["webhook-id"]
    assert created.event["data"]["user_id"] == life.student.id
    assert created.is_signed_with(endpoint.secret)
    assert life.student.email not in created.body.decode()

    await eventually(lambda: all_delivered(endpoint, life))
    for delivery in await endpoint.deliveries_of(life):
        assert (delivery["attempts"], delivery["last_status_code"], delivery["last_error"]) == (1, 204, None)
    listed = await endpoint.admin.get("/admin/events", subscription_id=life.subscription_id)
    assert [event["message_id"] for event in listed.json()["items"]] == [
        created.event["id"],
        finalized.event["id"],
    ]


async def test_a_refusal_is_tried_again_under_the_same_id(
    world: World, receiver: EventReceiver, endpoint: Endpoint
) -> None:
    await endpoint.admin.patch(endpoint.path, {"events": ["subscription.created"]})
    receiver.answers([answer(500), answer(503, "Retry-After: 1"), answer(302, f"Location: {receiver.url}")])
    life = await Life.begin(world)

    async def delivered() -> dict[str, Any] | None:
        return next((each for each in await endpoint.deliveries_of(life) if each["delivered_at"]), None)

    delivery = await eventually(delivered)
    assert delivery is not None
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("delivered", 4, None)
    tries = receiver.of(life.subscription_id)
    assert len({each.headers["webhook-id"] for each in tries}) == 1
    assert len({each.body for each in tries}) == 1
    assert all(each.is_signed_with(endpoint.secret) for each in tries)


async def begin_and_be_gone(world: World, receiver: EventReceiver) -> Life:
    """Gone for this one: what came of another, a moment ago, would disable the endpoint before."""
    student = await Student.signup(world.http)
    receiver.says = lambda came: answer(410) if came.event["data"]["user_id"] == student.id else OK
    return await Life.begin(world, student=student)


async def test_who_says_that_it_is_gone_is_disabled_at_once(
    world: World, receiver: EventReceiver, endpoint: Endpoint, database: Database
) -> None:
    await endpoint.admin.patch(endpoint.path, {"events": ["subscription.created"]})
    life = await begin_and_be_gone(world, receiver)

    async def disabled() -> bool:
        return bool((await endpoint.read())["status"] == "disabled")

    await eventually(disabled)
    shown = await endpoint.read()
    assert (shown["disabled_reason"], shown["disabled_at"] is None) == ("gone", False)
    assert (await changes_of(database, endpoint))[-1] == ("disabled", None)
    [delivery] = await endpoint.deliveries_of(life)
    assert (delivery["status"], delivery["last_status_code"]) == ("failed", 410)

    receiver.answers([])
    enabled = await endpoint.post("enable")
    assert enabled.json()["event_count"] >= 1

    await eventually(lambda: all_delivered(endpoint, life))


async def test_what_it_takes_no_more_is_not_made_up_for(
    world: World, receiver: EventReceiver, endpoint: Endpoint
) -> None:
    await endpoint.admin.patch(endpoint.path, {"events": ["subscription.created"]})
    life = await begin_and_be_gone(world, receiver)

    async def disabled() -> bool:
        return bool((await endpoint.read())["status"] == "disabled")

    await eventually(disabled)
    await endpoint.admin.patch(endpoint.path, {"events": ["refund.failed"]})
    await endpoint.post("enable")

    assert [each["status"] for each in await endpoint.deliveries_of(life)] == ["failed"]


async def test_what_was_missed_while_disabled_comes_afterwards(
    world: World, receiver: EventReceiver, endpoint: Endpoint, database: Database
) -> None:
    life = await start(world, receiver)
    await eventually(lambda: all_delivered(endpoint, life))  # what came may not be noted yet
    disabled = await endpoint.post("disable")
    assert (disabled.json()["status"], disabled.json()["disabled_reason"]) == ("disabled", "by_staff")
    assert (await endpoint.post("disable")).json() == disabled.json()
    await life.pay()

    async def published() -> bool:
        listed = await endpoint.admin.get("/admin/events", subscription_id=life.subscription_id)
        return len(listed.json()["items"]) == 4

    await eventually(published)
    assert receiver.sequences_of(life.subscription_id) == [1, 2]
    assert refusal(await endpoint.post("replay", {"since": "2026-01-01T00:00:00Z"})) == (
        409,
        "endpoint_disabled",
    )

    taken = len(receiver.of(life.subscription_id))
    assert (await endpoint.post("enable")).json()["event_count"] >= 2
    assert (await endpoint.post("enable")).json()["event_count"] == 0

    async def all_came() -> bool:
        return receiver.sequences_of(life.subscription_id) == [1, 2, 3, 4]

    await eventually(all_came)
    again = receiver.of(life.subscription_id)[taken:]
    assert {each.event["sequence"] for each in again} == {3, 4}, "what was taken before does not come again"
    assert [change for change, _ in await changes_of(database, endpoint)] == [
        "created",
        "disabled",
        "enabled",
    ]
    assert {by for _, by in await changes_of(database, endpoint)} == {endpoint.admin.id}


async def test_a_replay_comes_under_the_same_ids(
    world: World, receiver: EventReceiver, endpoint: Endpoint
) -> None:
    life = await start(world, receiver)
    first = {each.headers["webhook-id"] for each in receiver.of(life.subscription_id)}

    await eventually(lambda: all_delivered(endpoint, life))
    listed = await endpoint.admin.get("/admin/events", subscription_id=life.subscription_id)
    ids = [event["id"] for event in listed.json()["items"]]
    key = uuid.uuid4().hex
    for _ in range(2):
        assert (await endpoint.post("replay", {"event_ids": ids}, key=key)).json() == {"event_count": 2}

    async def came_again() -> bool:
        return len(receiver.of(life.subscription_id)) == 4

    await eventually(came_again)
    assert {each.headers["webhook-id"] for each in receiver.of(life.subscription_id)} == first
    unknown = await endpoint.post("replay", {"event_ids": [*ids, 2**62]})
    assert refusal(unknown) == (404, "event_not_found")


async def test_a_replay_since_an_instant(world: World, receiver: EventReceiver, endpoint: Endpoint) -> None:
    life = await start(world, receiver)

    await eventually(lambda: all_delivered(endpoint, life))
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await endpoint.post("replay", {"since": future})).json() == {"event_count": 0}
    listed = await endpoint.admin.get("/admin/events", subscription_id=life.subscription_id)
    since = listed.json()["items"][0]["published_at"]
    assert (await endpoint.post("replay", {"since": since})).json()["event_count"] >= 2

    async def came_again() -> bool:
        return len(receiver.of(life.subscription_id)) == 4

    await eventually(came_again)


async def test_after_a_rotation_both_secrets_are_in_force(
    receiver: EventReceiver, endpoint: Endpoint
) -> None:
    rotated = (await endpoint.post("rotate-secret")).json()
    assert (rotated["secret_version"], rotated["secret"] == endpoint.secret) == (2, False)
    expires_at = datetime.fromisoformat(rotated["old_secret_until"])
    assert timedelta(hours=23) < expires_at - datetime.now(UTC) <= timedelta(hours=24)

    await endpoint.post("ping")
    [ping] = receiver.pings
    assert ping.is_signed_with(endpoint.secret)
    assert ping.is_signed_with(rotated["secret"])
    assert len(ping.headers["webhook-signature"].split(" ")) == 2

    twice = (await endpoint.post("rotate-secret")).json()
    await endpoint.post("ping")
    *_, ping = receiver.pings
    assert [ping.is_signed_with(each) for each in (endpoint.secret, rotated["secret"], twice["secret"])] == [
        False,
        True,
        True,
    ]


async def test_a_ping_says_what_came_of_it(receiver: EventReceiver, endpoint: Endpoint) -> None:
    pinged = (await endpoint.post("ping")).json()
    [ping] = receiver.pings
    assert pinged == {
        "message_id": ping.headers["webhook-id"],
        "delivered": True,
        "status_code": 204,
        "error": None,
    }
    assert (ping.event["type"], ping.event["sequence"], ping.event["subscription_id"]) == (
        "endpoint.ping",
        None,
        None,
    )

    receiver.says = lambda _: answer(500)
    assert (await endpoint.post("ping")).json() | {"message_id": ""} == {
        "message_id": "",
        "delivered": False,
        "status_code": 500,
        "error": "refused",
    }
    await receiver.close()
    assert (await endpoint.post("ping")).json()["error"] == "not_connected"


async def test_a_deleted_one_is_told_of_nothing_and_is_not_there(
    world: World, receiver: EventReceiver, endpoint: Endpoint
) -> None:
    assert (await endpoint.admin.delete(endpoint.path)).status_code == 204
    assert refusal(await endpoint.admin.get(endpoint.path)) == (404, "endpoint_not_found")
    assert refusal(await endpoint.admin.delete(endpoint.path)) == (404, "endpoint_not_found")
    assert refusal(await endpoint.post("enable")) == (404, "endpoint_not_found")
    life = await Life.begin(world)

    async def published() -> bool:
        listed = await endpoint.admin.get("/admin/events", subscription_id=life.subscription_id)
        return len(listed.json()["items"]) == 2

    await eventually(published)
    assert receiver.of(life.subscription_id) == []


async def test_what_is_not_sent_stays(endpoint: Endpoint, receiver: EventReceiver) -> None:
    await endpoint.admin.patch(endpoint.path, {"events": ["invoice.paid"], "description": "mail"})
    await endpoint.admin.patch(endpoint.path, {"description": "mails"})
    shown = await endpoint.read()
    assert (shown["events"], shown["description"], shown["url"]) == (["invoice.paid"], "mails", receiver.url)

    await endpoint.admin.patch(endpoint.path, {"events": None})
    assert (await endpoint.read())["events"] is None


async def test_lists_come_a_page_at_a_time(endpoint: Endpoint, world: World, receiver: EventReceiver) -> None:
    life = await start(world, receiver)
    pages: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (
            await endpoint.admin.get("/admin/events", limit=1, subscription_id=life.subscription_id, **cursor)
        ).json()
        pages += [event["sequence"] for event in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == [1, 2]
    assert (await endpoint.admin.get(f"{endpoint.path}/deliveries", limit=1)).json()["next_cursor"]
    assert len((await endpoint.admin.get(ENDPOINTS, limit=1)).json()["items"]) == 1


async def test_one_that_takes_nothing_is_disabled_in_the_end(
    world: World, receiver: EventReceiver, endpoint: Endpoint, database: Database
) -> None:
    await endpoint.admin.patch(endpoint.path, {"events": ["subscription.created"]})
    life = await Life.begin(world)
    await eventually(lambda: all_delivered(endpoint, life))
    receiver.says = lambda _: answer(500)
    [delivery] = await endpoint.deliveries_of(life)
    last_delivered = text(
        "UPDATE webhook_endpoints SET last_delivered_at = clock_timestamp() + cast(:ago AS interval)"
        " WHERE id = :id"
    )

    async with database.transaction() as connection:
        await connection.execute(last_delivered, {"id": endpoint.id, "ago": timedelta(hours=1)})

    async def is_refused() -> bool:
        """On a busy machine a round may be over before the receiver is met."""
        await give_up(world, delivery["id"], seconds=0.5)
        [first] = await endpoint.deliveries_of(life)
        return (first["status"], first["last_status_code"]) == ("failed", 500)

    await eventually(is_refused)
    assert (await endpoint.read())["status"] == "enabled", "it has taken something a moment ago"
    async with database.transaction() as connection:
        await connection.execute(last_delivered, {"id": endpoint.id, "ago": -timedelta(hours=1)})

    await give_up(world, delivery["id"], seconds=0.5)
    shown = await endpoint.read()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "unreachable")
    assert (await changes_of(database, endpoint))[-1] == ("disabled", None)
