"""`italiano webhook`: the inbox for who has no browser at hand."""

import json
import uuid

from sqlalchemy import text

from tests.cli.in_process import Done, italiano
from tests.client import Student
from tests.lives import Life, World

PRICE = 1_990


async def webhook(world: World, *arguments: str) -> Done:
    return await italiano(world.stack, "webhook", *arguments)


async def parked(world: World) -> tuple[Life, int]:
    """A report of too little money, and its id."""
    life = await Life.begin(world)
    await life.report("SUCCEEDED", amount_cents=PRICE - 1, event_id=uuid.uuid4().hex)
    await life.applies_reports(1)
    listed = await webhook(world, "list", "--payment-id", str(life.payment_id), "--json")
    [found] = json.loads(listed.out)
    return life, found["id"]


async def test_a_parked_one_is_listed_shown_and_judged_again(world: World, admin: Student) -> None:
    life, webhook_id = await parked(world)

    listed = await webhook(world, "list", "--status", "parked", "--payment-id", str(life.payment_id))
    [heads, line] = listed.out.splitlines()
    assert heads.split() == ["id", "received", "provider", "payment", "says", "status"]
    assert line.split()[0] == str(webhook_id)
    assert line.split()[3:] == [
        "mock",
        str(life.payment_id),
        "SUCCEEDED",
        "parked",
        "(amount_mismatch)",
    ]

    replayed = await webhook(world, "replay", str(webhook_id), "--reason", "the bank has looked", "--json")
    assert (replayed.code, json.loads(replayed.out)["status"]) == (0, "received"), replayed.err
    await life.applies_reports(1)

    shown = await webhook(world, "show", str(webhook_id))
    lines = shown.out.splitlines()
    assert "status            parked" in lines
    assert any(line.startswith("replayed") and line.endswith(": the bank has looked") for line in lines)
    assert lines[-1].startswith('raw body          {"payment_id": ')
    told = json.loads((await webhook(world, "show", str(webhook_id), "--json")).out)
    over_http = (await admin.get(f"/admin/webhooks/{webhook_id}")).json()
    assert told == over_http
    assert told["replays"][0]["actor"].startswith("operator:")


async def test_what_has_had_its_effect_is_refused(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    listed = await webhook(world, "list", "--payment-id", str(life.payment_id), "--json")
    [found] = json.loads(listed.out)

    done = await webhook(world, "replay", str(found["id"]), "--reason", "by mistake")

    assert (done.code, done.out) == (1, "")
    assert done.err == "FAIL report_already_applied: It has had its effect, which is never had twice.\n"


async def test_a_reason_is_needed(world: World) -> None:
    done = await webhook(world, "replay", "1", "--reason", "")

    assert (done.code, done.err) == (1, "FAIL --reason: say why, in 1 to 500 characters\n")


async def test_what_there_is_not(world: World) -> None:
    done = await webhook(world, "show", "9000000000000000000")

    assert (done.code, done.err) == (1, "FAIL webhook_not_found: There is no such webhook.\n")
    assert (await webhook(world, "list", "--payment-id", "9000000000000000000", "--json")).out == "[]\n"


async def test_a_terminal_is_not_steered_by_what_was_sent(world: World) -> None:
    life, webhook_id = await parked(world)
    async with life.world.database.transaction() as connection:
        query = text("UPDATE webhook_inbox SET raw_body = :raw WHERE id = :id")
        await connection.execute(query, {"raw": b"\x1b[2Jgone\n", "id": webhook_id})

    shown = (await webhook(world, "show", str(webhook_id))).out

    assert "\x1b" not in shown
    assert shown.endswith("\\x1b[2Jgone\\n\n")
