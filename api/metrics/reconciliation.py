"""How reconciliation stands, in `/metrics`: what is open by rule, and how old the last look is."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.reconciliation import standing
from upkeep.reconciliation.rules import RULES


async def read_reconciliation(connection: Connection) -> Sequence[Metric]:
    """Before the first run there is no age: alert on its absence."""
    stands = await standing(connection)
    findings = GaugeMetricFamily(
        "reconciliation_findings", "What does not agree, as it was seen last.", labels=["rule"]
    )
    for rule in RULES:
        findings.add_metric([rule.name], stands.open_findings.get(rule.name, 0))
    failed = GaugeMetricFamily(
        "reconciliation_failed_rules",
        "Rules that the last finished run could not ask.",
        stands.failed_rules,
    )
    if stands.seconds_since_last_run is None:
        return findings, failed
    age = GaugeMetricFamily(
        "reconciliation_last_run_age_seconds",
        "How long ago the last run has finished.",
        stands.seconds_since_last_run,
    )
    return findings, failed, age
