"""What the SDK tells: its metrics, on one port with our own, and its log, in lines like our own."""

import logging

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from ops.settings import Settings
from ops.version import BUILD_INFO, VERSION
from workflows.step_lag import LAG

LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAG_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)

BUCKETS = {
    "billing_activity": LATENCY_SECONDS,
    LAG: LAG_SECONDS,
    "temporal_workflow_task_schedule_to_start_latency": LATENCY_SECONDS,
    "temporal_activity_schedule_to_start_latency": LATENCY_SECONDS,
}
"""By the names that metrics have before their unit is added."""


LOG = LoggingConfig(
    filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
    forwarding=LogForwardingConfig(logging.getLogger("temporalio"), prepend_target_on_message=False),
)
"""Else its core writes to the console by itself, and not as JSON."""


def worker_runtime(settings: Settings) -> Runtime:
    """Metrics by Prometheus' naming rules, which the SDK keeps to only when it is told to."""
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LOG,
            metrics=PrometheusConfig(
                bind_address=f"{settings.worker_metrics_host}:{settings.worker_metrics_port}",
                counters_total_suffix=True,
                unit_suffix=True,
                durations_as_seconds=True,
                histogram_bucket_overrides=BUCKETS,
            ),
        )
    )


def tell_build(runtime: Runtime) -> None:
    runtime.metric_meter.create_gauge(BUILD_INFO, "The release that runs here").set(1, {"version": VERSION})
