"""The application in the test's own process, its engines away; and subscriptions on the shared stack."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest
import structlog
from pydantic import SecretStr

from api.app import create_app
from tests.api.auth.in_process import ClientFrom, StartApi
from tests.api.plan_change import DEAR_CENTS
from tests.api.shell import client_of, shell_app
from tests.client import Student
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.races.commands import card
from tests.stack import Stack, settings_for

IMPATIENT_MS = 1_000


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
async def start_api(database_url: str) -> AsyncIterator[StartApi]:
    """Starts one more API on the shared database; keywords are settings. Gives clients by their address."""
    async with AsyncExitStack() as stack:

        async def start(**changed: object) -> ClientFrom:
            settings = settings_for(database_url).model_copy(update=changed)
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))

            def client_from(address: str) -> httpx2.AsyncClient:
                transport = httpx2.ASGITransport(app, client=(address, 50000))
                return httpx2.AsyncClient(transport=transport, base_url="http://api.example")

            return client_from

        yield start


@pytest.fixture
async def impatient(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """The API on the shared engines once more, in this process: it waits for no worker that is away."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    changes = {
        "workflow_rpc_timeout_ms": IMPATIENT_MS,
        "psp_url": stack.psp.url,
        "psp_api_key": SecretStr(stack.psp.api_key),
    }
    async with client_of(create_app(stack.settings.model_copy(update=changes))) as client:
        yield client


@pytest.fixture
async def unpaid(world: World) -> Life:
    """A subscription that was just started, of somebody nobody else uses."""
    return await Life.begin(world)


@pytest.fixture(scope="module")
async def untouched(world: World) -> Life:
    """Just started; whatever is tried with it is refused, so that many tests may share it."""
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
