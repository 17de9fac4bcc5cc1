"""The business in `/metrics`: payments by outcome, subscriptions by status, and how late we are with them."""

from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.business_metrics import BusinessCounts, count_business


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
        GaugeMetricFamily(
            "past_due_subscriptions",
            "Subscriptions whose renewal is dunned.",
            counts.by_status["past_due"],
        ),
        _by_status(counts),
        GaugeMetricFamily(
            "due_steps", "Steps of subscriptions whose date has come, not taken yet.", counts.due_steps
        ),
        GaugeMetricFamily(
            "due_steps_oldest_seconds", "How late the oldest of them is.", counts.oldest_due_seconds
        ),
    )


def _by_status(counts: BusinessCounts) -> GaugeMetricFamily:
    family = GaugeMetricFamily("subscriptions", "Subscriptions there are, by status.", labels=["status"])
    for status, count in counts.by_status.items():
        family.add_metric([status], count)
    return family
