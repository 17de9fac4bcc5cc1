"""Real engines for every test that asks: one Postgres and one Temporal a run, shared by all of it.

Tests that share them keep to users, keys and task queues of their own. Whoever breaks something on purpose
asks for `fresh_stack`, whoever changes the schema or the catalogue for `fresh_database_url`.
"""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest
import structlog
from temporalio.client import Client

from cli.dev.child_process import ChildProcess
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.temporal import EmbeddedTemporal
from db.database import Database
from db.migrate import upgrade
from ops.settings import Settings
from tests.api_description import check_answer
from tests.client import Student
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver
from tests.free_port import free_port
from tests.lives import World
from tests.local_stripe import LocalStripe
from tests.stack import FAST, PATIENCE_MS, PATIENT, PrivateStack, Stack, settings_for
from tests.staff import hire
from tests.warm_python import CAN_FORK, WARM_PYTHON, fork_what_is_ours

HTTP_SECONDS = 180
"""Longer than the API takes for anything, so that its answer comes: a turn of a clock has a minute."""
TEMPLATE = "template_italiano"

LONGEST_FIRST = {
    *(
        "attack",
        "chaos",
        "cli",
        "crash_points",
        "faults",
        "load",
        "races",
        "replay",
        "runbooks",
        "scenarios",
        "workflows",
    ),
    *("test_facts_converge.py", "test_openapi_access.py", "test_openapi_writes.py", "test_migrations.py"),
}
"""Rooms, and single files that take longer than most."""

# A slow example on a busy machine is no failure.
hypothesis.settings.register_profile("italiano", deadline=None)
# Thousands of mutants meet the whole room: few examples, always the same, and none is made smaller.
hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=12,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.register_profile("long", deadline=None)
hypothesis.settings.load_profile("italiano")

FreshDatabaseUrl = Callable[[], Awaitable[str]]
FreshStack = Callable[..., Awaitable[PrivateStack]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--years", type=int, help="how many years tests/activities/test_random_year.py lives")


def pytest_collection() -> None:
    """All that is collected stays: to look through it for garbage takes a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """So that no process of a parallel run is left with a long file at the end."""
    items.sort(key=lambda item: LONGEST_FIRST.isdisjoint(item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def warm_python() -> Iterator[None]:
    """Processes of the product are forked from a Python that has imported it, where that is known to work."""
    with pytest.MonkeyPatch.context() as patch:
        if CAN_FORK:
            patch.setattr(ChildProcess, "_spawn", fork_what_is_ours(WARM_PYTHON))
        yield
    WARM_PYTHON.close()


@pytest.fixture(scope="session", autouse=True)
def engines_are_waited_for() -> Iterator[None]:
    """By what runs in this process: whoever is queued on purpose is not to be refused for its patience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("db.database.LOCK_TIMEOUT_MS", PATIENCE_MS)
        patch.setattr("db.database.POOL_WAIT_SECONDS", PATIENCE_MS / 1_000)
        patch.setattr("db.database.CONNECT_SECONDS", PATIENCE_MS // 1_000)
        patch.setattr("api.readiness.SLOWEST_CHECK_SECONDS", PATIENCE_MS / 1_000)
        patch.setattr("api.metrics.from_database.SLOWEST_SECONDS", PATIENCE_MS / 1_000)
        yield


@pytest.fixture(scope="session", autouse=True)
def loggers_are_never_kept() -> Iterator[None]:
    """One that is kept writes as it was configured first: a test that captures lines would see none of it."""
    configure = structlog.configure

    def configure_anew(**changes: Any) -> None:
        configure(**changes | {"cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configure_anew)
        yield


@pytest.fixture(autouse=True)
def nothing_is_bound_to_log_lines() -> None:
    """What a test in this process has bound would be in what the next one looks at."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("engine") / "postgres", options=FAST)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    server = EmbeddedTemporal(port=free_port(), log_file=tmp_path_factory.mktemp("engine") / "temporal.log")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def fresh_database_url(postgres: EmbeddedPostgres) -> FreshDatabaseUrl:
    """Makes one more migrated database, by copying one: the migrations run once."""
    await asyncio.to_thread(upgrade, await postgres.create_database(TEMPLATE))
    numbers = itertools.count(1)

    async def make() -> str:
        return await postgres.create_database(f"copy_{next(numbers)}", template=TEMPLATE)

    return make


@pytest.fixture(scope="session")
async def database_url(fresh_database_url: FreshDatabaseUrl) -> str:
    return await fresh_database_url()


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return settings_for(database_url)


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database.from_settings(settings)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def temporal(temporal_server: EmbeddedTemporal) -> Client:
    return await Client.connect(temporal_server.address)


@pytest.fixture(scope="session")
def absent_stripe(tmp_path_factory: pytest.TempPathFactory) -> LocalStripe:
    """Where a fake of Stripe would be: who needs it asks for `local_stripe`."""
    return LocalStripe(tmp_path_factory.mktemp("stripe"))


@pytest.fixture(scope="session")
async def local_stripe(absent_stripe: LocalStripe) -> AsyncIterator[LocalStripe]:
    """A stateful fake of Stripe that is not ours. It reports to nobody, until it is told to."""
    await absent_stripe.start()
    yield absent_stripe
    await absent_stripe.stop()


@pytest.fixture(scope="session")
async def stack(
    tmp_path_factory: pytest.TempPathFactory,
    database_url: str,
    temporal_server: EmbeddedTemporal,
    absent_stripe: LocalStripe,
) -> AsyncIterator[Stack]:
    """API and worker on the shared database. A test that stops one starts it again."""
    stack = Stack(
        tmp_path_factory.mktemp("stack"),
        database_url=database_url,
        temporal_address=temporal_server.address,
        environment=absent_stripe.environment | PATIENT,
    )
    try:
        await asyncio.gather(stack.start_psp(), stack.start_api(), stack.start_worker())
        yield stack
    finally:
        await stack.stop()


@pytest.fixture(scope="session")
async def http(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    """Fails at any answer that the API does not describe."""
    hooks = {"response": [check_answer]}
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks) as client:
        yield client


@pytest.fixture
async def student(http: httpx2.AsyncClient) -> Student:
    """Somebody nobody else uses, signed up and logged in."""
    return await Student.signup(http)


@pytest.fixture
async def admin(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    """An administrator nobody else uses, logged in."""
    return await hire(http, database, settings, "admin")


@pytest.fixture
async def support(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    """Somebody of support nobody else uses, logged in."""
    return await hire(http, database, settings, "support")


@pytest.fixture
async def receiver() -> AsyncIterator[EventReceiver]:
    """Somebody who is told of events, if an endpoint says so."""
    receiver = EventReceiver()
    await receiver.open()
    yield receiver
    await receiver.close()


@pytest.fixture
async def endpoint(admin: Student, receiver: EventReceiver) -> AsyncIterator[Endpoint]:
    """Tells `receiver` of everything."""
    endpoint = await Endpoint.make(admin, receiver.url)
    yield endpoint
    await admin.delete(endpoint.path)


@pytest.fixture
async def fresh_stack(tmp_path: Path) -> AsyncIterator[FreshStack]:
    """Makes a running stack with engines of its own; keywords are variables of its API and worker."""
    made: list[PrivateStack] = []

    async def make(**environment: str) -> PrivateStack:
        stack = PrivateStack(tmp_path / f"stack-{len(made)}", environment)
        made.append(stack)
        await stack.start()
        return stack

    yield make
    for stack in made:
        await stack.stop()


@pytest.fixture(scope="session")
def world(stack: Stack, http: httpx2.AsyncClient, temporal: Client, database: Database) -> World:
    return World(stack, http, temporal, database)
