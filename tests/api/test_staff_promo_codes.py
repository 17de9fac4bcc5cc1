"""Staff make promo codes and change them, freely until somebody has redeemed one."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import Student, refusal
from tests.lives import World
from tests.staff import make_promo_code, new_promo_code

NOTHING: dict[str, Any] = {
    "amount_off_cents": None,
    "currency": None,
    "duration_periods": None,
    "max_redemptions": None,
    "max_redemptions_per_user": None,
    "plan_codes": [],
    "valid_from": None,
    "valid_until": None,
    "redemption_count": 0,
    "first_redeemed_at": None,
}
AN_HOUR = timedelta(hours=1)


def path_of(code: str) -> str:
    return f"/admin/promo-codes/{code}"


async def read(staff: Student, code: str) -> dict[str, Any]:
    body: dict[str, Any] = (await staff.get(path_of(code))).json()
    return body


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def test_a_code_with_nothing_but_what_it_needs(admin: Student, support: Student) -> None:
    body = new_promo_code()
    made = await admin.post("/admin/promo-codes", body)

    assert made.status_code == 201, made.text
    published = made.json()
    assert published == {
        "id": published["id"],
        "code": body["code"],
        "percent_off": 20,
        "duration": "once",
        "created_at": published["created_at"],
        **NOTHING,
    }
    assert await read(support, body["code"]) == published


async def test_a_code_with_everything(admin: Student) -> None:
    terms = {
        "amount_off_cents": 500,
        "currency": "EUR",
        "duration": "repeating",
        "duration_periods": 3,
        "max_redemptions": 100,
        "max_redemptions_per_user": 1,
        "plan_codes": ["P1Y", "P6M"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2036-01-01T00:00:00Z",
    }
    code = await make_promo_code(admin, **terms)

    assert terms.items() <= (await read(admin, code)).items()


async def test_a_code_is_the_same_in_any_case(admin: Student) -> None:
    body = new_promo_code(code=f"Ciao_{uuid.uuid4().hex[:8]}-x")
    made = (await admin.post("/admin/promo-codes", body)).json()

    assert made["code"] == body["code"].upper()
    assert await read(admin, body["code"].lower()) == made
    for spelled in (body["code"].lower(), body["code"].upper()):
        taken = await admin.post("/admin/promo-codes", body | {"code": spelled})
        assert refusal(taken) == (409, "promo_code_taken")


async def test_of_many_at_once_with_one_code_one_is_made(admin: Student) -> None:
    body = new_promo_code()
    answers = await asyncio.gather(*(admin.post("/admin/promo-codes", body) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {refusal(answer) for answer in answers if answer.is_error} == {(409, "promo_code_taken")}


async def test_one_key_is_one_code(admin: Student) -> None:
    key, body = uuid.uuid4().hex, new_promo_code()
    first = await admin.post("/admin/promo-codes", body, key=key)
    again = await admin.post("/admin/promo-codes", body, key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await admin.post("/admin/promo-codes", new_promo_code(), key=key)
    assert refusal(other) == (422, "idempotency_key_reused")


async def test_a_plan_that_there_never_was(admin: Student) -> None:
    key, body = uuid.uuid4().hex, new_promo_code()
    unknown = body | {"plan_codes": ["P1Y", "P9Y"]}

    assert refusal(await admin.post("/admin/promo-codes", unknown, key=key)) == (404, "plan_not_found")
    assert (await admin.post("/admin/promo-codes", body, key=key)).status_code == 201
    changed = await admin.patch(path_of(body["code"]), {"plan_codes": ["P9Y"]})
    assert refusal(changed) == (404, "plan_not_found")
    assert (await read(admin, body["code"]))["plan_codes"] == []


WRONG: dict[str, list[Any]] = {
    "code": ["", "AB", "x" * 41, "-ABC", "A BC", "ÈTÀ", "A/BC", "ABC\n", 7, None],
    "percent_off": [0, 101, -1, 1.5, "20", 1e2],
    "amount_off_cents": [0, -1, 1.5, "100", 100_000_001],
    "currency": ["", "eur", "EURO", "XXX", "JPY", 978],
    "duration": ["", "twice", "ONCE", 1, None],
    "duration_periods": [0, -1, 1_201, 1.5, "3"],
    "max_redemptions": [0, -1, 10**9 + 1, 1.5, "3"],
    "max_redemptions_per_user": [0, -1, 1_001, "1"],
    "plan_codes": [None, "P1Y", [""], [7], ["P1Y"] * 101],
    "valid_from": ["tomorrow", "2026-01-01", 0, "2026-01-01T00:00:00"],
    "valid_until": ["tomorrow", "2026-01-01", 0, "2026-01-01T00:00:00"],
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_field_out_of_its_bounds(admin: Student, name: str) -> None:
    body, code = new_promo_code(), await make_promo_code(admin)
    before = await read(admin, code)
    for value in WRONG[name]:
        answer = await admin.post("/admin/promo-codes", body | {name: value})
        assert refusal(answer) == (422, "validation_failed"), value
        assert all(error["field"].startswith(name) for error in answer.json()["errors"]), value
        assert refusal(await admin.patch(path_of(code), {name: value})) == (422, "validation_failed"), value
    assert await read(admin, code) == before
    assert (await admin.get(path_of(body["code"]))).status_code == 404, "nothing was made"


TOGETHER: dict[str, dict[str, Any]] = {
    "nothing off": {"percent_off": None},
    "two things off": {"amount_off_cents": 500, "currency": "EUR"},
    "an amount of what": {"percent_off": None, "amount_off_cents": 500},
    "a currency of nothing": {"currency": "EUR"},
    "repeating, how often": {"duration": "repeating"},
    "once, three times": {"duration_periods": 3},
    "for ever, three times": {"duration": "forever", "duration_periods": 3},
    "never": {"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"},
    "over before it begins": {"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("fields", TOGETHER.values(), ids=TOGETHER)
async def test_fields_that_do_not_go_together(admin: Student, fields: dict[str, Any]) -> None:
    body, code = new_promo_code(), await make_promo_code(admin)
    before = await read(admin, code)

    assert refusal(await admin.post("/admin/promo-codes", body | fields)) == (422, "validation_failed")
    assert refusal(await admin.patch(path_of(code), fields)) == (422, "validation_failed")
    assert await read(admin, code) == before
    assert (await admin.get(path_of(body["code"]))).status_code == 404


async def test_before_the_first_redemption_everything_may_change(admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=5)
    before = await read(admin, code)
    changes = {
        "percent_off": None,
        "amount_off_cents": 700,
        "currency": "EUR",
        "duration": "repeating",
        "duration_periods": 2,
        "max_redemptions": 3,
        "max_redemptions_per_user": 1,
        "plan_codes": ["P1Y"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2036-01-01T00:00:00Z",
    }
    changed = await admin.patch(path_of(code.lower()), changes)

    assert (changed.status_code, changed.json()) == (200, before | changes)
    assert await read(admin, code) == before | changes
    back = {"percent_off": 10, "amount_off_cents": None, "currency": None, "valid_until": None}
    assert (await admin.patch(path_of(code), back)).json() == before | changes | back
    assert (await admin.patch(path_of(code), {})).json() == before | changes | back


@pytest.fixture
async def redeemed(world: World, admin: Student) -> str:
    """A code of which one redemption was reserved, and five are left."""
    code = await make_promo_code(admin, max_redemptions=6, plan_codes=["P30D", "P1Y"])
    started = await (await Student.signup(world.http)).start(promo_code=code)
    assert started.status_code == 201, started.text
    return code


FROZEN: dict[str, Any] = {
    "percent_off": 21,
    "duration": "forever",
    "max_redemptions": 5,
    "max_redemptions_per_user": 1,
    "plan_codes": [],
    "valid_from": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize("name", FROZEN)
async def test_what_was_promised_stays(admin: Student, redeemed: str, name: str) -> None:
    before = await read(admin, redeemed)
    assert (before["redemption_count"], before["first_redeemed_at"] is None) == (1, False)

    refused = await admin.patch(path_of(redeemed), {name: FROZEN[name], "valid_until": None})
    assert refusal(refused) == (409, "promo_terms_frozen")
    assert await read(admin, redeemed) == before
    same = await admin.patch(path_of(redeemed), {name: before[name]})
    assert (same.status_code, same.json()) == (200, before)


async def test_a_redeemed_code_can_be_given_to_more(admin: Student, redeemed: str) -> None:
    for limit in (7, 7, None):
        changed = await admin.patch(path_of(redeemed), {"max_redemptions": limit})
        assert (changed.status_code, changed.json()["max_redemptions"]) == (200, limit)

    refused = await admin.patch(path_of(redeemed), {"max_redemptions": 10**9})
    assert refusal(refused) == (409, "promo_terms_frozen")


async def test_a_redeemed_code_ends_later_or_now(admin: Student, student: Student, redeemed: str) -> None:
    begins = datetime.now(UTC)
    later = instant(begins + AN_HOUR)
    assert (await admin.patch(path_of(redeemed), {"valid_until": later})).json()["valid_until"] == later

    past = {"valid_until": instant(begins - AN_HOUR)}
    ended = (await admin.patch(path_of(redeemed), past)).json()
    assert begins <= datetime.fromisoformat(ended["valid_until"]) <= datetime.now(UTC)
    assert (await admin.patch(path_of(redeemed), past)).json() == ended, "it is over already"
    assert refusal(await student.start(promo_code=redeemed)) == (409, "promo_code_expired")

    assert (await admin.patch(path_of(redeemed), {"valid_until": later})).json()["valid_until"] == later
    assert (await student.start(promo_code=redeemed)).status_code == 201


async def test_a_change_and_a_redemption_at_once(world: World, admin: Student) -> None:
    """Whoever was first: what is billed is what the code said when it was redeemed."""
    for percent in (30, 40, 50, 60):
        code, student = await make_promo_code(admin), await Student.signup(world.http)
        started, changed = await asyncio.gather(
            student.start(promo_code=code), admin.patch(path_of(code), {"percent_off": percent})
        )

        assert started.status_code == 201, started.text
        off = percent if changed.is_success else 20
        assert changed.is_success or refusal(changed) == (409, "promo_terms_frozen")
        assert started.json()["discount_cents"] == 1_990 * off // 100
        assert (await read(admin, code))["percent_off"] == off


async def test_a_code_that_none_can_have(admin: Student) -> None:
    for code in ("AB", "x" * 41, "%00", "a%20b", "%F0%9F%8D%9D"):
        assert refusal(await admin.get(path_of(code))) == (422, "validation_failed"), code
        assert refusal(await admin.patch(path_of(code), {})) == (422, "validation_failed"), code
    assert refusal(await admin.get(path_of("NOWHERE"))) == (404, "promo_code_not_found")


async def test_page_by_page_it_is_the_same(admin: Student) -> None:
    made = [await make_promo_code(admin) for _ in range(3)]
    paged: list[str] = []
    cursor: str | None = None
    while cursor is not None or not paged:
        page = (
            await admin.get("/admin/promo-codes", limit=2, **({"cursor": cursor} if cursor else {}))
        ).json()
        paged += [published["code"] for published in page["items"]]
        cursor = page["next_cursor"]

    assert [code for code in paged if code in made] == made
    assert len(paged) == len(set(paged))
    assert refusal(await admin.get("/admin/promo-codes", cursor="first")) == (422, "invalid_cursor")
