"""Staff at their browsers, on the shared stack."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from db.database import Database
from ops.settings import Settings
from tests.api.console.browser import Browser
from tests.client import Student
from tests.stack import Stack
from tests.staff import hire


@pytest.fixture(scope="module")
async def boss(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    return await hire(http, database, settings, "admin")


@pytest.fixture(scope="module")
async def helper(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    return await hire(http, database, settings, "support")


@pytest.fixture(scope="module")
async def admins(stack: Stack, boss: Student) -> AsyncIterator[Browser]:
    browser = await Browser.signed_in(stack.api_url, boss)
    yield browser
    await browser.close()


@pytest.fixture(scope="module")
async def supports(stack: Stack, helper: Student) -> AsyncIterator[Browser]:
    browser = await Browser.signed_in(stack.api_url, helper)
    yield browser
    await browser.close()


@pytest.fixture
async def strangers(stack: Stack) -> AsyncIterator[Browser]:
    browser = Browser(httpx2.AsyncClient(base_url=stack.api_url, timeout=60))
    yield browser
    await browser.close()
