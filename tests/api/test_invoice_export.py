"""Staff take the invoices away as CSV."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message, Scope

from api.auth.tokens import AccessClaims, TokenIssuer
from api.routes import exports
from db.database import Database
from db.queries.invoice_export import COLUMNS
from tests.api.shell import shell_app
from tests.client import Student, refusal
from tests.conftest import FreshDatabaseUrl
from tests.db.sold import insert_subscriber
from tests.deadline import eventually
from tests.lives import Life
from tests.stack import JWT_SECRET, settings_for

EXPORT = "/admin/invoices/export.csv"
PARTS_READ = 3
MORE_THAN_THERE_ARE_CONNECTIONS = 12


async def rows(staff: Student, **params: str) -> list[dict[str, str]]:
    answer = await staff.get(EXPORT, **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_staff_get_the_paid_ones_by_default_as_their_owners_see_them(
    active: Life, unpaid: Life, admin: Student, support: Student
) -> None:
    [invoice] = (await active.student.get("/invoices")).json()["items"]
    for staff in (admin, support):
        [row] = [row for row in await rows(staff) if row["number"] == invoice["number"]]
        for column in ("status", "currency", "paid_at", "finalized_at", "period_start", "billing_reason"):
            assert row[column] == invoice[column]
        amounts = ("subtotal_cents", "discount_cents", "gift_cents", "balance_cents", "amount_due_cents")
        for column in (*amounts, "total_cents", "net_cents", "vat_cents", "vat_rate_bp", "subscription_id"):
            assert row[column] == str(invoice[column])
        assert row["buyer_email"] == active.student.email
        assert row["payment_id"] == str(active.payment_id)
        assert row["voided_at"] == ""


async def test_it_is_a_file_named_by_what_is_in_it(admin: Student) -> None:
    answer = await admin.get(EXPORT, status="void", to="2000-01-01")

    assert answer.headers["content-disposition"] == 'attachment; filename="invoices-void.csv"'
    assert answer.text == ",".join(COLUMNS) + "\r\n"


async def test_windows_that_follow_each_other_share_none_and_miss_none(active: Life, admin: Student) -> None:
    [invoice] = (await active.student.get("/invoices")).json()["items"]
    paid_at = invoice["paid_at"]

    def is_in(found: list[dict[str, str]]) -> bool:
        return invoice["number"] in {row["number"] for row in found}

    assert is_in(await rows(admin, **{"from": paid_at}))
    assert not is_in(await rows(admin, to=paid_at))
    assert not is_in(await rows(admin, **{"from": paid_at}, status="open"))


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"from": "yesterday"}, "from", "must be a date (2026-03-01) or an instant with its offset"),
        ({"to": ""}, "to", "must be a date"),
        ({"from": "2026-03-01T00:00:00"}, "from", "with its offset"),
        ({"from": "2026-03-01", "to": "2026-03-01"}, "query", "the end must be later than the start"),
        ({"status": "draft"}, "status", "Input should be 'open', 'paid', 'void' or 'uncollectible'"),
        ({"form": "2026-03-01"}, "form", "Extra inputs are not permitted"),
    ],
)
async def test_a_filter_that_is_none_is_told(
    support: Student, params: dict[str, str], field: str, message: str
) -> None:
    answer = await support.get(EXPORT, **params)

    assert refusal(answer) == (422, "validation_failed")
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert message in error["message"]


async def test_it_is_for_staff_only(bystander: Student) -> None:
    assert refusal(await bystander.get(EXPORT)) == (403, "forbidden")


def bearer() -> dict[str, str]:
    """Of an admin, for whom no account is looked up."""
    now = datetime.now(UTC)
    token = TokenIssuer((JWT_SECRET,), "HS256").issue_access(
        AccessClaims(1, "admin"), issued_at=now, expires_at=now + timedelta(minutes=5)
    )
    return {"Authorization": f"Bearer {token}"}


async def test_without_a_database_it_is_refused_and_not_begun(shell: httpx2.AsyncClient) -> None:
    assert refusal(await shell.get(EXPORT, headers=bearer())) == (503, "database_unavailable")


@pytest.fixture(scope="module")
async def app(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[FastAPI]:
    """In this process, over a database with more invoices than one part of a stream holds."""
    app = shell_app(settings_for(await fresh_database_url()))
    async with app.router.lifespan_context(app):
        database: Database = app.state.context.database
        async with database.transaction() as connection:
            user_id, subscription_id = await insert_subscriber(connection)
            await connection.execute(
                text(
                    "INSERT INTO invoices (subscription_id, user_id, billing_reason, status, currency,"
                    " total_cents, net_cents, vat_cents, vat_rate_bp, created_at, period_start, period_end)"
                    " SELECT :subscription, :user, 'subscription_cycle', 'draft', 'EUR', 0, 0, 0, 0, now(),"
                    " at, at + interval '1 day' FROM generate_series(timestamptz '1900-01-01', '1908-01-01',"
                    " '1 day') AS at"
                ),
                {"subscription": subscription_id, "user": user_id},
            )
            await connection.execute(
                text(
                    "INSERT INTO invoice_lines (invoice_id, position, kind, description,"
                    " period_start, period_end, amount_cents)"
                    " SELECT id, 1, 'plan', 'none', period_start, period_end, 0 FROM invoices"
                )
            )
            await connection.execute(
                text("UPDATE invoices SET status = 'open', number = id, finalized_at = period_start")
            )
        yield app


class Reader:
    """Takes an export as a server hands it on: reads two parts and no more, until it leaves."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.stopped = asyncio.Event()
        self.left = asyncio.Event()
        self.messages: list[Message] = []

    async def read(self) -> None:
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": EXPORT,
            "raw_path": EXPORT.encode(),
            "query_string": b"status=open",
            "headers": [(name.lower().encode(), value.encode()) for name, value in bearer().items()],
            "client": ("127.0.0.1", 1),
        }
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        if len(self.messages) == PARTS_READ:
            self.stopped.set()
            await asyncio.Event().wait()


async def all_are_given_back(app: FastAPI) -> None:
    """Other work of the application lends one now and then."""

    async def none_is_lent() -> bool:
        return app.state.context.database._engine.pool.checkedout() == 0  # type: ignore[no-any-return]

    await eventually(none_is_lent)


async def test_a_client_that_goes_away_gives_its_connection_back(app: FastAPI) -> None:
    for _ in range(MORE_THAN_THERE_ARE_CONNECTIONS):
        reader = Reader(app)
        reading = asyncio.create_task(reader.read())
        await reader.stopped.wait()
        reader.left.set()
        await reading
        assert len(reader.messages) == PARTS_READ
        await all_are_given_back(app)

    async def is_none_in_transaction() -> bool:
        async with app.state.context.database.read() as connection:
            in_transaction = text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            )
            return bool((await connection.execute(in_transaction)).scalar_one() == 0)

    await eventually(is_none_in_transaction)  # the relay of the API is, for a moment each second


async def test_only_so_many_are_made_at_once(app: FastAPI) -> None:
    first = [Reader(app) for _ in range(exports.EXPORTS_AT_ONCE)]
    one_more = Reader(app)
    async with asyncio.TaskGroup() as reading:
        for reader in first:
            reading.create_task(reader.read())
            await reader.stopped.wait()
        await one_more.read()
        for reader in first:
            reader.left.set()

    started, body = one_more.messages
    assert (started["status"], dict(started["headers"])[b"retry-after"]) == (429, b"30")
    assert b'"export_in_progress"' in body["body"]
    await all_are_given_back(app)
