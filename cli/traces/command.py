"""`italiano trace-collector`, or a word where it cannot run."""

import sys


def run_trace_collector(host: str, port: int, quiet_seconds: float) -> None:
    try:
        from cli.traces.collector import collect  # noqa: PLC0415 - reads with the library of an optional extra
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("opentelemetry"):
            raise
        sys.exit("The extra `tracing` is not installed: pip install 'italiano-billing[tracing]'")
    collect(host, port, quiet_seconds)
