"""One key is one start, for one user, whatever is repeated."""

import uuid
from typing import Any

import httpx2
import pytest

from db.queries import subscriptions
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World
from tests.plans import plan_on_sale

LONGEST_KEY = "k" * 200


def assert_replays(again: httpx2.Response, first: httpx2.Response) -> None:
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_same_key_gets_the_same_answer_and_nothing_new(student: Student) -> None:
    first = await student.start(key="abc")
    for _ in range(2):
        assert_replays(await student.start(key="abc"), first)

    invoices = (await student.get("/invoices")).json()["items"]
    assert [invoice["id"] for invoice in invoices] == [first.json()["invoice_id"]]
    assert len(invoices[0]["payments"]) == 1


async def test_the_first_answer_stays_whatever_has_happened_since(student: Student, active: Life) -> None:
    key = uuid.uuid4().hex
    first = await student.start(key=key)
    await student.start("P1Y")
    assert_replays(await student.start(key=key), first)

    first = await active.post("cancel", {"at_period_end": False})
    second = await active.student.start(key=key)
    await active.student.post(f"/subscriptions/{second.json()['subscription_id']}/cancel", {})
    assert_replays(await active.student.start(key=key), second)


async def test_one_request_may_be_written_in_several_ways(student: Student) -> None:
    first = await student.post("/subscriptions/start", {"plan_code": "P30D"}, key="k")

    assert_replays(await student.post("/subscriptions/start", {"code": "P30D"}, key="k"), first)
    spelled_out = b'\n{ "plan_code"\t: "P\\u00330D" }'
    assert_replays(await student.post_bytes("/subscriptions/start", spelled_out, key="k"), first)


async def test_another_request_under_the_key_is_refused(student: Student) -> None:
    first = await student.start("P30D", key="k")

    assert refusal(await student.start("P1Y", key="k")) == (422, "idempotency_key_reused")
    assert_replays(await student.start("P30D", key="k"), first)
    assert len((await student.get("/invoices")).json()["items"]) == 1


async def test_two_users_may_have_the_same_key(student: Student, http: httpx2.AsyncClient) -> None:
    other = await Student.signup(http)
    first, second = await student.start("P30D", key="k"), await other.start("P1Y", key="k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["subscription_id"] != second.json()["subscription_id"]
    assert "idempotency-replayed" not in second.headers
    assert_replays(await student.start("P30D", key="k"), first)
    assert_replays(await other.start("P1Y", key="k"), second)


async def test_keys_of_users_never_meet(student: Student, http: httpx2.AsyncClient) -> None:
    """A key that spells another user's id and key is a key like any other."""
    other = await Student.signup(http)
    first = await student.start(key="k")

    second = await other.start(key=f"{student.id}:k")
    third = await student.start(key=f"{student.id}:k")
    assert len({answer.json()["subscription_id"] for answer in (first, second, third)}) == 3


@pytest.mark.parametrize(
    "key",
    ["a", "a b", "~!@#$%^&*()_+{}|:<>?", '"k"', "a/../b", "%00", "'; DROP TABLE users; --", LONGEST_KEY],
)
async def test_a_key_is_any_printable_text(student: Student, key: str) -> None:
    first = await student.start(key=key)

    assert first.status_code == 201
    assert_replays(await student.start(key=key), first)


async def test_a_key_is_told_apart_to_its_last_character(student: Student) -> None:
    answers = [await student.start(key=key) for key in ("key", "KEY", "key1", LONGEST_KEY, LONGEST_KEY[1:])]

    assert len({answer.json()["subscription_id"] for answer in answers}) == len(answers)


async def start_with_keys(student: Student, *keys: bytes) -> httpx2.Response:
    headers = [(name.encode(), value.encode()) for name, value in student.bearer.items()]
    headers += [(b"Idempotency-Key", key) for key in keys]
    return await student.http.post("/subscriptions/start", json={"plan_code": "P30D"}, headers=headers)


async def test_without_a_key_nothing_starts(student: Student) -> None:
    assert refusal(await start_with_keys(student)) == (400, "idempotency_key_missing")
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([b""], id="empty"),
        pytest.param([b"k" * 201], id="too long"),
        pytest.param([b"k" * 8_000], id="much too long"),
        pytest.param([b"k", b"k"], id="twice"),
        pytest.param([b"k", b"l"], id="two"),
        pytest.param([b"", b"k"], id="empty and one"),
        pytest.param(["è".encode()], id="not ASCII"),
        pytest.param(["è".encode("latin-1")], id="not UTF-8"),
        pytest.param([b"a\tb"], id="a tab"),
    ],
)
async def test_a_malformed_key_is_refused(student: Student, keys: list[bytes]) -> None:
    assert refusal(await start_with_keys(student, *keys)) == (400, "idempotency_key_invalid")
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"


async def test_a_refused_start_does_not_burn_its_key(student: Student, active: Life) -> None:
    assert refusal(await student.start("P9Y", key="k")) == (404, "plan_not_found")
    assert refusal(await student.post("/subscriptions/start", {"plan_code": 9}, key="k"))[0] == 422
    assert (await student.start("P30D", key="k")).status_code == 201

    for _ in range(2):
        assert refusal(await active.student.start(key="k")) == (409, "subscription_exists")
    await active.post("cancel", {"at_period_end": False})
    assert (await active.student.start(key="k")).status_code == 201


async def test_a_key_belongs_to_one_kind_of_request(active: Life) -> None:
    student, cancel = active.student, f"/subscriptions/{active.subscription_id}/cancel"
    assert (await student.post(cancel, {"at_period_end": False}, key="of a cancel")).status_code == 200
    assert refusal(await student.start(key="of a cancel")) == (422, "idempotency_key_reused")

    started = await student.start(key="of a start")
    assert started.status_code == 201
    cancel = f"/subscriptions/{started.json()['subscription_id']}/cancel"
    assert refusal(await student.post(cancel, {}, key="of a start")) == (422, "idempotency_key_reused")
    assert (await student.get("/me/subscription")).json()["status"] == "incomplete"


async def test_a_start_that_is_opened_between_two_reads_is_not_refused_for_its_own_sake(
    world: World, impatient: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first answer was lost while it was under way; then the repetition finds a live subscription: it."""
    key = uuid.uuid4().hex
    life = await Life.begin(world, key=key)
    await life.pay()
    find, reads = subscriptions.find_opened, 0

    async def not_yet(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return None if reads == 1 else await find(*arguments)

    monkeypatch.setattr(subscriptions, "find_opened", not_yet)
    again = await life.student.through(impatient).start(key=key)

    assert (again.status_code, again.json()["subscription_id"]) == (201, life.subscription_id)
    assert reads == 2


async def test_a_start_that_is_under_way_is_not_refused_by_a_read(
    world: World, admin: Student, student: Student, impatient: httpx2.AsyncClient
) -> None:
    """A no that may become a yes is none: what its first try comes to is its answer."""
    key, in_vain = uuid.uuid4().hex, student.through(impatient)
    async with plan_on_sale(admin, "P30D") as code:
        await world.stack.stop_worker()
        try:
            assert refusal(await in_vain.start(code, key)) == (503, "workflow_engine_unavailable")
            assert (await admin.post(f"/admin/plans/{code}/retire")).is_success
            assert refusal(await in_vain.start(code, uuid.uuid4().hex)) == (404, "plan_not_found")
            assert refusal(await in_vain.start(code, key)) == (503, "workflow_engine_unavailable")
        finally:
            await world.stack.start_worker()

        async def is_refused() -> bool:
            return refusal(await student.start(code, key)) == (404, "plan_not_found")

        await eventually(is_refused)
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"
