"""The whole API, by everybody, from its own document: answered as it says, and nothing taken that is wrong.

`ATTACK_EXAMPLES=30` and another `ATTACK_SEED` for the long version (docs/security.md).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import text

from db.database import Database
from tests.attack.fuzzing import ALL_PHASES, fuzz
from tests.client import Student
from tests.conftest import FreshStack
from tests.stack import PATIENT
from tests.staff import hire
from tests.violations import find_violations

EXAMPLES = int(os.environ.get("ATTACK_EXAMPLES", "1"))
SEED = int(os.environ.get("ATTACK_SEED", "1"))
IS_LONG = EXAMPLES > 1
PHASES = ALL_PHASES if IS_LONG else ("fuzzing", "stateful")
LONG_REQUESTS = 30_000
SHORT_REQUESTS = 400
LONGEST_SECONDS = 3 * 3_600 if IS_LONG else 240


@dataclass(frozen=True)
class Target:
    """A product of its own: what an administrator retires or erases, nobody else needs."""

    api_url: str
    database: Database
    tokens: dict[str, str | None]


@pytest.fixture
async def target(fresh_stack: FreshStack) -> AsyncIterator[Target]:
    stack = await fresh_stack(BILLING_ACCESS_TOKEN_MINUTES="600", **PATIENT)
    database = Database.from_settings(stack.settings)
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=60) as http:
        student = await Student.signup(http)
        support = await hire(http, database, stack.settings, "support")
        admin = await hire(http, database, stack.settings, "admin")
    tokens = {
        "nobody": None,
        "a student": student.access_token,
        "support": support.access_token,
        "an administrator": admin.access_token,
    }
    yield Target(stack.api_url, database, tokens)
    await database.close()


@pytest.mark.timeout(LONGEST_SECONDS)
async def test_it_answers_as_it_says_whoever_asks_whatever(target: Target) -> None:
    requests = 0
    for who, token in target.tokens.items():
        fuzzed = await asyncio.to_thread(
            fuzz, target.api_url, token, examples=EXAMPLES, seed=SEED, phases=PHASES
        )
        print(f"{who}: {fuzzed.statuses.total()} requests, {dict(sorted(fuzzed.statuses.items()))}")  # noqa: T201 - shown by -s
        assert fuzzed.failures == [], f"by {who}"
        assert max(fuzzed.statuses) < 500, f"by {who}"
        assert 200 in fuzzed.statuses
        requests += fuzzed.statuses.total()

    assert requests >= (LONG_REQUESTS if IS_LONG else SHORT_REQUESTS)
    async with target.database.read() as connection:
        assert await find_violations(connection) == {}
        staff = text("SELECT role FROM users WHERE role <> 'student' ORDER BY id")
        assert (await connection.execute(staff)).scalars().all() == ["support", "admin"]
