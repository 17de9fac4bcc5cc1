"""A start, a webhook and a renewal go through the files that docs/architecture.md tells, in that order."""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
from temporalio.client import Client

from db.database import Database
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.docs.tables import Row, tables_of
from tests.lives import Life, World
from tests.stack import PrivateStack

RECORDER = Path(__file__).parent / "entered"


@dataclass(frozen=True)
class Entry:
    """Whose function was entered, and when in nanoseconds."""

    at: int
    file: str


async def test_the_flows_are_told_as_they_are(fresh_stack: FreshStack, tmp_path: Path) -> None:
    log = tmp_path / "entered.log"
    stack = await fresh_stack(PYTHONPATH=str(RECORDER), ENTERED_LOG=str(log))
    began = await live(stack)
    entries = read(log)
    told = tables_of("architecture.md")
    for flow, at in began.items():
        assert_passes(told[flow], [entry.file for entry in entries if entry.at >= at])


async def live(stack: PrivateStack) -> dict[str, int]:
    """When each flow began, by its heading."""
    database = Database.from_settings(stack.settings)
    temporal = await Client.connect(stack.temporal_address)
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=60) as http:
        world = World(stack, http, temporal, database)
        began = {"One start, file by file": time.monotonic_ns()}
        life = await Life.begin(world)
        began["One webhook, file by file"] = time.monotonic_ns()
        await life.pay()
        await life.store_card("tok_ok")
        began["One renewal, file by file"] = time.monotonic_ns()
        await life.wait(timedelta(days=31))
        await eventually(lambda: has_renewed(life))
    await database.close()
    return began


async def has_renewed(life: Life) -> bool:
    await life.is_quiet()
    return (await life.book()).invoices == ["paid", "paid"]


def read(log: Path) -> list[Entry]:
    lines = (line.split(" ") for line in log.read_text().splitlines())
    return sorted((Entry(int(at), where.split(":")[0]) for at, where in lines), key=lambda entry: entry.at)


def assert_passes(steps: list[Row], files: list[str]) -> None:
    """Each file is entered after the one above it."""
    rest = iter(files)
    for step in steps:
        assert step["file"] in rest, f"{step['file']} is not entered where it is told"
