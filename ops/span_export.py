"""Whether spans are recorded, and where they go: decided by OpenTelemetry's own `OTEL_*` variables.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` (or the one for traces alone) names a collector. The library comes
with the extra `tracing`; without it nothing is recorded, and everything else is as it was.
"""

import os
from collections.abc import Mapping
from typing import Protocol

import structlog

from ops import spans

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
GOODBYE_SECONDS = 2.0
"""How much longer an end may take for spans that are still here: a collector that is away gets no more."""

log = structlog.get_logger(__name__)


class Delivery(Protocol):
    def close(self, seconds: float) -> None: ...


_delivery: Delivery | None = None


def start_tracing(process: str) -> None:
    """Called once, as the process starts, after its logging; `process` is its name where none is set."""
    global _delivery
    if not is_wanted(os.environ):
        return
    protocol = _first(os.environ, PROTOCOLS) or PROTOCOL
    if protocol != PROTOCOL:
        log.warning("tracing_off", reason=f"traces are sent by {PROTOCOL} only", protocol=protocol)
        return
    try:
        from ops.span_delivery import open_delivery  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("opentelemetry"):
            raise
        log.warning("tracing_off", reason="the extra `tracing` is not installed")
        return
    try:
        recorder, _delivery = open_delivery(f"italiano-{process}")
    except ValueError as wrong:  # a variable of theirs makes no sense: no reason for billing not to start
        log.warning("tracing_off", reason=str(wrong))
        return
    spans.record_with(recorder)


def stop_tracing() -> None:
    """Sends what is still here, for a moment. Nothing is recorded from here on."""
    global _delivery
    spans.record_with(None)
    closing, _delivery = _delivery, None
    if closing is not None:
        closing.close(GOODBYE_SECONDS)


def is_wanted(environment: Mapping[str, str]) -> bool:
    is_disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    goes_nowhere = environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none"
    return bool(_first(environment, ENDPOINTS)) and not is_disabled and not goes_nowhere


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environment.get(name, "").strip())), "")
