"""`italiano report mrr|churn|recovery|renewals`: how the business goes, month by month or day by day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cli.report import show, window_of
from db.database import Connection
from db.queries.growth_reports import DayOfRenewals, growth, renewals_due
from db.queries.recovery_reports import recovery
from domain.growth import MonthOfMrr, MonthOfSubscribers
from domain.recovery import MonthOfRecovery

MONTHS_BACK = timedelta(days=365)
DAYS_AHEAD = timedelta(days=30)


def report_mrr(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[MonthOfMrr]:
        return (await growth(connection, start, end)).mrr

    show(read, as_json=as_json)


def report_churn(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[MonthOfSubscribers]:
        return (await growth(connection, start, end)).subscribers

    show(read, as_json=as_json)


def report_recovery(since: str | None, until: str | None, *, as_json: bool) -> None:
    start, end = _span(since, until)

    async def read(connection: Connection) -> Sequence[MonthOfRecovery]:
        return await recovery(connection, start, end)

    show(read, as_json=as_json)


def report_renewals(*, as_json: bool) -> None:
    now = datetime.now(UTC)

    async def read(connection: Connection) -> Sequence[DayOfRenewals]:
        return await renewals_due(connection, now, now + DAYS_AHEAD)

    show(read, as_json=as_json)


def _span(since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """Until now, and from the first of a month a year before, unless something else is asked for."""
    end = window_of(None, until).end or datetime.now(UTC)
    first = (end - MONTHS_BACK).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = window_of(since, None).start or first
    window = window_of(start.isoformat(), end.isoformat())
    return window.start or start, window.end or end
