"""How reconciliation stands, in `/metrics`: what is open by rule, and how old the last look is."""

import asyncio
from collections.abc import Iterator
from time import monotonic

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.business_metrics import FRESH_SECONDS, SLOWEST_SECONDS
from db.database import Database, is_unavailable
from db.queries.reconciliation import Standing, standing
from upkeep.reconciliation.rules import RULES

log = structlog.get_logger(__name__)


class ReconciliationMetrics(Collector):
    """Left out while Postgres is away; the age before the first run, too: alert on its absence."""

    def __init__(self) -> None:
        self._standing: Standing | None = None
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def refresh(self, database: Database) -> None:
        """Reads at most every few seconds, however many scrape."""
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._standing = await _read(database)
                self._read_at = monotonic()

    def collect(self) -> Iterator[Metric]:
        if self._standing is None:
            return
        findings = GaugeMetricFamily(
            "reconciliation_findings", "What does not agree, as it was seen last.", labels=["rule"]
        )
        for rule in RULES:
            findings.add_metric([rule.name], self._standing.open_findings.get(rule.name, 0))
        yield findings
        yield GaugeMetricFamily(
            "reconciliation_failed_rules",
            "Rules that the last finished run could not ask.",
            self._standing.failed_rules,
        )
        if self._standing.seconds_since_last_run is not None:
            yield GaugeMetricFamily(
                "reconciliation_last_run_age_seconds",
                "How long ago the last run has finished.",
                self._standing.seconds_since_last_run,
            )


async def _read(database: Database) -> Standing | None:
    try:
        async with asyncio.timeout(SLOWEST_SECONDS), database.read() as connection:
            return await standing(connection)
    except Exception as error:
        if not (isinstance(error, TimeoutError) or is_unavailable(error)):
            raise
        log.warning("reconciliation_metrics_left_out", error=type(error).__name__)
        return None
