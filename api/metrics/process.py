"""The process itself in `/metrics`: its release, its pool of connections, and what it can reach."""

import asyncio
from collections.abc import Iterator, Mapping
from time import monotonic

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.context import Context
from api.readiness import OK, check_readiness
from ops.version import BUILD_INFO, VERSION

FRESH_SECONDS = 2.0


class ProcessMetrics(Collector):
    """Readiness as a number: what no probe has asked is looked at with each scrape."""

    def __init__(self) -> None:
        self._context: Context | None = None
        self._checks: Mapping[str, str] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def refresh(self, context: Context) -> None:
        """Asks at most every few seconds, however many scrape, and answers in time whatever is away."""
        async with self._reading:
            self._context = context
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._checks = await check_readiness(context)
                self._read_at = monotonic()

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(BUILD_INFO, "The release that runs here.", labels=["version"])
        build.add_metric([VERSION], 1)
        yield build
        up = GaugeMetricFamily(
            "dependency_up", "Whether what this process needs is there.", labels=["dependency"]
        )
        for dependency, state in self._checks.items():
            up.add_metric([dependency], state == OK)
        yield up
        if self._context is not None:
            pool = self._context.database.pool
            yield GaugeMetricFamily("database_pool_in_use", "Connections that are in use.", pool.in_use)
            yield GaugeMetricFamily("database_pool_size", "Connections that there can be.", pool.size)
