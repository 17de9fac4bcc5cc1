"""The business counts in `/metrics`, read from Postgres: settling happens in the worker, not here."""

import asyncio
from collections.abc import Iterator
from time import monotonic

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from db.database import Database, is_unavailable
from db.queries.business_metrics import BusinessCounts, count_business
from db.queries.event_views import EventCounts, count_events

FRESH_SECONDS = 5.0
SLOWEST_SECONDS = 1.0

log = structlog.get_logger(__name__)


class BusinessMetrics(Collector):
    """Counts are left out, not repeated, while Postgres is away: a stale number looks like a calm day."""

    def __init__(self) -> None:
        self._counts: BusinessCounts | None = None
        self._events: EventCounts | None = None
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def refresh(self, database: Database) -> None:
        """Reads at most every few seconds, however many scrape."""
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._counts, self._events = await _read_counts(database) or (None, None)
                self._read_at = monotonic()

    def collect(self) -> Iterator[Metric]:
        if self._counts is None:
            return
        yield CounterMetricFamily(
            "payments_succeeded", "Payments that succeeded.", self._counts.payments_succeeded
        )
        yield CounterMetricFamily("payments_failed", "Payments that failed.", self._counts.payments_failed)
        yield GaugeMetricFamily(
            "active_subscriptions",
            "Subscriptions that give access.",
            self._counts.active_subscriptions,
        )
        yield GaugeMetricFamily(
            "parked_subscriptions",
            "Subscriptions that wait for an operator.",
            self._counts.parked_subscriptions,
        )
        if self._events is not None:
            yield from _of_events(self._events)


def _of_events(counts: EventCounts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "events_unpublished_seconds",
        "How long the oldest fact has waited to be published.",
        counts.unpublished_for.total_seconds(),
    )
    yield GaugeMetricFamily(
        "event_deliveries_pending", "Events on their way to an endpoint.", counts.undelivered
    )
    yield GaugeMetricFamily(
        "webhook_endpoints_disabled", "Endpoints that are told of nothing.", counts.endpoints_disabled
    )


async def _read_counts(database: Database) -> tuple[BusinessCounts, EventCounts] | None:
    try:
        async with asyncio.timeout(SLOWEST_SECONDS), database.read() as connection:
            return await count_business(connection), await count_events(connection)
    except Exception as error:
        if not (isinstance(error, TimeoutError) or is_unavailable(error)):
            raise
        log.warning("business_metrics_left_out", error=type(error).__name__)
        return None
