"""Fifty at once, round after round, for what few can have; and the same race when it is given naively.

`ATTACK_ROUNDS=200` for the long version (docs/security.md).
"""

import os
import time
from collections.abc import AsyncIterator

import pytest

from db.database import Database
from tests.attack.contests import CLIENTS, CONTESTS
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from tests.violations import find_violations
from tests.wide_database import wide_database

ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "2"))
NAIVE_ROUNDS = 5
LONGEST_SECONDS = 240 + 30 * ROUNDS


@pytest.fixture
async def arena(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """A connection for each client, and all of its books are looked at."""
    settings = settings_for(await fresh_database_url())
    async with wide_database(settings, CLIENTS) as database:
        yield database


@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize("name", CONTESTS)
async def test_what_there_is_once_is_given_once(arena: Database, name: str) -> None:
    contest = await CONTESTS[name].open(arena)
    began = time.monotonic()
    for _ in range(ROUNDS):
        prize = await contest.new_prize()
        told = await contest.race(prize)
        assert (told, await contest.count(prize)) == (contest.places, contest.places)

    took = time.monotonic() - began
    print(f"{name}: {CLIENTS} clients, {ROUNDS} rounds, {contest.places} of {CLIENTS} in each, {took:.0f} s")  # noqa: T201 - shown by -s
    async with arena.read() as connection:
        assert await find_violations(connection) == {}


@pytest.mark.parametrize("name", CONTESTS)
async def test_who_reads_first_and_writes_later_is_found_out(arena: Database, name: str) -> None:
    contest = await CONTESTS[name].open(arena)
    told = 0
    for _ in range(NAIVE_ROUNDS):
        told = await contest.race_naively(await contest.new_prize())
        if told > contest.places:
            break

    print(f"{name}, naively: {told} of {CLIENTS} instead of {contest.places}")  # noqa: T201 - shown by -s
    assert told > contest.places
