"""The application in the test's own process, its engines away; and subscriptions on the shared stack."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import structlog

from tests.api.plan_change import DEAR_CENTS
from tests.api.shell import client_of, shell_app
from tests.client import Student
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.races.commands import card


@pytest.fixture(scope="session", autouse=True)
def plain_log_lines() -> None:
    """Without this, structlog paints every traceback with all local variables: seconds for each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )


@pytest.fixture(scope="module")
async def shell() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shell_app()) as client:
        yield client


@pytest.fixture
async def shell_without_temporal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with client_of(shell_app()) as client:
        yield client


@pytest.fixture
async def unpaid(world: World) -> Life:
    """A subscription that was just started, of somebody nobody else uses."""
    return await Life.begin(world)


@pytest.fixture
async def active(unpaid: Life) -> Life:
    await unpaid.pay()
    return unpaid


@pytest.fixture(scope="module")
async def bystander(http: httpx2.AsyncClient) -> Student:
    """Somebody whose every request is refused, so that many tests may share them."""
    return await Student.signup(http)


@pytest.fixture
async def dear(admin: Student) -> AsyncIterator[str]:
    """A plan of the same length, at twice the price."""
    async with plan_on_sale(admin, "P30D", name="Twice as much", price_cents=DEAR_CENTS) as code:
        yield code


@pytest.fixture
async def paid(world: World) -> Life:
    """Paid by a card that nobody else has."""
    life = await Life.begin(world, card=card())
    await life.becomes("active")
    return life
