"""The business in `/metrics`: payments by outcome, who has access, who waits for an operator."""

from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.business_metrics import count_business


async def read_business(connection: Connection) -> Sequence[Metric]:
    counts = await count_business(connection)
    return (
        CounterMetricFamily("payments_succeeded", "Payments that succeeded.", counts.payments_succeeded),
        CounterMetricFamily("payments_failed", "Payments that failed.", counts.payments_failed),
        GaugeMetricFamily(
            "active_subscriptions", "Subscriptions that give access.", counts.active_subscriptions
        ),
        GaugeMetricFamily(
            "parked_subscriptions", "Subscriptions that wait for an operator.", counts.parked_subscriptions
        ),
    )
