from prometheus_client import CollectorRegistry, generate_latest

from ops.metrics import HttpMetrics


def test_unknown_methods_share_one_series() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics(registry)

    for method in ("BREW", "get", "TRACE", "PROPFIND"):
        metrics.observe(method, "unmatched", 404, 0.001)

    lines = generate_latest(registry).decode().splitlines()
    assert 'http_requests_total{method="other",route="unmatched",status="404"} 4.0' in lines
    assert len([line for line in lines if line.startswith("http_requests")]) == 1
