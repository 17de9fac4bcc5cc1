"""Starts with a gift card over HTTP: what is answered, what is refused, and that no code goes anywhere."""

import base64
import json
import uuid

import httpx2

from tests.book import workflow_id_of
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.gift_cards import check_purses, issue
from tests.lives import Life, World

MONEY = ("amount_cents", "gift_cents", "discount_cents", "payment_status", "status")


async def test_paid_by_the_card_it_is_active_at_once(admin: Student, student: Student) -> None:
    [code] = await issue(admin, 5_000)
    typed = code.lower()

    started = await student.start(gift_code=typed)

    body = started.json()
    assert started.status_code == 201
    assert (body["gift_code"], body["payment_id"], body["provider"]) == (typed, None, None)
    assert [body[name] for name in MONEY] == [0, 1_990, 0, "succeeded", "active"]
    assert (await student.get("/me/subscription")).json()["access"]["allowed"] is True
    [invoice] = (await student.get("/invoices")).json()["items"]
    assert (invoice["status"], invoice["total_cents"], invoice["gift_cents"], invoice["payments"]) == (
        "paid",
        1_990,
        1_990,
        [],
    )


async def test_what_it_leaves_is_charged_to_the_method(admin: Student, world: World) -> None:
    [code] = await issue(admin, 990)
    student = await Student.signup(world.http)
    method = {"provider": "sandbox", "token": f"tok_ok-{uuid.uuid4().hex}"}

    body = (await student.start(gift_code=code, payment_method=method)).json()

    assert [body[name] for name in MONEY] == [1_000, 990, 0, "pending", "incomplete"]
    life = Life(world, student, body["subscription_id"], body["payment_id"], f"{student.id}:")
    life.workflow_id = await workflow_id_of(world.database, life.subscription_id)
    await life.becomes("active")
    charges = await world.stack.psp.charges(life.subscription_id)
    assert [(charge["amount_cents"], charge["status"]) for charge in charges] == [(1_000, "succeeded")]


async def test_the_same_start_again_echoes_the_code(admin: Student, student: Student) -> None:
    [code] = await issue(admin, 5_000)
    key = uuid.uuid4().hex
    first = await student.start(key=key, gift_code=code)

    again = await student.start(key=key, gift_code=code)
    without = await student.start(key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert refusal(without) == (422, "idempotency_key_reused")


async def test_without_a_code_the_answer_has_none(student: Student) -> None:
    assert (await student.start()).json()["gift_code"] is None


async def test_what_a_read_refuses_burns_no_key(
    admin: Student, student: Student, http: httpx2.AsyncClient
) -> None:
    [good] = await issue(admin, 5_000)
    [foreign] = await issue(admin, currency="USD")
    [of_another] = await issue(admin)
    await (await Student.signup(http)).start(gift_code=of_another)
    key = uuid.uuid4().hex

    for code, told in (
        ("0000-0000-0000-0000", (404, "gift_card_not_found")),
        (of_another, (404, "gift_card_not_found")),
        (foreign, (409, "currency_mismatch")),
    ):
        assert refusal(await student.start(key=key, gift_code=code)) == told
    assert (await student.get("/invoices")).json()["items"] == []

    assert (await student.start(key=key, gift_code=good)).status_code == 201


async def test_a_used_up_card_of_ones_own(admin: Student, student: Student) -> None:
    [code] = await issue(admin, 1_990)
    started = (await student.start(gift_code=code)).json()
    cancel = f"/subscriptions/{started['subscription_id']}/cancel"
    assert (await student.post(cancel, {"at_period_end": False})).is_success

    assert refusal(await student.start(gift_code=code)) == (409, "gift_card_empty")


async def test_a_card_that_an_unpaid_start_holds_pays_the_next_one(admin: Student, student: Student) -> None:
    [code] = await issue(admin, 700)
    [of_another_currency] = await issue(admin, 700, currency="USD")
    abandoned = (await student.start(gift_code=code)).json()

    previewed = await student.post("/subscriptions/preview", {"plan_code": "P30D", "gift_code": code})
    started = await student.start(gift_code=code)

    assert [(i["gift_cents"], i["amount_due_cents"]) for i in previewed.json()["invoices"]] == [(700, 1_290)]
    assert (started.status_code, [started.json()[name] for name in MONEY[:2]]) == (201, [1_290, 700])
    assert started.json()["subscription_id"] != abandoned["subscription_id"]
    assert (await student.get("/me/purse")).json()["gift_cards"][0]["balance_cents"] == 0
    assert refusal(await student.start(gift_code=of_another_currency)) == (409, "currency_mismatch")


async def test_no_code_is_in_a_history_a_log_or_a_search_attribute(
    admin: Student, student: Student, world: World
) -> None:
    codes = await issue(admin, 990, count=2)
    started = (await student.start(gift_code=codes[0])).json()
    redeemed = await student.post(
        f"/subscriptions/{started['subscription_id']}/redeem", {"gift_code": codes[1]}
    )
    assert redeemed.is_success
    workflow = world.temporal.get_workflow_handle(
        await workflow_id_of(world.database, started["subscription_id"])
    )
    history = (await workflow.fetch_history()).to_json()
    described = str((await workflow.describe()).raw_description)

    async def is_logged() -> str:
        logs = [(world.stack.folder / f"{name}.log").read_text() for name in ("api", "worker")]
        return "\n".join(logs) if "/subscriptions/{subscription_id}/redeem" in logs[0] else ""

    logged = await eventually(is_logged)
    decoded = decoded_payloads(json.loads(history))
    assert "redeem_gift" in history, "it went through the workflow"
    for code in codes:
        for spelled in (code, code.lower(), code.replace("-", ""), code.replace("-", "").lower()):
            for place in (history, decoded, described, logged):
                assert spelled not in place
    await check_purses(world.database)


def decoded_payloads(node: object) -> str:
    """All payloads of a history, which are base64 in its JSON."""
    if isinstance(node, dict):
        data = node.get("data")
        own = base64.b64decode(data).decode("utf-8", "replace") if isinstance(data, str) else ""
        return own + "".join(decoded_payloads(value) for value in node.values())
    if isinstance(node, list):
        return "".join(decoded_payloads(value) for value in node)
    return ""
