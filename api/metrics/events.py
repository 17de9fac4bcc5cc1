"""Outgoing events in `/metrics`: what waits to go out, and who is told of nothing."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.event_views import count_events


async def read_events(connection: Connection) -> Sequence[Metric]:
    counts = await count_events(connection)
    return (
        GaugeMetricFamily(
            "events_unpublished_seconds",
            "How long the oldest fact has waited to be published.",
            counts.unpublished_for.total_seconds(),
        ),
        GaugeMetricFamily(
            "event_deliveries_pending", "Events on their way to an endpoint.", counts.undelivered
        ),
        GaugeMetricFamily(
            "webhook_endpoints_disabled", "Endpoints that are told of nothing.", counts.endpoints_disabled
        ),
    )
