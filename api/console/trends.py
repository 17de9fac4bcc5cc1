"""How it went, as plots: from the same reports as `italiano report`, kept for a minute.

They read all the books, so that however many look at the first page, one read a minute is all it costs.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog
from fastapi import Request

from api.console.plots import Plot, Series, stacked_bars
from api.console.wording import money
from db.database import Connection, Database, is_unavailable
from db.queries.growth_reports import DayOfRenewals, growth, renewals_due
from db.queries.recovery_reports import recovery
from domain.growth import MonthOfMrr, MonthOfSubscribers, months_of
from domain.recovery import MonthOfRecovery

MONTHS_BACK: Final = timedelta(days=335)
DAYS_AHEAD: Final = 30
FRESH_SECONDS: Final = 60.0
USUAL_CURRENCY: Final = "EUR"
"""What an empty plot is labelled with."""

log = structlog.get_logger(__name__)


class KeptTrends:
    def __init__(self) -> None:
        self._plots: list[Plot] | None = None
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def plots(self, database: Database) -> list[Plot] | None:
        """`None` when the books are too busy, or too many, to be read now: the rest of a page is not."""
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._plots = await _read(database)
                self._read_at = monotonic()
            return self._plots


def trends_of(request: Request) -> KeptTrends:
    """One for the life of the process."""
    state = request.app.state
    if not hasattr(state, "console_trends"):
        state.console_trends = KeptTrends()
    kept: KeptTrends = state.console_trends
    return kept


async def _read(database: Database) -> list[Plot] | None:
    try:
        async with database.read() as connection:
            return await read_plots(connection, datetime.now(UTC))
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("trends_not_read", error=type(error).__name__)
        return None


async def read_plots(connection: Connection, now: datetime) -> list[Plot]:
    """For each currency that anything was paid in."""
    start = (now - MONTHS_BACK).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    grown = await growth(connection, start, now)
    recovered = await recovery(connection, start, now)
    due = await renewals_due(connection, now, now + timedelta(days=DAYS_AHEAD))
    months = [month.start.date().replace(day=1) for month in months_of(start, now) if month.start]
    days = [now.date() + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    found = {row.currency for row in grown.mrr} | {row.currency for row in recovered}
    found |= {row.currency for row in due}
    return [
        plot
        for currency in sorted(found or {USUAL_CURRENCY})
        for plot in (
            _of_mrr(currency, [row for row in grown.mrr if row.currency == currency], months),
            _of_subscribers(currency, [row for row in grown.subscribers if row.currency == currency], months),
            _of_recovery(currency, [row for row in recovered if row.currency == currency], months),
            _of_renewals(currency, [row for row in due if row.currency == currency], days),
        )
    ]


def _of_mrr(currency: str, rows: Iterable[MonthOfMrr], months: Sequence[date]) -> Plot:
    by_month = {row.month: row for row in rows}
    kinds = (
        ("new", "up", "new_cents"),
        ("expansion", "up-more", "expansion_cents"),
        ("reactivation", "up-again", "reactivation_cents"),
        ("contraction", "down-less", "contraction_cents"),
        ("churn", "down", "churn_cents"),
    )
    series = [
        Series(name, kind, [getattr(by_month.get(month), field, 0) for month in months])
        for name, kind, field in kinds
    ]
    return _monthly(f"What is paid a month, and how it moved, {currency}", months, series, currency)


def _of_subscribers(currency: str, rows: Iterable[MonthOfSubscribers], months: Sequence[date]) -> Plot:
    by_month = {row.month: row for row in rows}
    series = [
        Series("started", "up", [getattr(by_month.get(month), "started", 0) for month in months]),
        Series("returned", "up-again", [getattr(by_month.get(month), "returned", 0) for month in months]),
        Series("ended", "down", [-getattr(by_month.get(month), "ended", 0) for month in months]),
    ]
    return _monthly(f"Subscribers who came and went, {currency}", months, series)


def _of_recovery(currency: str, rows: Iterable[MonthOfRecovery], months: Sequence[date]) -> Plot:
    by_month = {row.month: row for row in rows}
    kinds = (("recovered", "up"), ("open", "plain"), ("lost", "down"))
    series = [
        Series(name, kind, [getattr(by_month.get(month), name, 0) for month in months])
        for name, kind in kinds
    ]
    return _monthly(f"Renewals not paid in time, by what became of them, {currency}", months, series)


def _of_renewals(currency: str, rows: Iterable[DayOfRenewals], days: Sequence[date]) -> Plot:
    cents = {row.day: row.amount_due_cents for row in rows}
    return stacked_bars(
        f"Renewals due in the next {DAYS_AHEAD} days, {currency}",
        [f"{day:%Y-%m-%d}" for day in days],
        [Series("to be charged", "plain", [cents.get(day, 0) for day in days])],
        ticks=[f"{day:%-d %b}" for day in days],
        show=partial(money, currency=currency),
    )


def _monthly(
    title: str, months: Sequence[date], series: Sequence[Series], currency: str | None = None
) -> Plot:
    return stacked_bars(
        title,
        [f"{month:%B %Y}" for month in months],
        series,
        ticks=[f"{month:%b}" for month in months],
        show=partial(money, currency=currency) if currency else str,
    )
