"""`italiano report mrr|churn|recovery|renewals`: how the business goes, month by month or day by day."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from cli.asking import ask_snapshot
from cli.growth_table import MRR, RECOVERY, SUBSCRIBERS, Column, Month, print_months
from cli.report import show, window_of
from cli.terminal import print_json
from db.database import Connection
from db.queries.growth_reports import DayOfRenewals, growth, renewals_due
from db.queries.recovery_reports import recovery

MONTHS_BACK = timedelta(days=365)
DAYS_AHEAD = timedelta(days=30)


def report_mrr(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[Month]:
        return (await growth(connection, start, end)).mrr

    _show(read, MRR, as_json=as_json)


def report_churn(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[Month]:
        return (await growth(connection, start, end)).subscribers

    _show(read, SUBSCRIBERS, as_json=as_json)


def report_recovery(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[Month]:
        return await recovery(connection, start, end)

    _show(read, RECOVERY, as_json=as_json)


def report_renewals(*, as_json: bool) -> None:
    now = datetime.now(UTC)

    async def read(connection: Connection) -> Sequence[DayOfRenewals]:
        return await renewals_due(connection, now, now + DAYS_AHEAD)

    show(read, as_json=as_json)


def _show(
    read: Callable[[Connection], Awaitable[Sequence[Month]]], columns: Sequence[Column], *, as_json: bool
) -> None:
    rows = ask_snapshot(read)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        print_months(rows, columns)


def _span(since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """Until now, and from the first of a month a year before, unless something else is asked for."""
    end = window_of(None, until).end or datetime.now(UTC)
    first = (end - MONTHS_BACK).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = window_of(since, None).start or first
    window_of(start.isoformat(), end.isoformat())  # refuses what is empty
    return start, end
