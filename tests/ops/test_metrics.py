from prometheus_client import CollectorRegistry, generate_latest

from ops.metrics import HttpMetrics


def test_unknown_methods_share_one_series() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics(registry)

    for method in ("BREW", "get", "TRACE", "PROPFIND"):
        metrics.observe(method, "unmatched", 404, 0.001)

    lines = generate_latest(registry).decode().splitlines()
    assert 'http_requests_total{method="other",route="unmatched",status="404"} 4.0' in lines
    assert len([line for line in lines if line.startswith("http_requests") and "unmatched" in line]) == 1


def test_a_promised_route_can_fail_for_the_first_time_and_be_seen() -> None:
    registry = CollectorRegistry()
    HttpMetrics(registry)

    started = {"method": "POST", "route": "/subscriptions/start"}
    failures = [
        registry.get_sample_value("http_requests_total", started | {"status": status})
        for status in ("500", "503")
    ]
    assert failures == [0, 0]
    assert registry.get_sample_value("http_request_latency_seconds_count", started) == 0
