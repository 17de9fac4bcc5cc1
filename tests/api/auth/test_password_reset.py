"""A forgotten password: who gets the token, what it does, and how soon it does nothing any more."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import text
from temporalio.client import Client

from cli.admin import ensure_staff
from db.database import Database
from ops.settings import Settings
from tests.api.auth.in_process import StartApi, new_address
from tests.api.own_statements import statements
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver, answer
from tests.privacy.places import histories, logs_in
from tests.reset_mail import REQUESTED, ResetMail
from tests.stack import Stack
from tests.staff import hire
from upkeep.events.message import message_id_of

NEW = "sette nani e una mela"
INVALID = (401, "reset_token_invalid")


@pytest.fixture(scope="module")
async def keeper(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    return await hire(http, database, settings, "admin")


@pytest.fixture(scope="module")
async def mail(keeper: Student) -> AsyncIterator[ResetMail]:
    async with ResetMail.opened(keeper) as mail:
        yield mail


async def ask(http: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await http.post("/auth/password/reset-request", json={"email": email})


async def reset(student: Student, token: str, new: str = NEW) -> httpx2.Response:
    return await student.http.post("/auth/password/reset", json={"token": token, "new": new})


async def test_the_token_sets_another_password_once_and_ends_every_session(
    mail: ResetMail, student: Student
) -> None:
    old = student.password
    token = await mail.token_for(student)

    done = await reset(student, token)
    assert (done.status_code, done.content) == (204, b"")

    assert await student.refresh_status(student.refresh_token) == 401
    body = {"email": student.email, "password": old}
    assert refusal(await student.http.post("/auth/login", json=body)) == (401, "bad_credentials")
    assert refusal(await reset(student, token, "otto nani e una mela")) == INVALID
    student.password = NEW
    await student.login()


async def test_the_event_carries_what_an_e_mail_needs(mail: ResetMail, student: Student) -> None:
    token = await mail.token_for(student)
    came = next(each for each in mail.receiver.received if token in each.body.decode())
    data = came.event["data"]

    assert came.is_signed_with(mail.endpoint.secret)
    assert (came.event["type"], came.event["sequence"], came.event["subscription_id"]) == (
        REQUESTED,
        None,
        None,
    )
    assert (data["user_id"], data["email"], data["locale"]) == (student.id, student.email, "en")
    assert len(token) >= 43
    assert data.keys() == {"user_id", "reset_id", "email", "locale", "token", "expires_at"}


async def test_the_token_lies_nowhere(
    mail: ResetMail, student: Student, stack: Stack, database: Database, temporal: Client
) -> None:
    token = await mail.token_for(student)
    [told] = mail.events_to(student)
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT id, details FROM outbox WHERE event = :event AND details ->> 'user_id' = :user"),
            {"event": REQUESTED, "user": str(student.id)},
        )
        [(event_id, details)] = rows.all()
        stored = await connection.execute(
            text(
                "SELECT encode(nonce, 'hex'), encode(token_hash, 'hex') FROM password_resets WHERE id = :id"
            ),
            {"id": told["data"]["reset_id"]},
        )
        assert token not in repr(stored.one())
    assert details == {"user_id": student.id, "reset_id": told["data"]["reset_id"]}
    assert told["id"] == message_id_of(event_id)

    seen = await mail.endpoint.admin.get("/admin/events", limit=100)
    workflow_id = f"event:{event_id}:{mail.endpoint.id}"
    await temporal.get_workflow_handle(workflow_id).result()
    history = b"".join([held async for _, held in histories(temporal, [workflow_id])])
    logs = b"".join(held for _, held in logs_in(stack.folder))
    await reset(student, token)
    assert b"PostEvent" in history or b"post_event" in history
    for secret in (token, student.email):
        assert secret not in seen.text
        assert secret.encode() not in history + logs


async def test_a_newer_request_voids_the_older(mail: ResetMail, student: Student) -> None:
    first, second = await mail.token_for(student), await mail.token_for(student)

    assert refusal(await reset(student, first)) == INVALID
    assert (await reset(student, second)).status_code == 204


async def test_another_password_voids_the_token(mail: ResetMail, student: Student) -> None:
    token = await mail.token_for(student)
    changed = await student.post("/auth/password", {"current": student.password, "new": NEW})
    assert changed.status_code == 204

    assert refusal(await reset(student, token, "otto nani e una mela")) == INVALID


async def test_who_becomes_staff_has_no_token_from_before(
    mail: ResetMail, student: Student, database: Database, settings: Settings
) -> None:
    """Nor does whoever has signed up early under that address."""
    token = await mail.token_for(student)
    await ensure_staff(database, settings, student.email, NEW, "support")

    assert refusal(await reset(student, token, "otto nani e una mela")) == INVALID


async def outlive(database: Database, student: Student) -> None:
    """As if it had been asked for half an hour earlier."""
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "UPDATE password_resets SET requested_at = requested_at - interval '30 minutes',"
                " expires_at = expires_at - interval '30 minutes' WHERE user_id = :id"
            ),
            {"id": student.id},
        )


async def test_it_is_over_after_thirty_minutes(mail: ResetMail, student: Student, database: Database) -> None:
    token = await mail.token_for(student)
    await outlive(database, student)

    assert refusal(await reset(student, token)) == INVALID
    await student.login()


async def test_what_is_over_is_not_delivered_any_more(
    mail: ResetMail, student: Student, database: Database
) -> None:
    """The receiver is away; when it comes back, it gets nothing that is of no use."""
    mail.receiver.says = lambda came: (
        answer(503) if came.event["data"]["user_id"] == student.id else answer(204)
    )
    assert (await ask(student.http, student.email)).status_code == 204

    async def it_was_tried() -> int:
        return len(mail.events_to(student))

    await eventually(it_was_tried)
    await outlive(database, student)
    event_id = int(mail.events_to(student)[0]["id"].removeprefix("evt_"))

    async def it_was_stopped() -> bool:
        [delivery] = [each for each in await mail.endpoint.deliveries() if each["event_id"] == event_id]
        return bool(delivery["status"] == "stopped")

    await eventually(it_was_stopped)
    mail.receiver.answers([])
    tried = len(mail.events_to(student))
    replayed = await mail.endpoint.post("replay", {"event_ids": [event_id]})
    assert replayed.json() == {"event_count": 1}
    await eventually(it_was_stopped)
    assert len(mail.events_to(student)) == tried


async def test_who_takes_everything_does_not_take_this(
    mail: ResetMail, student: Student, keeper: Student
) -> None:
    """Nor by a replay: it has to be named."""
    receiver = EventReceiver()
    await receiver.open()
    everything = await Endpoint.make(keeper, receiver.url)
    await mail.token_for(student)
    event_id = int(mail.events_to(student)[0]["id"].removeprefix("evt_"))

    for body in ({"event_ids": [event_id]}, {"since": "2026-01-01T00:00:00Z"}):
        await everything.post("replay", body)
    for what in ("disable", "enable"):
        await everything.post(what)
    kinds = {each["event"] for each in await everything.deliveries()}
    await keeper.delete(everything.path)
    await receiver.close()

    assert REQUESTED not in kinds
    assert REQUESTED not in {each.event["type"] for each in receiver.received}


async def test_a_password_that_is_refused_spends_no_token(mail: ResetMail, student: Student) -> None:
    token = await mail.token_for(student)

    assert refusal(await reset(student, token, "password1234")) == (422, "weak_password")
    assert (await reset(student, token)).status_code == 204


async def test_of_two_who_use_it_at_once_one_does(mail: ResetMail, student: Student) -> None:
    token = await mail.token_for(student)
    new = [f"{NEW} numero {n}" for n in range(4)]
    answers = await asyncio.gather(*(reset(student, token, password) for password in new))

    assert sorted(each.status_code for each in answers) == [204, 401, 401, 401]
    [student.password] = [
        password for password, each in zip(new, answers, strict=True) if each.status_code == 204
    ]
    await student.login()


async def test_one_kind_of_token_is_none_of_the_others(mail: ResetMail, student: Student) -> None:
    token = await mail.token_for(student)
    as_access = await student.http.get("/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert refusal(as_access) == (401, "token_invalid")
    for other in (student.access_token, student.refresh_token, "x", token[:-1], token + "x"):
        refused = await reset(student, other)
        assert refused.status_code in {401, 422}
        assert refused.json()["code"] in {"reset_token_invalid", "validation_failed"}
    assert (await reset(student, token)).status_code == 204


async def test_a_reset_lets_its_owner_in_again_who_was_kept_out(mail: ResetMail, student: Student) -> None:
    body = {"email": student.email, "password": "tutt'altra cosa davvero"}
    tries = [await student.http.post("/auth/login", json=body) for _ in range(11)]
    assert tries[-1].status_code == 429

    await reset(student, await mail.token_for(student))
    student.password = NEW
    await student.login()


async def test_nobody_learns_whether_an_address_has_an_account(start_api: StartApi, student: Student) -> None:
    """The same answer after the same statements; the time of it is not for a test to measure."""
    client_from = await start_api()
    http = client_from(new_address())
    done = {}
    for email in (student.email, f"nobody-{uuid.uuid4().hex}@italiano.example"):
        await ask(http, email)
        with statements() as sent:
            answered = await ask(http, email)
        done[email] = (answered.status_code, answered.content, sorted(answered.headers.keys()), sent)

    known, unknown = done.values()
    assert known == unknown
    assert (known[0], len(known[3])) == (204, 8)


async def test_requests_are_limited_by_account_and_address(start_api: StartApi) -> None:
    client_from = await start_api(password_resets_per_account_per_hour=1)
    email = f"nobody-{uuid.uuid4().hex}@italiano.example"
    http = client_from(new_address())
    answers = [await ask(http, email) for _ in range(2)]
    assert [each.status_code for each in answers] == [204, 429]
    assert answers[-1].json()["code"] == "too_many_attempts"

    elsewhere = [await ask(client_from(new_address()), email) for _ in range(10)]
    assert [each.status_code for each in elsewhere] == [204] * 9 + [429]


async def test_requests_of_one_address_are_limited(start_api: StartApi) -> None:
    client_from = await start_api(password_resets_per_address_per_hour=3)
    http = client_from(new_address())
    answers = [await ask(http, f"nobody-{uuid.uuid4().hex}@italiano.example") for _ in range(4)]
    assert [each.status_code for each in answers] == [204] * 3 + [429]


async def test_what_is_long_over_is_swept_away(
    start_api: StartApi, student: Student, database: Database
) -> None:
    http = (await start_api())(new_address())
    await ask(http, student.email)
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "UPDATE password_resets SET requested_at = requested_at - interval '9 days',"
                " expires_at = expires_at - interval '9 days' WHERE user_id = :id"
            ),
            {"id": student.id},
        )

    async def it_is_gone() -> bool:
        await ask((await start_api())(new_address()), f"nobody-{uuid.uuid4().hex}@italiano.example")
        async with database.read() as connection:
            left = await connection.execute(
                text("SELECT count(*) FROM password_resets WHERE user_id = :id"), {"id": student.id}
            )
            return bool(left.scalar_one() == 0)

    await eventually(it_is_gone)


async def test_logs_tell_of_it_by_id(mail: ResetMail, student: Student, stack: Stack) -> None:
    await reset(student, await mail.token_for(student))
    await reset(student, "none")

    async def it_is_logged() -> bool:
        lines = [json.loads(line) for line in (stack.folder / "api.log").read_text().splitlines()]
        events = [line["event"] for line in lines if line.get("user_id") == student.id]
        assert events[-2:] == ["password_reset_requested", "password_reset"]
        return True

    await eventually(it_is_logged)
