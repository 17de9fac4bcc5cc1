"""The webhook inbox in `/metrics`: how much waits, for how long, and what was parked for a person."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from db.queries.inbox_counts import InboxCounts


def inbox_families(counts: InboxCounts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "webhook_inbox_received", "Payment reports that have not had their effect yet.", counts.received
    )
    yield GaugeMetricFamily(
        "webhook_inbox_oldest_seconds", "How long the oldest of them waits.", counts.oldest_seconds
    )
    parked = GaugeMetricFamily(
        "webhook_inbox_parked", "Payment reports that were set aside, by reason.", labels=["reason"]
    )
    for reason, count in sorted(counts.parked.items()):
        parked.add_metric([reason], count)
    yield parked
