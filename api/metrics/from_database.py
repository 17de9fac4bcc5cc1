"""What `/metrics` reads from Postgres: most of it happens in the worker, not here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from api.metrics.business import read_business
from api.metrics.events import read_events
from api.metrics.inbox import read_inbox
from api.metrics.money import read_money
from api.metrics.reconciliation import read_reconciliation
from api.metrics.schema import read_schema
from db.database import Connection, Database, is_unavailable

FRESH_SECONDS = 2.0
SLOWEST_SECONDS = 3.0

Topic = Callable[[Connection], Awaitable[Sequence[Metric]]]
TOPICS: tuple[Topic, ...] = (
    read_business,
    read_money,
    read_inbox,
    read_events,
    read_reconciliation,
    read_schema,
)

log = structlog.get_logger(__name__)


class DatabaseMetrics(Collector):
    """Left out, not repeated, while Postgres is away: a stale number looks like a calm day."""

    def __init__(self) -> None:
        self._metrics: Sequence[Metric] = ()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def refresh(self, database: Database) -> None:
        """Reads at most every few seconds, however many scrape."""
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._metrics = await _read(database)
                self._read_at = monotonic()

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


async def _read(database: Database) -> Sequence[Metric]:
    try:
        async with asyncio.timeout(SLOWEST_SECONDS), database.read() as connection:
            return [metric for topic in TOPICS for metric in await topic(connection)]
    except Exception as error:
        if not (isinstance(error, TimeoutError) or is_unavailable(error)):
            raise
        log.warning("business_metrics_left_out", error=type(error).__name__)
        return ()
