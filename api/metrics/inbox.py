"""The webhook inbox in `/metrics`: how much waits, for how long, and what was parked for a person."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.inbox_counts import count_inbox


async def read_inbox(connection: Connection) -> Sequence[Metric]:
    counts = await count_inbox(connection)
    parked = GaugeMetricFamily(
        "webhook_inbox_parked", "Payment reports that were set aside, by reason.", labels=["reason"]
    )
    for reason, count in sorted(counts.parked.items()):
        parked.add_metric([reason], count)
    return (
        GaugeMetricFamily(
            "webhook_inbox_received", "Payment reports that have not had their effect yet.", counts.received
        ),
        GaugeMetricFamily(
            "webhook_inbox_oldest_seconds", "How long the oldest of them waits.", counts.oldest_seconds
        ),
        parked,
    )
