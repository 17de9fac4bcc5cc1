"""A report that our own fault keeps from its effect: parked once, visibly, and others do not wait for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from db.queries.report_deliveries import MOST_DELIVERIES
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World

LOOKED = {"reason": "mended by the release of today"}
BUG = (
    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a bug'; END $$;"
    " CREATE TRIGGER {name} BEFORE UPDATE ON payments FOR EACH ROW WHEN (OLD.id = {id})"
    " EXECUTE FUNCTION {name}()"
)


@asynccontextmanager
async def bug(life: Life) -> AsyncIterator[None]:
    """Whatever settles this payment fails, and nothing else."""
    name = f"poison_{life.payment_id}"
    await execute(life.world, BUG.format(name=name, id=life.payment_id))
    try:
        yield
    finally:
        await execute(life.world, f"DROP FUNCTION {name} CASCADE")


async def execute(world: World, statement: str, **parameters: int) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(text(statement), parameters)


async def webhook_of(life: Life, staff: Student) -> dict[str, object]:
    [found] = (await staff.get("/admin/webhooks", payment_id=life.payment_id)).json()["items"]
    return dict(found)


async def test_it_is_parked_once_and_has_its_effect_when_the_fault_is_mended(
    world: World, unpaid: Life, admin: Student
) -> None:
    other = await Life.begin(world)
    async with bug(unpaid):
        await unpaid.report()
        await other.pay()

        async def has_failed() -> bool:
            return (await webhook_of(unpaid, admin))["last_failure"] == "ProgrammingError"

        await eventually(has_failed)
        await execute(
            world,
            "UPDATE webhook_inbox SET deliveries = :most, next_delivery_at = clock_timestamp()"
            " WHERE payment_id = :id",
            most=MOST_DELIVERIES,
            id=unpaid.payment_id,
        )

        async def is_parked() -> bool:
            return (await webhook_of(unpaid, admin))["status"] == "parked"

        await eventually(is_parked)
    found = await webhook_of(unpaid, admin)

    async def is_told() -> bool:
        told = [line for line in logged(world) if f'"report_id": {found["id"]},' in line]
        return sum('"payment_report_parked"' in line for line in told) == 1

    await eventually(is_told)
    assert (found["parked_reason"], found["last_failure"]) == ("undeliverable", "ProgrammingError")

    answer = await admin.post(f"/admin/webhooks/{found['id']}/replay", LOOKED)

    assert answer.status_code == 200, answer.text
    await unpaid.becomes("active")
    assert (await unpaid.book()).payments == ["succeeded"]


def logged(world: World) -> list[str]:
    """By whichever process: the relay of the API or the worker's schedule."""
    return [line for file in world.stack.folder.glob("*.log") for line in file.read_text().splitlines()]
