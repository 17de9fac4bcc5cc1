"""The run's figures, as lines for people and as one object for programs."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli.bench.findings import CORES, Finding, bound_by, share_of_machine
from cli.bench.measured import Measured

LEAST_SHOWN_PERCENT = 3


def machine() -> dict[str, Any]:
    return {"cores": CORES, "python": platform.python_version(), "system": platform.platform()}


def heading() -> str:
    columns = f"{'clients':>8}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}"
    return f"{CORES} CPU cores{columns:>70}  CPU in % of a core; what bounds it"


def row_line(row: Measured) -> str:
    figures = f"{row.per_second:>9.1f}{row.percentile_ms(50):>9.1f}{row.percentile_ms(99):>9.1f}"
    percents = {name: 100 * seconds / row.seconds for name, seconds in row.busiest_first}
    shown = ", ".join(
        f"{name} {percent:.0f}" for name, percent in percents.items() if percent >= LEAST_SHOWN_PERCENT
    )
    return f"{row.what:<36}{row.clients:>8}{figures}{len(row.failures):>8}  {shown}; {bound_by(row)}"


def finding_line(finding: Finding) -> str:
    verdict = (
        ""
        if finding.target is None
        else f"   target {finding.target}: {'met' if finding.is_met else 'MISSED'}"
    )
    return f"{finding.what:<52}{finding.figure:>9.2f}{verdict}"


def as_object(measured: Sequence[Measured], found: Sequence[Finding]) -> dict[str, Any]:
    return {
        "machine": machine(),
        "measured": [row_object(row) for row in measured],
        "findings": [asdict(finding) for finding in found],
    }


def row_object(row: Measured) -> dict[str, Any]:
    return {
        "what": row.what,
        "clients": row.clients,
        "count": len(row.laps),
        "failures": list(row.failures),
        "seconds": round(row.seconds, 3),
        "per_second": round(row.per_second, 1),
        "p50_ms": round(row.percentile_ms(50), 2),
        "p99_ms": round(row.percentile_ms(99), 2),
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in row.busiest_first},
        "machine_busy": round(share_of_machine(row), 2),
        "bound_by": bound_by(row),
    }
