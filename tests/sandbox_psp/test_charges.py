"""Charges over HTTP: each test token, and what is made of a key."""

import asyncio
from datetime import datetime, timedelta

import httpx2
import pytest

from tests.deadline import LONGEST_SECONDS, eventually
from tests.psp import SandboxPsp
from tests.sandbox_psp.requests import a_body, a_key, charge, read


@pytest.mark.parametrize(
    ("token", "decline_code"),
    [
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_processing_error", "processing_error"),
        ("tok_stolen", "stolen_card"),
        ("tok_closed-42", "closed_account"),
        ("tok_revoked", "authorization_revoked"),
        ("tok_expired_card", "expired_card"),
    ],
)
async def test_a_bad_card_is_declined_in_its_own_words(
    psp: SandboxPsp, token: str, decline_code: str
) -> None:
    declined = await charge(psp, token)

    assert (declined["status"], declined["decline_code"]) == ("failed", decline_code)
    assert declined["action_url"] is None


async def test_all_that_a_charge_tells(psp: SandboxPsp) -> None:
    key, body = a_key(), a_body("tok_ok-me")

    answer = await psp.post("/v1/charges", body, key=key)

    charged = answer.json()
    assert answer.status_code == 201
    assert charged == body | {
        "id": charged["id"],
        "idempotency_key": key,
        "refunded_cents": 0,
        "charged_back_cents": 0,
        "status": "succeeded",
        "decline_code": None,
        "action_url": None,
        "created_at": charged["created_at"],
        "settled_at": charged["created_at"],
    }
    assert charged["id"].startswith("ch_")
    assert await read(psp, charged) == charged


async def test_a_run_of_declines_is_counted_for_each_card_and_subscription(psp: SandboxPsp) -> None:
    token = "tok_decline_2_then_ok-run"

    async def statuses(subscription_id: int) -> list[str]:
        return [(await charge(psp, token, subscription_id=subscription_id))["status"] for _ in range(4)]

    assert await statuses(71_001) == ["failed", "failed", "succeeded", "succeeded"]
    assert await statuses(71_002) == ["failed", "failed", "succeeded", "succeeded"]


async def test_a_repetition_is_no_further_charge_of_a_run(psp: SandboxPsp) -> None:
    body, key = a_body("tok_decline_1_then_ok"), a_key()

    repeated = [(await psp.post("/v1/charges", body, key=key)).json() for _ in range(3)]
    after = (await psp.post("/v1/charges", body, key=a_key())).json()

    assert [one["status"] for one in (*repeated, after)] == ["failed", "failed", "failed", "succeeded"]
    assert repeated[0] == repeated[1] == repeated[2]


async def test_one_key_used_by_twenty_at_once_is_one_charge(psp: SandboxPsp) -> None:
    body, key = a_body("tok_ok"), a_key()

    answers = await asyncio.gather(*(psp.post("/v1/charges", body, key=key) for _ in range(20)))

    assert len({answer.text for answer in answers}) == 1
    assert len(await psp.charges(body["subscription_id"])) == 1


async def test_a_key_is_needed_and_plain(psp: SandboxPsp) -> None:
    for key in (None, "", "a b", "a/b", "x" * 201):
        answer = await psp.post("/v1/charges", a_body("tok_ok"), key=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), key


async def test_a_body_that_is_wrong_is_refused(psp: SandboxPsp) -> None:
    for wrong in (
        {"amount_cents": 0},
        {"amount_cents": "1990"},
        {"amount_cents": 19.9},
        {"currency": "eur"},
        {"payment_id": 0},
        {"subscription_id": 2**63},
        {"capture": True},
    ):
        answer = await psp.post("/v1/charges", a_body("tok_ok", **wrong), key=a_key())
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), wrong
    answer = await psp.post("/v1/charges", a_body("tok_of_nobody"), key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "payment_method_not_found")


async def test_without_the_key_of_the_api_nothing_is_told(psp: SandboxPsp) -> None:
    paths = [path for path in (await psp.get("/openapi.json")).json()["paths"] if path.startswith("/v1/")]
    mine = {"Authorization": "Bearer mine"}
    async with httpx2.AsyncClient(base_url=psp.url, headers=mine, timeout=LONGEST_SECONDS) as stranger:
        for path in paths:
            for answer in (await stranger.get(path), await stranger.post(path, json={})):
                is_no_route = answer.status_code == 405
                assert is_no_route or answer.json()["code"] == "api_key_invalid", path
    assert len(paths) == 12


async def test_the_customer_confirms_or_refuses(psp: SandboxPsp) -> None:
    for outcome, decline_code in (("succeeded", None), ("failed", "authentication_failed")):
        waiting = await charge(psp, "tok_3ds")
        assert (waiting["status"], waiting["settled_at"]) == ("pending", None)
        assert waiting["action_url"] == f"{psp.url}/3ds/{waiting['id']}"

        await psp.complete_action(waiting["id"], outcome)

        completed = await read(psp, waiting)
        assert (completed["status"], completed["decline_code"]) == (outcome, decline_code)
        assert completed["action_url"] is None
        again = await psp.post(f"/v1/charges/{waiting['id']}/complete-action", {"outcome": "failed"})
        assert (again.status_code, again.json()["code"]) == (409, "charge_not_pending")


async def test_some_customers_answer_unasked(psp: SandboxPsp) -> None:
    confirms, refuses = await charge(psp, "tok_3ds_ok"), await charge(psp, "tok_3ds_fail")
    assert confirms["status"] == refuses["status"] == "pending"

    async def have_answered() -> bool:
        return [(await read(psp, one))["status"] for one in (confirms, refuses)] == ["succeeded", "failed"]

    await eventually(have_answered)


async def test_a_withdrawn_charge_is_not_confirmed_any_more(psp: SandboxPsp) -> None:
    waiting = await charge(psp, "tok_3ds_ok")

    canceled = (await psp.post(f"/v1/charges/by-key/{waiting['idempotency_key']}/cancel")).json()
    refused = await psp.post(f"/v1/charges/{waiting['id']}/complete-action", {"outcome": "succeeded"})

    assert canceled["status"] == "canceled"
    assert refused.status_code == 409
    assert await psp.pending(waiting["subscription_id"]) == 0
    assert (await read(psp, waiting))["status"] == "canceled"


async def test_the_page_of_the_customer(psp: SandboxPsp) -> None:
    waiting = await charge(psp, "tok_3ds", amount_cents=4990)

    page = await psp.get(f"/3ds/{waiting['id']}")
    confirmed = await psp.post(f"/3ds/{waiting['id']}/succeeded")
    after = await psp.get(confirmed.headers["location"])

    assert "49.90 EUR" in page.text
    assert page.text.count("<form") == 2
    assert confirmed.status_code == 303
    assert "<b>succeeded</b>" in after.text
    assert "<form" not in after.text
    assert (await psp.get("/3ds/ch_nobody")).status_code == 404
    assert (await read(psp, waiting))["status"] == "succeeded"


async def test_a_card_may_turn_bad_and_recover(psp: SandboxPsp) -> None:
    card = "tok_ok-moody"

    async def next_charges(count: int) -> list[str]:
        return [(await charge(psp, card, subscription_id=72_001))["status"] for _ in range(count)]

    assert await next_charges(2) == ["succeeded", "succeeded"]
    await psp.behave(card, "tok_stolen")
    assert await next_charges(2) == ["failed", "failed"]
    await psp.behave(card, "tok_decline_1_then_ok")
    assert await next_charges(3) == ["failed", "succeeded", "succeeded"]
    await psp.behave(card, card)
    assert await next_charges(1) == ["succeeded"]
    unknown = await psp.post("/v1/control/tokens/tok_ok-moody", {"behaves_like": "tok_odd"})
    assert unknown.status_code == 404


async def test_the_list_is_what_was_charged_page_by_page(psp: SandboxPsp) -> None:
    made = [
        await charge(psp, token, subscription_id=73_001) for token in ("tok_ok", "tok_stolen", "tok_3ds") * 3
    ]

    listed, cursor = [], "0"
    while cursor:
        page = (await psp.get("/v1/charges", subscription_id=73_001, limit=2, cursor=cursor)).json()
        listed += page["charges"]
        cursor = page["next_cursor"]
        assert len(page["charges"]) <= 2

    assert listed == made
    assert await psp.charges(73_001) == made


async def test_the_list_of_a_time(psp: SandboxPsp) -> None:
    made = [await charge(psp, "tok_ok", subscription_id=73_002) for _ in range(3)]
    second = datetime.fromisoformat(made[1]["created_at"])

    async def listed(**range_of: datetime) -> list[str]:
        params = {name: at.isoformat() for name, at in range_of.items()}
        answer = await psp.get("/v1/charges", subscription_id=73_002, **params)
        return [one["id"] for one in answer.json()["charges"]]

    ids = [one["id"] for one in made]
    assert await listed(created_from=second) == ids[1:]
    assert await listed(created_before=second) == ids[:1]
    assert await listed(created_from=second, created_before=second + timedelta(microseconds=1)) == ids[1:2]
    assert await listed(created_from=second + timedelta(days=1)) == []
