"""`italiano doctor`: a line for each thing, how to mend it, and nothing that is secret."""

import json

from cli.dev.postgres import EmbeddedPostgres
from tests.cli.in_process import Done, italiano
from tests.lives import World
from tests.stack import JWT_SECRET, WEBHOOK_SECRET

LOOKED_AT = {
    "settings", "virtual clock", "postgres", "clocks", "migrations", "inbox", "events", "parked", "unknown",
    "reconciliation", "temporal", "search attributes", "workers", "schedule deliver-inbox",
    "schedule find-lost-workflows", "schedule reconcile", "providers", "sandbox",
}  # fmt: skip
ENGINES = {
    "settings",
    "postgres",
    "clocks",
    "migrations",
    "temporal",
    "search attributes",
    "workers",
    "sandbox",
}


def health(done: Done) -> dict[str, str]:
    return {finding["name"]: finding["health"] for finding in json.loads(done.out)}


def is_without_secrets(done: Done, world: World) -> bool:
    secrets = (JWT_SECRET, WEBHOOK_SECRET, world.stack.psp.api_key, world.stack.database_url, "hunter2")
    return not any(secret in done.out + done.err for secret in secrets)


async def test_a_running_stack_is_looked_at(world: World) -> None:
    looked = await italiano(world.stack, "doctor", "--json")

    found = health(looked)
    assert found.keys() == LOOKED_AT
    assert {name for name in ENGINES if found[name] != "ok"} == set()
    assert looked.code == (1 if "fail" in found.values() else 0)
    assert is_without_secrets(looked, world)


async def test_each_engine_is_looked_at_while_another_is_away(world: World) -> None:
    away = {
        "DATABASE_URL": "postgresql+psycopg://me:hunter2@127.0.0.1:1/none",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "BILLING_PSP_URL": "http://127.0.0.1:1",
        "BILLING_TEMPORAL_UI_URL": "",
    }
    looked = await italiano(world.stack, "doctor", **away)

    assert (looked.code, looked.err) == (1, "")
    lines = looked.out.splitlines()
    assert [line[:4] for line in lines if line[:4] in {"OK  ", "WARN", "FAIL"}] == [
        "OK  ", "WARN", "OK  ", "FAIL", "FAIL", "OK  ", "FAIL",
    ]  # fmt: skip
    assert "      mend: DATABASE_URL names it; is it up?" in lines
    assert lines[-1] == "3 ok, 1 to look at, 3 failing"
    assert is_without_secrets(looked, world)


async def test_an_empty_database_and_a_namespace_that_is_not_there(
    world: World, postgres: EmbeddedPostgres
) -> None:
    empty = postgres.database_url("postgres")  # every server has it, and no migration was ever run there
    looked = await italiano(world.stack, "doctor", "--json", DATABASE_URL=empty, TEMPORAL_NAMESPACE="nowhere")

    found = health(looked)
    assert (found["migrations"], found["temporal"]) == ("fail", "fail")
    assert "inbox" not in found
