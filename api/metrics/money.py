"""Money to look after in `/metrics`: payments that nobody knows the outcome of, and chargebacks."""

from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from db.database import Connection
from db.queries.money_metrics import count_money
from payments.providers import EVERY_NAME


async def read_money(connection: Connection) -> Sequence[Metric]:
    counts = await count_money(connection)
    chargebacks = CounterMetricFamily(
        "chargebacks", "Payments that a bank took back, by provider.", labels=["provider"]
    )
    for provider, count in (dict.fromkeys(EVERY_NAME, 0) | dict(counts.chargebacks)).items():
        chargebacks.add_metric([provider], count)
    return (
        GaugeMetricFamily(
            "payments_unknown", "Payments that were sent and not answered.", counts.unknown_payments
        ),
        GaugeMetricFamily(
            "payments_unknown_oldest_seconds",
            "How long ago the oldest of them was opened.",
            counts.oldest_unknown_seconds,
        ),
        chargebacks,
    )
