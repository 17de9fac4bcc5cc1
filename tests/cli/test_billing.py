"""`italiano invoice`, `payment`, `event` and `clock show`: from the books, as the API tells them."""

import json
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from tests.cli.in_process import Done, italiano
from tests.client import Student
from tests.lives import Life, World

NOWHERE = "9000000000000000000"
Run = Callable[..., Awaitable[Done]]


@pytest.fixture
def cli(world: World) -> Run:
    async def run(*arguments: str) -> Done:
        return await italiano(world.stack, *arguments)

    return run


async def test_an_invoice_and_its_payment(world: World, admin: Student, cli: Run) -> None:
    life = await Life.begin(world)
    await life.pay()
    only = ("--subscription", str(life.subscription_id))

    [invoice] = json.loads((await cli("invoice", "list", *only, "--status", "paid", "--json")).out)
    [payment] = json.loads((await cli("payment", "list", *only, "--status", "succeeded", "--json")).out)
    assert (invoice["total_cents"], payment["invoice_id"]) == (1_990, invoice["id"])
    assert json.loads((await cli("invoice", "list", *only, "--status", "open", "--json")).out) == []
    assert json.loads((await cli("payment", "list", *only, "--status", "unknown", "--json")).out) == []

    for kind, number in (("invoice", invoice["id"]), ("payment", payment["id"])):
        told = json.loads((await cli(kind, "show", str(number), "--json")).out)
        assert told == (await admin.get(f"/admin/{kind}s/{number}")).json()
        assert "19.90 EUR" in (await cli(kind, "show", str(number))).out
        table = (await cli(kind, "list", *only)).out.splitlines()
        assert [len(table), max(map(len, table)) <= 80] == [2, True]
        assert (await cli(kind, "show", NOWHERE)).err == f"FAIL {kind}_not_found: There is no such {kind}.\n"


async def test_events_and_the_clock(world: World, cli: Run) -> None:
    life = await Life.begin(world)
    number = str(life.subscription_id)

    assert (await cli("event", "list", "--subscription", NOWHERE, "--json")).out == "[]\n"
    shown = json.loads((await cli("clock", "show", number, "--json")).out)
    assert (shown["ahead_seconds"], shown["ended_at"]) == (0.0, None)
    assert shown["next_action_at"] > shown["now"]
    assert "not at all" in (await cli("clock", "show", number)).out
    assert (await cli("clock", "show", NOWHERE)).err.startswith("FAIL subscription_not_found: ")


async def test_a_terminal_is_not_steered_by_what_somebody_wrote(world: World, cli: Run) -> None:
    life = await Life.begin(world)
    await life.pay()
    number = str(life.subscription_id)
    assert (await cli("sub", "cancel", number, "--reason", "\x1b[2Jgone\u202e")).code == 0
    async with world.database.transaction() as connection:
        query = text("UPDATE payments SET failure_code = :code WHERE id = :id")
        await connection.execute(query, {"code": "\x1b[31m", "id": life.payment_id})

    told = (await cli("sub", "timeline", number)).out
    listed = (await cli("payment", "list", "--subscription", number)).out

    assert "\\x1b[2Jgone\\u202e" in told
    assert "\\x1b[31m" in listed
    assert "\x1b" not in told + listed
