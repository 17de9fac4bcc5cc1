"""An administrator is always left: whoever would be the last one to go stays, also of two at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from api.app import create_app
from db.database import Database
from ops.settings import Settings
from tests.api.auth.test_erasure import erase
from tests.api.shell import client_of
from tests.client import Student, refusal
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from tests.staff import hire

WHY = {"reason": "has left us"}
LAST = (409, "last_admin")
UNAVAILABLE = 503
TOO_LATE = {(401, "token_expired"), (401, "token_invalid"), (409, "last_admin")}
"""Whoever was shut out a moment before may have been heard of, or not yet."""


@pytest.fixture
async def admins(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[tuple[Student, Student]]:
    """The two that there are, where nobody else is."""
    settings: Settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings)
    async with client_of(create_app(settings)) as http:
        one, other = [await hire(http, database, settings, "admin") for _ in range(2)]
        await hire(http, database, settings, "support")
        yield one, other
    await database.close()


async def disable(by: Student, whom: Student) -> httpx2.Response:
    return await by.post(f"/admin/users/{whom.id}/disable", WHY)


async def repeating(ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    """On a busy machine the second may wait for the first for longer than anybody waits for a lock."""
    while (answer := await ask()).status_code == UNAVAILABLE:
        pass
    return answer


async def test_the_last_one_stays(admins: tuple[Student, Student]) -> None:
    one, other = admins
    assert (await disable(one, other)).status_code == 200

    assert refusal(await erase(one)) == LAST
    assert refusal(await one.post(f"/admin/users/{one.id}/erase", WHY)) == (409, "own_account")
    assert (await one.post(f"/admin/users/{other.id}/enable", WHY)).status_code == 200
    assert (await erase(one)).status_code == 204
    await other.login()
    assert refusal(await erase(other)) == LAST


async def test_of_two_who_shut_each_other_out_one_stays(admins: tuple[Student, Student]) -> None:
    one, other = admins

    answers = await asyncio.gather(
        repeating(lambda: disable(one, other)), repeating(lambda: disable(other, one))
    )

    assert min(answer.status_code for answer in answers) == 200
    [refused] = [refusal(answer) for answer in answers if answer.is_error]
    assert refused in TOO_LATE


async def test_of_two_who_go_at_once_one_stays(admins: tuple[Student, Student]) -> None:
    one, other = admins

    answers = await asyncio.gather(repeating(lambda: erase(one)), repeating(lambda: erase(other)))

    assert sorted(answer.status_code for answer in answers) == [204, 409]
