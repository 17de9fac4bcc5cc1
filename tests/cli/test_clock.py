"""`italiano clock advance` as a person types it, on a running stack."""

import asyncio
import json
import re
import uuid
from pathlib import Path

import pytest
import typer

from cli.clock import iso_duration
from cli.dev.home import Home
from tests.cli.shown_home import italiano, shown_home
from tests.client import Student
from tests.lives import Life, World


@pytest.fixture
async def unpaid(world: World) -> Life:
    return await Life.begin(world, key=uuid.uuid4().hex)


async def test_it_tells_what_happened_and_what_waits(admin: Student, unpaid: Life, tmp_path: Path) -> None:
    number = str(unpaid.subscription_id)
    with shown_home(
        unpaid.world.stack, tmp_path, admin_email=admin.email, admin_password=admin.password
    ) as home:

        async def advance(*arguments: str) -> tuple[int, str, str]:
            done = await asyncio.to_thread(italiano, home, "clock", "advance", number, *arguments)
            return done.returncode, done.stdout, done.stderr

        waits = await advance("12h")
        ends = await advance("P1D", "--json")
        ended = await advance("31d")

    assert waits[0] == 0, waits
    assert re.search(
        rf"subscription {number} is at \S+Z, 1[12]:\S+ ahead of today\n  nothing happened\n"
        r"  it waits for its payment; expire at \S+Z\n",
        waits[1],
    ), waits
    assert ends[0] == 0, ends
    told = json.loads(ends[1])
    assert ([entry["event"] for entry in told["happened"]], told["waiting_for"]) == (["expired"], None)
    assert ended[0] == 1
    assert "FAIL" in ended[2]
    assert "subscription_ended" in ended[2]


async def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = await asyncio.to_thread(italiano, Home(tmp_path), "clock", "advance", "1", "31d")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("FAIL no stack is running")


@pytest.mark.parametrize(
    ("length", "iso"),
    [
        ("31d", "P31D"),
        ("12h", "PT12H"),
        ("2w", "P2W"),
        ("90m", "PT90M"),
        ("5s", "PT5S"),
        ("P1DT6H", "P1DT6H"),
    ],
)
def test_short_lengths(length: str, iso: str) -> None:
    assert iso_duration(length) == iso


@pytest.mark.parametrize("length", ["", "31", "d", "31D", "1y", "P1M", "0d", "99999d", "-1d", "P1"])
def test_what_is_no_length(length: str) -> None:
    with pytest.raises(typer.BadParameter, match="are right"):
        iso_duration(length)
