"""Worker, Temporal or Postgres is away: a clear 503 or a promise kept later; nothing lost, nothing twice."""

import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from time import monotonic

import httpx2
import psutil
import pytest
from temporalio.client import Client

from db.database import Database
from tests.book import read_book
from tests.client import Student, send_webhook
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.faults.replica import replica_that_dies_at
from tests.stack import PrivateStack

SOON = "1"
HTTP_SECONDS = 60
STATEMENT_SECONDS = 1.0
ANSWERED_WITHIN_SECONDS = 10.0
"""When Postgres hangs: the statement's time, a margin and a new connection, on a busy machine."""


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateStack]:
    """With an API that soon gives up on a workflow. A test that stops something starts it again."""
    environment = {"BILLING_WORKFLOW_RPC_TIMEOUT_MS": "1000", "BILLING_ROUTINES_ENABLED": "true"}
    stack = PrivateStack(tmp_path_factory.mktemp("down"), environment)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()


@pytest.fixture
async def http(stack: PrivateStack) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS) as http:
        yield http


async def start(student: Student, key: str | None = None) -> httpx2.Response:
    """Asked again under its key, as an answer of 503 says: a busy machine may take longer than a second."""
    key = key or uuid.uuid4().hex

    async def answered() -> httpx2.Response:
        answer = await student.start("P30D", key)
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        return answer

    return await eventually(answered)


async def status_of(student: Student) -> str:
    status: str = (await student.get("/me/subscription")).json()["status"]
    return status


async def test_without_a_worker_a_start_is_503_and_finishes_by_itself(
    stack: PrivateStack, http: httpx2.AsyncClient
) -> None:
    student, key = await Student.signup(http), uuid.uuid4().hex
    await stack.stop_worker()

    away = await student.start("P30D", key)

    assert (away.status_code, away.json()["code"]) == (503, "workflow_engine_unavailable")
    assert away.headers["Retry-After"] == SOON
    await stack.start_worker()

    async def is_open() -> bool:
        return await status_of(student) == "incomplete"

    await eventually(is_open)
    again = await start(student, key)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len((await student.get("/invoices")).json()["items"]) == 1


async def test_a_webhook_is_taken_while_temporal_is_away_and_delivered_later(
    stack: PrivateStack, http: httpx2.AsyncClient
) -> None:
    student = await Student.signup(http)
    started = (await start(student)).json()
    log = stack.folder / "api.log"
    said_before = log.stat().st_size
    stack.kill_temporal()

    taken = await send_webhook(http, stack.webhook_secret, started["payment_id"])
    refused = await student.post(f"/subscriptions/{started['subscription_id']}/cancel")

    assert (taken.status_code, taken.json()) == (200, {"ok": True})
    assert (refused.status_code, refused.json()["code"]) == (503, "workflow_engine_unavailable")
    assert (await http.get("/readyz")).status_code == 503
    assert await status_of(student) == "incomplete"  # reads do not need Temporal

    async def is_told() -> bool:
        written = log.read_bytes()[said_before:].decode().splitlines()
        lines = [json.loads(line) for line in written if line.startswith("{")]  # not the SDK's own
        taken = {line["trace_id"] for line in lines if line["event"] == "payment_reported"}
        failed = {line["trace_id"] for line in lines if line["event"] == "report_not_delivered"}
        return failed == taken

    await eventually(is_told)
    await stack.start_temporal()

    async def is_active() -> bool:
        return await status_of(student) == "active"

    await eventually(is_active)


async def test_a_webhook_is_refused_while_postgres_is_away(
    stack: PrivateStack, http: httpx2.AsyncClient
) -> None:
    student = await Student.signup(http)
    payment_id = (await start(student)).json()["payment_id"]
    stack.kill_postgres()

    refused = await send_webhook(http, stack.webhook_secret, payment_id)
    unread = await student.get("/me/subscription")

    assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
    assert (unread.status_code, unread.headers["Retry-After"]) == (503, SOON)
    await stack.start_postgres()

    async def is_taken() -> bool:
        return (await send_webhook(http, stack.webhook_secret, payment_id)).status_code == 200

    await eventually(is_taken)

    async def is_active() -> bool:
        return await status_of(student) == "active"

    await eventually(is_active)


async def test_without_any_api_the_schedule_delivers_what_was_stored(
    stack: PrivateStack, http: httpx2.AsyncClient
) -> None:
    student = await Student.signup(http)
    started = (await start(student)).json()
    await stack.stop_api()
    async with replica_that_dies_at(stack, "webhook_stored") as replica:
        with pytest.raises(httpx2.TransportError):
            await send_webhook(replica.http, stack.webhook_secret, started["payment_id"])
    temporal = await Client.connect(stack.temporal_address)
    database = Database.from_settings(stack.settings)

    for _ in range(2):
        await temporal.get_schedule_handle("deliver-inbox").trigger()

    async def is_active() -> bool:
        book = await read_book(database, started["subscription_id"])
        return (book.status, book.reports) == ("active", ["applied"])

    await eventually(is_active)
    assert (await read_book(database, started["subscription_id"])).timeline == ["opened", "activated"]
    await database.close()
    await stack.start_api()


@contextlib.contextmanager
def frozen_postgres(stack: PrivateStack) -> Iterator[None]:
    """It takes connections and statements, and answers nothing, as a machine does that hangs."""
    server = psutil.Process(stack.postgres.process.pid)
    server.suspend()  # first: from now on there are no new ones
    processes = [*server.children(recursive=True), server]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


async def test_a_postgres_that_hangs_is_away_and_keeps_nobody_waiting(fresh_stack: FreshStack) -> None:
    statement_ms = str(int(STATEMENT_SECONDS * 1_000))
    stack = await fresh_stack(BILLING_DATABASE_STATEMENT_TIMEOUT_MS=statement_ms)
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS) as http:
        student = await eventually(lambda: Student.signup(http))
        payment_id = (await start(student)).json()["payment_id"]

        with frozen_postgres(stack):
            began_at = monotonic()
            refused = await send_webhook(http, stack.webhook_secret, payment_id)
            unread = await student.get("/me/subscription")
            readiness = await http.get("/readyz")
            metrics = await http.get("/metrics")
            assert monotonic() - began_at < 4 * ANSWERED_WITHIN_SECONDS

        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        assert (unread.status_code, unread.headers["Retry-After"]) == (503, SOON)
        assert (readiness.status_code, readiness.json()["checks"]["postgres"]) == (503, "unreachable")
        assert metrics.status_code == 200

        async def is_taken() -> bool:
            return (await send_webhook(http, stack.webhook_secret, payment_id)).status_code == 200

        await eventually(is_taken)

        async def is_active() -> bool:
            return await status_of(student) == "active"

        await eventually(is_active)
