"""The Prometheus series of an API process, in a registry of their own."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
UNMATCHED_ROUTE = "unmatched"
STATIC_ROUTE = "static"
REFUSED_ROUTE = "refused"
LATENCY_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)

PROMISED = ("POST", "/subscriptions/start")
"""What an objective is kept for: its series are there from the start, so that the first failure counts."""

# A second series for each counter, which nothing here reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one untyped


class HttpMetrics:
    """Requests by route template, never by address: no client can add a series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_requests_total",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._latency = Histogram(
            "http_request_latency_seconds",
            "Time from the request's head to the end of its answer.",
            ("method", "route"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        for status in (201, 500, 503):
            self._requests.labels(*PROMISED, status)
        self._latency.labels(*PROMISED)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        known_method = method if method in KNOWN_METHODS else OTHER_METHOD
        self._requests.labels(known_method, route, status).inc()
        self._latency.labels(known_method, route).observe(seconds)


class WebhookMetrics:
    """Webhooks of payment providers, by what they were answered with. A refused one proves no provider."""

    def __init__(self, registry: CollectorRegistry, providers: Iterable[str]) -> None:
        self._answered = Counter(
            "webhooks_total",
            "Webhooks of payment providers, answered.",
            ("provider", "answer"),
            registry=registry,
        )
        for provider in providers:
            self._answered.labels(provider, "stored")

    def count(self, provider: str, answer: str) -> None:
        self._answered.labels(provider, answer).inc()
